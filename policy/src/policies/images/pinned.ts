/** What runs is what was tested. */
import { imagesOf, parseImage } from "../../images";
import { podPolicy, problem, type Problem } from "../../policy";
import type { Settings } from "../../settings";
import type { View } from "../../values";
import { firstProblems } from "./problems";

export const imagePinned = podPolicy({
  number: 25,
  name: "image-pinned",
  title: "images name one version, in production by digest",
  why: "A tag can be moved: two replicas of the same Deployment may then run different programs, and nobody can tell which one was tested or scanned.",
  fix: "name the image by tag and digest: image:1.2.3@sha256:…; for images of images.lock that are unresolved, make images-lock finds the digest where registries answer, and make images-push puts those that no registry has into yours",
  group: "images",
  severity: "high",
  controls: { nsa: ["secure images"], nist: ["SI-7", "SR-4(3)"] },
  check: (pod, { settings }) => firstProblems(imagesOf(pod), (image) => pinned(image, settings)),
});

function pinned(image: View, { environment }: Settings): readonly Problem[] {
  const reference = parseImage(image.string("") ?? "");
  if (reference === undefined) return [problem(image, "", "must be an image's reference: registry/repository:tag@sha256:…, the repository in lower case")];
  if (reference.digest !== undefined) return [];
  if (reference.tag === undefined || reference.tag === "latest") return [problem(image, "", "must have a tag other than latest, or a digest")];
  return environment === "production"
    ? [problem(image, "", "must have a digest in production, it is unresolved: make images-lock finds it, or make images-push puts it into your registry")]
    : [];
}
