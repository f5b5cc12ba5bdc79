/** Versions that never served users, as far as the cluster tells: an undo passes over them. */
import type { AnalysisRun } from "../kube/objects";
import { paths } from "../kube/paths";
import type { Client } from "../types";
import type { Pool, Version } from "./pool";

/** Reasons by the version's hash. Nothing is known of a pool that is not measured before its switch. */
export type Unserved = ReadonlyMap<string, string>;

export async function unservedOf(client: Client, pool: Pool): Promise<Unserved> {
  const { rollout, namespace, versions } = pool;
  if (!rollout?.spec.strategy?.blueGreen?.prePromotionAnalysis) return new Map();
  const runs = await client.list<AnalysisRun>(paths.analysisRuns(namespace));
  // The first version has nothing to be measured beside: it serves as soon as it is ready.
  const first = [...versions].sort((a, b) => made(a).localeCompare(made(b)) || a.revision - b.revision).at(0);
  const serves = (version: Version) => version.active || version.hash === rollout.status?.stableRS;
  return new Map(
    versions.flatMap((version) => {
      const reason = serves(version) ? undefined : reasonOf(version, runs, version === first);
      return reason === undefined ? [] : [[version.hash, reason]];
    }),
  );
}

function reasonOf({ hash }: Version, runs: readonly AnalysisRun[], first: boolean): string | undefined {
  const own = runs.filter(({ metadata }) => metadata.labels?.["rollouts-pod-template-hash"] === hash);
  const last = own.sort((a, b) => created(a.metadata).localeCompare(created(b.metadata))).at(-1);
  if (last === undefined) return first ? undefined : "was never ready to be measured";
  const { phase = "Pending" } = last.status ?? {};
  return phase === "Successful" ? undefined : `${last.metadata.name}: ${phase}`;
}

function made({ set }: Version): string {
  return created(set.metadata);
}

function created({ creationTimestamp = "" }: { readonly creationTimestamp?: string }): string {
  return creationTimestamp;
}
