/** Images come from where they are looked after. */
import { imagesOf, nameOf, parseImage } from "../../images";
import { podPolicy, problem } from "../../policy";
import type { Settings } from "../../settings";
import { firstProblems } from "./problems";

/** Where OpenShift keeps what it builds itself. */
export const internalRegistry = "image-registry.openshift-image-registry.svc:5000";

export const imageRegistry = podPolicy({
  number: 26,
  name: "image-registry",
  title: "images come from an allowed registry",
  why: "From any other registry anybody's program can be run, and no scan or mirror sees it.",
  fix: "take the image from an allowed registry, or add its registry to the setting registries",
  group: "images",
  severity: "high",
  controls: { cis: ["5.5.1"], nsa: ["secure images"], nist: ["CM-7(5)"] },
  check: (pod, { settings }) => {
    const allowed = registriesOf(settings);
    return firstProblems(imagesOf(pod), (image) => {
      const reference = parseImage(image.string("") ?? "");
      if (reference === undefined) return [problem(image, "", "must be an image's reference: registry/repository:tag@sha256:…, the repository in lower case")];
      const name = nameOf(reference);
      const from = allowed.some((registry) => name === registry || name.startsWith(`${registry}/`));
      return from ? [] : [problem(image, "", `must come from ${allowed.join(", ")}, not from ${reference.host}`)];
    });
  },
});

/** Registries, or beginnings of repositories, without a slash at the end. */
export function registriesOf({ registries, platform }: Settings): readonly string[] {
  return [...registries.map((registry) => registry.replace(/\/$/, "")), ...(platform === "openshift" ? [internalRegistry] : [])];
}
