/** A small valid configuration, as Pulumi passes it, and what it becomes. */
import { loadConfig } from "../../../stacks/load";
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
      .map(([name, value]) => [`openshift-ai-platform:${name}`, typeof value === "string" ? value : JSON.stringify(value)]),
  );
}

/** One pool with some fields replaced. */
export function pools(...fields: readonly Fields[]): Fields {
  return { serving: { pools: fields.map((pool) => ({ name: "ollama", models: [tiny], ...pool })) } };
}

export function config(fields: Fields = {}): StackConfig {
  return loadConfig(entries(fields), "Pulumi.dev.yaml", images);
}

/** References as a cluster's lock gives them. */
export function reference(name: string): string {
  return `registry.example.com/${name}:1.0@${digest}`;
}
