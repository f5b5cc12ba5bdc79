/** A small configuration as the schema reads it, without the checks of what contradicts or does not fit: for tests of those, and of what is planned from it. */
import { schema, type StackConfig } from "../../../stacks/schema";

/** Fields by name; what a test overrides. */
export type Fields = Readonly<Record<string, unknown>>;

export const tiny = "tiny:0.1m-v1.0-random";

/** @param fields in place of the default's; those of `cluster` are added to it */
export function stack({ cluster = {}, ...fields }: Fields & { readonly cluster?: Fields } = {}): StackConfig {
  return schema.parse({
    environment: "development",
    platform: "openshift",
    sizing: "small",
    cluster: { name: "development", context: "ai", apiServerAddresses: ["198.18.0.2/32"], ...cluster },
    models: [{ name: tiny, source: { kind: "image", image: "tiny-model" } }],
    ...servingOf({}),
    ...fields,
  });
}

/** Pools with some fields replaced: `stack(servingOf({ replicas: 2 }))`. */
export function servingOf(...pools: readonly Fields[]): Fields {
  return { serving: { pools: pools.map((pool, i) => ({ name: i === 0 ? "ollama" : `pool-${i}`, models: [tiny], ...pool })) } };
}
