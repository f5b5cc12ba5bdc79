/** What the Deployment of a pool says of itself, for tools: its configuration, and the hold that it is under. Pure. */
import type { ModelConfig, PoolConfig } from "../../stacks/schema";

/** The configuration that its pods are made from: JSON of `{ pool, models }`; the cluster keeps it with each revision, which is so written back. */
export const poolAnnotation = "openshift-ai-platform/pool";

/** JSON of `{ revision, by, since, reason }`. */
export const holdAnnotation = "openshift-ai-platform/hold";

/** Fields of a held Deployment that stay as they are: its pods, and what they say they are made from. */
export const heldFields = ["spec.template", `metadata.annotations["${poolAnnotation}"]`] as const;

export function poolAnnotations(pool: PoolConfig, models: readonly ModelConfig[]): Record<string, string> {
  const { hold } = pool;
  return {
    [poolAnnotation]: JSON.stringify(copyOf({ pool, models }, ["pool.hold", "pool.rollout.prompts"])),
    // Argo CD then leaves the object as it is.
    ...(hold ? { [holdAnnotation]: JSON.stringify(hold), "argocd.argoproj.io/hook": "Skip" } : {}),
  };
}

/**
 * @param left paths that are left out: a hold is none of what a version is made from, nor are the prompts that it has to get right, which may be longer than all
 * annotations of an object may be (256 KiB)
 */
function copyOf(value: unknown, left: readonly string[], path = ""): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((one) => copyOf(one, left, path));
  const members = Object.entries(value).map(([name, member]) => [name, member, path === "" ? name : `${path}.${name}`] as const);
  return Object.fromEntries(members.filter(([, , here]) => !left.includes(here)).map(([name, member, here]) => [name, copyOf(member, left, here)]));
}

/** For people; undefined where nothing is held. */
export function holdWarning({ name, hold }: PoolConfig): string | undefined {
  if (hold === undefined) return undefined;
  return (
    `pool ${name} is held at revision ${hold.revision} by ${hold.by} since ${hold.since}: ${hold.reason}. ` +
    `Its pods stay as they are, whatever the configuration says of them. Release: aictl hold release ${name}, then run up again`
  );
}
