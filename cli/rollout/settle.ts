/** Waits until a pool's rollout has come to its end, and says why where that is none to be glad of. */
import { failed } from "../errors";
import type { AnalysisRun, Pod, ReplicaSet, Rollout } from "../kube/objects";
import { paths, replicasOf } from "../kube/paths";
import type { Run } from "../types";
import { waitFor } from "../wait";
import { readPool, versionName, type Pool } from "./pool";
import { podProblems, reasonsOf, squeeze } from "./state";

export interface Settle {
  readonly namespace: string;
  readonly pool: string;
  /** Hash of the version that has to serve; undefined: whichever is wanted. */
  readonly hash?: string;
  /** Goes on by itself where somebody would have to promote. @default ends there */
  readonly onAwaits?: (pool: Pool) => Promise<void>;
  /** Called once, when the controller has seen the version. */
  readonly onSeen?: (pool: Pool) => Promise<void>;
}

/** @throws UserError FAILED when the version is given up or can't be measured; TIMEOUT */
export async function settle(run: Run, { namespace, pool: name, hash, onAwaits, onSeen }: Settle): Promise<Pool> {
  const { deps, settings } = run;
  const client = run.client();
  let seen = false;
  /** Pods that the Rollout had before it was squeezed. */
  let before: number | undefined;
  const replicas = (count: number) => client.patch(paths.rollout(namespace, name), { type: "merge", body: { spec: { replicas: count } } }, false);
  const fix = `aictl rollout status ${name} shows where it stands; what serves goes on serving`;
  const look = async () => {
    const pool = await readPool(client, namespace, name);
    const { rollout, verdict } = pool;
    if (hash !== undefined && !isAt(pool, hash)) return { doing: "waits for the controller to see it" };
    if (!seen) {
      seen = true;
      await onSeen?.(pool);
      if (onSeen) return { doing: "starts" };
    }
    if (rollout) {
      const sets = pool.versions.map(({ set }) => set);
      const fewer = squeeze(scaledUp(rollout), sets, await podsOf(run, pool));
      if (fewer !== undefined && rollout.spec.replicas !== undefined && !(await isScaled(run, pool))) {
        before ??= rollout.spec.replicas;
        deps.terminal.note(`  no room for ${rollout.spec.replicas} new pods beside the old ones: ${fewer} of each until the switch`);
        await replicas(fewer);
      }
    }
    switch (verdict.state) {
      case "wait":
        return { doing: verdict.text };
      case "awaits":
        if (!onAwaits) return { done: pool };
        await onAwaits(pool);
        return { doing: "is promoted" };
      case "serves":
      case "held":
        return { done: pool };
      case "given-up":
      case "undecided":
        throw failed([`pool ${name}: ${verdict.text}`, ...(await reasons(run, pool)).map((line) => `  ${line}`)].join("\n"), fix);
    }
  };
  try {
    return await waitFor(deps, `pool ${name}`, settings.timeoutMs, fix, look);
  } finally {
    if (before !== undefined) {
      deps.terminal.note(`  back to ${before} pods`);
      await replicas(before);
    }
  }
}

/** A full promotion scales up at once, without the mark that is set after an analysis. */
function scaledUp(rollout: Rollout): Rollout {
  const { status } = rollout;
  return status?.promoteFull ? { ...rollout, status: { ...status, blueGreen: { ...status.blueGreen, scaleUpPreviewCheckPoint: true } } } : rollout;
}

/** Whether the controller acts on the version. */
function isAt({ rollout, versions }: Pool, hash: string): boolean {
  if (rollout) return rollout.status?.currentPodHash === hash;
  return versions.some((version) => version.hash === hash && version.wanted);
}

/** An autoscaler would scale it back. */
async function isScaled({ client }: Run, { namespace, name }: Pool): Promise<boolean> {
  const scalers = await client().list<{ spec: { scaleTargetRef: { name: string } } }>(`/apis/autoscaling/v2/namespaces/${namespace}/horizontalpodautoscalers`);
  return scalers.some(({ spec }) => spec.scaleTargetRef.name === name);
}

/** Pods of the version that is wanted. */
async function podsOf({ client }: Run, { namespace, name, rollout }: Pool): Promise<readonly Pod[]> {
  const hash = rollout?.status?.currentPodHash;
  return client().list<Pod>(paths.pods(namespace, `${replicasOf(name)}${hash === undefined ? "" : `,rollouts-pod-template-hash=${hash}`}`));
}

/** What analyses found and what keeps pods from being ready. */
export async function reasons(run: Run, pool: Pool): Promise<readonly string[]> {
  const { prePromotionAnalysisRunStatus: pre, postPromotionAnalysisRunStatus: post } = pool.rollout?.status?.blueGreen ?? {};
  const lines: string[] = [];
  for (const one of [pre, post]) {
    if (one === undefined) continue;
    const analysis = await run.client().get<AnalysisRun>(`${paths.analysisRuns(pool.namespace)}/${one.name}`);
    if (!analysis) continue;
    const said = await lastWords(run, pool.namespace, analysis);
    lines.push(...reasonsOf(analysis, (job) => said.get(job)).map((line) => `${one.name}: ${line}`));
  }
  return [...lines, ...podProblems(await podsOf(run, pool))];
}

/** What the pods of an analysis' Jobs said when they ended, by Job. */
async function lastWords({ client }: Run, namespace: string, { status }: AnalysisRun): Promise<ReadonlyMap<string, string>> {
  const jobs = (status?.metricResults ?? []).flatMap(({ measurements = [] }) => measurements.at(-1)?.metadata?.["job-name"] ?? []);
  const words = new Map<string, string>();
  for (const job of jobs) {
    const pods = await client().list<Pod>(paths.pods(namespace, `batch.kubernetes.io/job-name=${job}`));
    const last = pods.flatMap((pod) => pod.status.containerStatuses?.[0]?.state?.terminated?.message?.trim() ?? []).at(-1);
    if (last !== undefined) words.set(job, last);
  }
  return words;
}

/** `revision 3 (6d4c8f9b75): 2 of 2 pods ready` */
export function servedBy({ versions }: Pool): string {
  const ready = (set: ReplicaSet) => `${set.status?.readyReplicas ?? 0} of ${set.spec.replicas ?? 0} pods ready`;
  return (
    versions
      .filter(({ active }) => active)
      .map((version) => `${versionName(version)}: ${ready(version.set)}`)
      .join(", ") || "nothing"
  );
}
