/** kubeconform over manifests, with schemas of a cluster. A kind without a schema is an error: nothing is skipped, nothing is downloaded. */
import { exec } from "../lib/exec";
import { schemaLocation } from ".";

/** What is wrong with one object. */
export interface Invalid {
  readonly file: string;
  /** `Deployment ai-development/ollama` without the namespace, which kubeconform does not tell: `Deployment ollama`. */
  readonly object: string;
  readonly message: string;
}

export interface Conformance {
  readonly valid: number;
  readonly skipped: number;
  readonly invalid: readonly Invalid[];
}

interface Output {
  readonly resources: readonly { readonly filename: string; readonly kind: string; readonly name: string; readonly status: string; readonly msg: string }[];
  readonly summary: { readonly valid: number; readonly invalid: number; readonly errors: number; readonly skipped: number };
}

/**
 * @param program kubeconform
 * @param schemas folder that writeSchemas made
 * @param paths manifests, or folders of them
 * @throws Error when kubeconform itself fails, or finds no object at all
 */
export async function kubeconform(program: string, schemas: string, paths: readonly string[]): Promise<Conformance> {
  const args = ["-strict", "-summary", "-output", "json", "-schema-location", schemaLocation(schemas), ...paths];
  const { stdout, stderr } = await exec(program, args, { allowFailure: true });
  let output: Output;
  try {
    output = JSON.parse(stdout) as Output;
  } catch (cause) {
    throw new Error(`kubeconform: ${(stderr || stdout).trim()}`, { cause });
  }
  const { valid, invalid, errors, skipped } = output.summary;
  if (valid + invalid + errors + skipped === 0) throw new Error(`kubeconform: no object in ${paths.join(", ")}`);
  return {
    valid,
    skipped,
    invalid: output.resources
      .filter(({ status }) => status !== "statusValid" && status !== "statusSkipped")
      .map(({ filename, kind, name, msg }) => ({ file: filename, object: `${kind} ${name}`.trim(), message: msg })),
  };
}
