/** A small valid configuration, as Pulumi passes it, and what it becomes. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { ConfigError, loadConfig, namespace } from "../../../stacks/load";
import type { Problem } from "../../../stacks/problems";
import type { StackConfig } from "../../../stacks/schema";

export const tiny = "tiny:0.1m-v1.0-random";
export const images = ["ollama", "tiny-model"] as const;
export const digest = `sha256:${"a".repeat(64)}`;

/** Fields by name; what a test overrides. */
export type Fields = Readonly<Record<string, unknown>>;

const base: Fields = {
  environment: "development",
  platform: "openshift",
  sizing: "small",
  cluster: { name: "development", context: "ai", kubeconfig: "/clusters/dev/kubeconfig", apiServerAddresses: ["198.18.0.2/32"] },
  models: [{ name: tiny, source: { kind: "image", image: "tiny-model", path: "/models/tiny" } }],
  serving: { pools: [{ name: "ollama", models: [tiny] }] },
};

/** The entries with some fields replaced; `undefined` takes a field away. */
export function entries(fields: Fields = {}): Record<string, string> {
  return Object.fromEntries(
    Object.entries({ ...base, ...fields })
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [`${namespace}:${name}`, typeof value === "string" ? value : JSON.stringify(value)]),
  );
}

/** One pool with some fields replaced. */
export function pools(...fields: readonly Fields[]): Fields {
  return { serving: { pools: fields.map((pool) => ({ name: "ollama", models: [tiny], ...pool })) } };
}

/** The cluster with some fields replaced. */
export function cluster(fields: Fields): Fields {
  return { cluster: { ...(base.cluster as Fields), ...fields } };
}

/** Stands for what `pulumi config set --secret` encrypted. */
export const secretKeys = [`${namespace}:registryCredentials`] as const;

export function config(fields: Fields = {}): StackConfig {
  return loadConfig(entries(fields), "Pulumi.dev.yaml", images, secretKeys);
}

/** The problems of a configuration; none: it is fine. @param secrets full keys of encrypted entries */
export function problems(fields: Fields, secrets: readonly string[] = secretKeys): readonly Problem[] {
  try {
    loadConfig(entries(fields), "Pulumi.dev.yaml", images, secrets);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

export const stacks = ["dev", "staging", "production"] as const;

/** What stands in a tracked stack file, by names without our namespace. */
export function stackFile(stack: (typeof stacks)[number]): Fields {
  const { config: written } = parse(readFileSync(join(__dirname, "../../..", `Pulumi.${stack}.yaml`), "utf8")) as { config: Fields };
  return Object.fromEntries(Object.entries(written).map(([key, value]) => [key.slice(namespace.length + 1), value]));
}

/** References as a cluster's lock gives them. */
export function reference(name: string): string {
  return `registry.example.com/${name}:1.0@${digest}`;
}
