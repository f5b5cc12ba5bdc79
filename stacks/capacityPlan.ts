/**
 * The capacity plan: what all workloads take at their largest scale, against the quotas of their projects and against the declared machines. Pure.
 * Two classes: guaranteed (the platform's own: must fit), and shared (teams: promised more than is there, up to `capacity.overcommit`; what doesn't fit waits).
 */
import { add, amounts, less, nothing, ofContainer, ofGpus, ofQuota, resources, times, type Amounts, type Resource } from "./amounts";
import { nodesTotal, unplaced, type Batch } from "./capacityNodes";
import { gatewayReplicas } from "./gateway";
import { gpuResourceOf } from "./gpu";
import { projects, sharedIn, type ProjectPlan } from "./projects";
import { largest, parseBytes } from "./quantities";
import type { PoolConfig, StackConfig } from "./schema";
import { serverSize, sizingOf } from "./sizing";

export type CapacityClass = "guaranteed" | "shared";

/** What a project's objects of one kind take; a pool's pods, for example. */
export interface Workload extends Batch {
  /** Namespace. */
  readonly project: string;
  readonly class: CapacityClass;
  /** How `count` comes about: `6 + 2 preview`; empty for one. */
  readonly scale: string;
  readonly total: Amounts;
}

/** A project: what its workloads take, and its hard limits. */
export interface ProjectUse {
  readonly project: string;
  readonly class: CapacityClass;
  readonly teams: readonly string[];
  readonly used: Amounts;
  readonly hard: Amounts;
}

export interface CapacityPlan {
  readonly workloads: readonly Workload[];
  readonly projects: readonly ProjectUse[];
  /** Sum of the guaranteed class. */
  readonly guaranteed: Amounts;
  /** Sum of the shared class: the quotas of the teams. */
  readonly promised: Amounts;
  /** The declared machines, without storage; undefined when none are declared. */
  readonly nodes: NodesUse | undefined;
}

export interface NodesUse {
  /** `3 gpu, 3 worker` */
  readonly groups: string;
  readonly total: Amounts;
  /** What the guaranteed class leaves. */
  readonly left: Amounts;
  /** The most that may be promised to teams: `left`, times `overcommit`. */
  readonly mayPromise: Amounts;
  readonly overcommit: number;
}

export function capacityPlan(config: StackConfig): CapacityPlan {
  const plans = projects(config);
  const workloads = platformWorkloads(config, surging(config));
  const uses = plans.map((plan): ProjectUse => {
    const hard = ofQuota(plan.quota);
    const own = workloads.filter(({ project }) => project === plan.namespace).map(({ total }) => total);
    const shared = plan.kind === "team";
    return {
      project: plan.namespace,
      class: shared ? "shared" : "guaranteed",
      teams: plan.teams.map(({ name }) => name),
      used: shared ? hard : add(own),
      hard,
    };
  });
  const sumOf = (one: CapacityClass) => add(uses.filter((use) => use.class === one).map(({ used }) => used));
  const guaranteed = sumOf("guaranteed");
  return { workloads, projects: uses, guaranteed, promised: sumOf("shared"), nodes: nodesUse(config, guaranteed) };
}

function nodesUse(config: StackConfig, guaranteed: Amounts): NodesUse | undefined {
  const total = nodesTotal(config);
  if (total === undefined) return undefined;
  const left = less(total, guaranteed);
  const { overcommit } = config.capacity;
  const thousandths = BigInt(Math.round(overcommit * 1000));
  return {
    groups: config.cluster.nodes.map(({ name, count }) => `${count} ${name}`).join(", "),
    total,
    left,
    mayPromise: amounts((resource) => (left[resource] * thousandths) / 1000n),
    overcommit,
  };
}

/** The project that serving runs in. */
export function platformPlan(config: StackConfig): ProjectPlan {
  const plan = projects(config).find(({ kind }) => kind === "platform");
  if (plan === undefined) throw new Error("projects() plans no project for the platform");
  return plan;
}

/** @param surge names of the pools that add a pod while they are updated */
export function platformWorkloads(config: StackConfig, surge: ReadonlySet<string> = new Set()): readonly Workload[] {
  const project = platformPlan(config).namespace;
  const workload = (name: string, each: Amounts, count = 1, scale = ""): Workload => {
    return { project, class: "guaranteed", name, each, count, scale, total: times(each, BigInt(count)) };
  };
  const claim = (size: string): Amounts => ({ ...nothing, storage: parseBytes(size) });
  const sizing = sizingOf(config);
  return [
    ...(config.layers.serving
      ? [
          ...config.serving.pools.map((pool) => {
            const extra = surge.has(pool.name) ? 1 : 0;
            const pods = workload(`pool ${pool.name}`, podOf(pool, config), largestScale(pool) + extra, scaleOf(pool, extra));
            return pool.gpuClass === undefined ? pods : { ...pods, gpuClass: pool.gpuClass };
          }),
          // A new router is added before an old one goes.
          ...config.serving.pools.map(({ name }) =>
            workload(`router ${name}`, ofContainer(sizing.router), sizing.routers + 1, `${sizing.routers} + 1 updating`),
          ),
          // One Job per model: all run at the same time when a stack is new.
          workload("loaders", ofContainer(sizing.loader), config.models.length, String(config.models.length)),
          workload("claim models", claim(config.storage.models.size ?? sizing.modelStorage)),
        ]
      : []),
    ...(config.gateway === undefined
      ? []
      : [
          workload("gateway", ofContainer(sizing.gateway), gatewayReplicas(config) + 1, `${gatewayReplicas(config)} + 1 updating`),
          ...(config.data.postgres.kind === "single"
            ? [workload("database", ofContainer(sizing.database)), workload("claim postgres", claim(config.data.postgres.size ?? sizing.databaseStorage))]
            : []),
        ]),
    ...sharedIn("platform", config).map(({ name, size }) => workload(`claim ${name}`, claim(size))),
  ];
}

/** Pods of a pool, scaled out and with a new version beside it. A rolling update's extra pod comes on top: `canSurge`. */
export function largestScale({ scale, replicas, previewReplicas }: PoolConfig): number {
  return (scale?.max ?? replicas) + previewReplicas;
}

function scaleOf({ scale, replicas, previewReplicas }: PoolConfig, extra: number): string {
  const preview = previewReplicas > 0 ? ` + ${previewReplicas} preview` : "";
  return `${scale?.max ?? replicas}${preview}${extra > 0 ? ` + ${extra} updating` : ""}`;
}

/** A pod of a pool. The check of its models ends before sidecar and server start, so of each resource the larger counts, as Kubernetes counts. */
export function podOf(pool: PoolConfig, config: Pick<StackConfig, "sizing" | "environment" | "cluster">): Amounts {
  const sizes = sizingOf(config);
  const { sidecar, loader } = sizes;
  const [serving, verifying] = [{ ...add([ofContainer(serverSize(sizes, pool.gpusPerReplica)), ofContainer(sidecar)]), pods: 1n }, ofContainer(loader)];
  return {
    ...amounts((resource) => largest(serving[resource], verifying[resource])),
    ...ofGpus(pool.gpusPerReplica, gpuResourceOf(pool, config), config.cluster.gpuResource),
  };
}

/** Resources of which the quota holds less than the workloads take. */
export function overQuota(config: StackConfig, workloads: readonly Workload[]): readonly Resource[] {
  const hard = ofQuota(platformPlan(config).quota);
  const used = add(workloads.map(({ total }) => total));
  return resources.filter((resource) => used[resource] > hard[resource]);
}

/** Whether pods fit, by quota and by machine. Storage is not asked: it doesn't change with the number of pods. */
export function podsFit(config: StackConfig, surge?: ReadonlySet<string>): boolean {
  const workloads = platformWorkloads(config, surge);
  return overQuota(config, workloads).every((resource) => resource === "storage") && unplaced(workloads.filter(hasPods), config).size === 0;
}

export function hasPods({ each }: Batch): boolean {
  return each.pods > 0n;
}

/**
 * Whether a rolling update of a pool may add a pod before it takes one away: the volume can be mounted on another machine, and with all pools at their
 * largest, the quota and the machines still have room for it. The pools before it get theirs first, so that all can be updated at the same time.
 */
export function canSurge(pool: PoolConfig, config: StackConfig): boolean {
  return surging(config).has(pool.name);
}

function surging(config: StackConfig): ReadonlySet<string> {
  if (config.storage.models.accessMode !== "ReadWriteMany") return new Set();
  return config.serving.pools.reduce<ReadonlySet<string>>((names, { name }) => {
    const more = new Set([...names, name]);
    return podsFit(config, more) ? more : names;
  }, new Set());
}
