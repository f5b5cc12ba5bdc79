/** Kinds of values that several parts of the configuration have. */
import { z } from "zod";
import { isModelName, modelNameForm } from "../modelNames";

/**
 * Text of a form. Editors show `form` for a text that does not fit, under the name that they know; error messages and docs read it too.
 * @param form in words, beginning with a small letter
 */
export function text(pattern: RegExp, form: string, example: string, ...more: readonly string[]) {
  return z
    .string()
    .regex(pattern, form)
    .meta({ patternErrorMessage: form, examples: [example, ...more] });
}

/** A whole number, both ends included. */
export function whole(min: number, max: number, example: number) {
  return z
    .int()
    .min(min)
    .max(max)
    .meta({ examples: [example] });
}

/** A DNS label, as namespaces, Services and the like are named. */
export const dnsLabel = text(
  /^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$/,
  "lower-case letters, digits and hyphens, at most 40, beginning with a letter and not ending with a hyphen",
  "ollama",
);

/** A name of an object of the cluster that is not ours, such as a StorageClass or a Secret. */
export const objectName = text(
  /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/,
  "the name of an object: lower-case letters, digits, hyphens and dots, at most 253",
  "ocs-storagecluster-cephfs",
);

export const bytes = text(/^[1-9][0-9]*(Mi|Gi|Ti)$/, "a quantity of bytes: a whole number with Mi, Gi or Ti", "128Gi");

export const cpu = text(
  /^([1-9][0-9]*m?|(?!0+\.0+$)(0|[1-9][0-9]*)\.[0-9]{1,3})$/,
  "a quantity of CPU in quotes: cores such as 16, or thousandths such as 1600m",
  "16",
  "1600m",
);

export const gpus = whole(0, 10_000, 4);

const cidrForm = "a range of addresses with its prefix length, such as 10.0.0.0/8 or 10.0.0.10/32";
export const cidr = z.union([z.cidrv4(), z.cidrv6()], cidrForm).meta({ patternErrorMessage: cidrForm, examples: ["10.0.0.10/32"] });

export const path = text(/^(\/[A-Za-z0-9._-]+)+$/, "an absolute path without a slash at the end", "/export/ai");

/** A group of people, as the cluster's authenticator names it. Never a person. */
export const group = text(
  /^(?!system:)[^\s,]{1,253}$/,
  "the name of a group, without spaces and commas, and none of the cluster's own (system:…)",
  "ai-developers",
);

const labelKey = "a label's key: at most 63 letters, digits, -, _ and ., with a domain and a slash in front of it if it has one";
const labelValueForm = "a label's value: at most 63 letters, digits, -, _ and .; in quotes where it looks like a number or true";

/** Value of a label, not empty. */
export const labelValue = text(/^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/, labelValueForm, "A100");

/** The types of key and value are not in the JSON schema's examples, so each field has its own. */
export const labels = z
  .record(
    z.string().regex(/^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/, labelKey),
    text(/^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$/, labelValueForm, "A100").describe("value of the label"),
  )
  .meta({ examples: [{ "nvidia.com/gpu.present": "true" }] });

/** Labels where none would mean nothing, or all. */
export const someLabels = labels.refine((all) => Object.keys(all).length > 0, "at least one label");

/** `{model}:{size}-{version}-{variant}`: the platform's own name of a model. */
export const modelName = z
  .string()
  .refine(isModelName, modelNameForm)
  .meta({ patternErrorMessage: modelNameForm, examples: ["codellama:7b-v1.0-base"] });

/** The name of a model at its source, with the host of a registry in front of it where it comes from a mirror. */
export const upstreamName = text(
  /^([a-z0-9.-]+(:[0-9]+)?\/[a-zA-Z0-9_-]+\/|[a-zA-Z0-9_-]+\/)?[a-zA-Z0-9_][a-zA-Z0-9._-]*:[a-zA-Z0-9_][a-zA-Z0-9._-]*$/,
  "a name that Ollama can pull, with its tag",
  "codellama:7b-code",
  "models.example.com/library/codellama:7b-code",
);

export const sha256 = text(/^sha256:[0-9a-f]{64}$/, "sha256: and 64 hexadecimal digits", `sha256:${"0".repeat(64)}`);

export const goDuration = text(/^(-1|([1-9][0-9]*[hms])+)$/, "a duration such as 24h, 90m or 30s; -1 for ever", "24h");
