/** Models, as objects say them: annotations of what loads or serves one. */
import type { View } from "./values";

const prefix = "openshift-ai-platform/model";

/** Annotations of an object that is for one model. */
export const modelAnnotation = {
  /** The platform's name: `codellama:7b-v1.0-base`. */
  name: prefix,
  /** Where it comes from: a model of a registry, or an image, with its digest. */
  source: `${prefix}-source`,
  /** SPDX identifier, or the catalogue's name. */
  licence: `${prefix}-licence`,
  /** Digest of the source that was approved, after it was verified. */
  approved: `${prefix}-approved`,
  /** Who approved it. */
  approvedBy: `${prefix}-approved-by`,
} as const;

const number = "(?:0|[1-9][0-9]*)";
const words = "[a-z0-9]+(?:[._-][a-z0-9]+)*";
/** As the platform's configuration has it (stacks/modelNames.ts); a test holds the two together. */
export const modelNameForm = new RegExp(
  `^(${words}):(${number}(?:\\.[0-9]+)?(?:x${number}(?:\\.[0-9]+)?)?[kmbt])-(v${number}\\.${number}(?:\\.${number})?)-(${words})$`,
);
const longest = { tag: 80, part: 63 } as const;

/** Whether a name is of the form {model}:{size}-{version}-{variant}, with parts that labels and servers take. */
export function isModelName(name: string): boolean {
  const [, ...parts] = modelNameForm.exec(name) ?? [];
  return parts.length > 0 && parts.every((part) => part.length <= longest.part) && name.length - name.indexOf(":") - 1 <= longest.tag;
}

/** An annotation of an object. */
export function annotationOf(object: View, key: string): View {
  return object.view("metadata.annotations").at(key);
}

/** Whether an object is for a model. @throws NotDecided where its annotations are unknown */
export function isForModel(object: View): boolean {
  return annotationOf(object, modelAnnotation.name).value !== undefined || annotationOf(object, modelAnnotation.source).value !== undefined;
}

/** Digest of a reference: `…@sha256:…`; undefined where it has none. */
export function digestOf(reference: string): string | undefined {
  return /@(sha256:[0-9a-f]{64})$/.exec(reference)?.[1];
}
