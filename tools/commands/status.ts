/** What runs on an embedded cluster, and what does not and why. */
import { setTimeout as sleep } from "node:timers/promises";
import { partOf } from "../../components/common/labels";
import type { Cluster } from "../cluster";
import { bold, green, red, say, yellow } from "../lib/progress";
import { chosen, runningCluster } from "./settings";

interface Meta {
  readonly name: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
}
interface Condition {
  readonly type: string;
  readonly status: string;
  readonly message?: string;
}
interface Node {
  readonly metadata: Meta;
  readonly status: {
    readonly conditions?: readonly Condition[];
    readonly allocatable?: Readonly<Record<string, string>>;
    readonly nodeInfo?: { readonly kubeletVersion: string };
  };
}
interface ContainerState {
  readonly waiting?: { readonly reason?: string; readonly message?: string };
  readonly terminated?: { readonly reason?: string; readonly message?: string; readonly exitCode?: number };
}
interface ContainerStatus {
  readonly name: string;
  readonly restartCount: number;
  readonly state?: ContainerState;
  readonly lastState?: ContainerState;
}
interface Quota {
  readonly metadata: Meta;
  readonly status?: { readonly hard?: Readonly<Record<string, string>>; readonly used?: Readonly<Record<string, string>> };
}
interface Pod {
  readonly metadata: Meta;
  readonly status: {
    readonly phase: string;
    readonly conditions?: readonly Condition[];
    readonly initContainerStatuses?: readonly ContainerStatus[];
    readonly containerStatuses?: readonly ContainerStatus[];
  };
}

export async function status(): Promise<number> {
  return showStatus(runningCluster());
}

/** Prints nodes and pods. @returns 1 when a pod of the platform or a node is not ready */
export async function showStatus(cluster: Cluster): Promise<number> {
  const nodes = await list<Node>(cluster, ["nodes"]);
  const pods = await livePods(cluster);
  say(bold(`cluster ${cluster.name}`) + ` (${[cluster.platform, cluster.flavor, ...addonsOf(cluster)].join(", ")}), context ${cluster.context}`);
  let bad = 0;
  for (const { metadata, status } of nodes) {
    const ready = isTrue(status.conditions, "Ready");
    bad += ready ? 0 : 1;
    const gpus = status.allocatable?.["nvidia.com/gpu"] ?? "0";
    say(`  ${mark(ready)} node ${metadata.name}: Kubernetes ${status.nodeInfo?.kubeletVersion ?? "?"}, ${gpus} GPU${gpus === "1" ? "" : "s"}`);
  }
  for (const pod of pods) {
    const fine = isFine(pod);
    bad += fine ? 0 : 1;
    const restarts = pod.status.containerStatuses?.reduce((sum, one) => sum + one.restartCount, 0) ?? 0;
    say(
      `  ${mark(fine)} ${pod.metadata.namespace ?? ""}/${pod.metadata.name}: ${fine ? pod.status.phase : why(pod)}${restarts > 0 ? yellow(`, ${restarts} restarts`) : ""}`,
    );
  }
  for (const line of quotaLines(await list<Quota>(cluster, ["resourcequotas", "-A", "-l", `app.kubernetes.io/part-of=${partOf}`]))) say(`  ${line}`);
  const vars = chosen();
  const next = [
    ...(cluster.flavor === "real" ? [`make ask${vars} PROMPT=hello`, `make open${vars}`] : []),
    `make kubectl${vars} ARGS="get pods -A"`,
    "make down",
  ];
  say(bad === 0 ? `\n  ${next.join(" · ")}` : red(`\n  ${bad} not ready`));
  return bad === 0 ? 0 : 1;
}

/** `add-ons monitoring, rollouts`; nothing where there are none. */
export function addonsOf({ addons }: Pick<Cluster, "addons">): readonly string[] {
  return addons.length === 0 ? [] : [`add-on${addons.length === 1 ? "" : "s"} ${addons.join(", ")}`];
}

/** What a quota counts, in words; the GPUs' resource has the name of their kind. */
const counted: readonly (readonly [RegExp, string])[] = [
  [/^requests\.cpu$/, "CPU"],
  [/^requests\.memory$/, "memory"],
  [/^requests\.nvidia\.com\//, "GPUs"],
  [/^requests\.storage$/, "storage"],
  [/^pods$/, "pods"],
];

/** A line for each project: `project ai-production: 4 of 48 CPU, …`. A limit of zero is left out. */
export function quotaLines(quotas: readonly Quota[]): readonly string[] {
  return quotas.map(({ metadata, status: { hard = {}, used = {} } = {} }) => {
    const parts = counted.flatMap(([pattern, unit]) =>
      Object.entries(hard).flatMap(([name, most]) => (pattern.test(name) && most !== "0" ? [`${used[name] ?? "0"} of ${most} ${unit}`] : [])),
    );
    return `project ${metadata.namespace ?? ""}: ${parts.join(", ")}`;
  });
}

/** Waits until all pods are ready, the cluster's own too: some need a while after a start. Gives up after a minute; the status then says what is missing. */
export async function settle(cluster: Cluster): Promise<void> {
  for (const end = Date.now() + 60_000; Date.now() < end; await sleep(500)) {
    if ((await livePods(cluster)).every(isFine)) return;
  }
}

/** All pods but those of an analysis that found something: they say of a version that was given up, not of what runs (`aictl rollout status` does). */
async function livePods(cluster: Cluster): Promise<readonly Pod[]> {
  const pods = await list<Pod>(cluster, ["pods", "-A"]);
  return pods.filter(({ metadata, status: { phase } }) => phase !== "Failed" || metadata.labels?.["app.kubernetes.io/component"] !== "model-analysis");
}

function isFine({ status }: Pod): boolean {
  return status.phase === "Succeeded" || isTrue(status.conditions, "Ready");
}

function mark(good: boolean): string {
  return good ? green("✓") : red("✗");
}

/** The reason that the pod itself gives: what a failed container said last, else what it waits for, else a condition that is not met. */
function why({ status }: Pod): string {
  const containers = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])];
  const failed = containers
    .map(({ name, state, lastState }) => ({ name, ended: state?.terminated ?? lastState?.terminated }))
    .find(({ ended }) => (ended?.exitCode ?? 0) !== 0);
  if (failed) return `${status.phase}, ${failed.name} failed: ${(failed.ended?.message ?? failed.ended?.reason ?? "").trim()}`;
  const waiting = containers.find(({ state }) => state?.waiting)?.state?.waiting;
  const condition = status.conditions?.find((one) => one.status === "False" && one.message);
  return [status.phase, waiting?.reason, waiting?.message ?? condition?.message].filter(Boolean).join(", ");
}

function isTrue(conditions: readonly Condition[] | undefined, type: string): boolean {
  return conditions?.some((condition) => condition.type === type && condition.status === "True") ?? false;
}

async function list<T>(cluster: Cluster, what: readonly string[]): Promise<readonly T[]> {
  const { stdout } = await cluster.kubectl(["get", ...what, "-o", "json"]);
  return (JSON.parse(stdout) as { items: T[] }).items;
}
