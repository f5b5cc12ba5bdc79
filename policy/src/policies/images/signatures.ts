/** What runs in production was signed, and something checks that. */
import { imagesOf, nameOf, parseImage } from "../../images";
import { podsOf } from "../../pods";
import { problem, stackPolicy } from "../../policy";
import { firstProblems } from "./problems";
import { verifies } from "./verifiers";

export const imageSignatures = stackPolicy({
  number: 27,
  name: "image-signatures",
  title: "a policy that verifies signatures covers each image that production runs",
  why: "Without it, whoever can write to a registry, or to a mirror in between, decides what runs.",
  fix: "add the image to a ClusterImagePolicy or ImagePolicy of OpenShift, a ClusterImagePolicy of sigstore's policy-controller, or a policy of Kyverno that enforces",
  group: "images",
  severity: "high",
  controls: { cis: ["5.5.1"], nist: ["SI-7(15)"] },
  layer: "pipelines",
  subjects: (stack, { settings }) => (settings.environment === "production" ? stack.objects.filter((object) => podsOf(object).length > 0) : []),
  check: (subject, view, stack) =>
    firstProblems(
      podsOf(subject, view.trace).flatMap((pod) => imagesOf(pod)),
      (image) => {
        const reference = parseImage(image.string("") ?? "");
        if (reference !== undefined && verifies(stack, subject.namespace, nameOf(reference))) return [];
        return [problem(image, "", "must be covered by a policy that verifies its signature")];
      },
    ),
});
