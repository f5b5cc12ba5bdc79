/** The nearest change of a configuration with which its pods fit. Pure. */
import { allGpus, configured, furtherNames, furtherOf, ofQuota, withoutGpus, type Amounts, type Resource } from "./amounts";
import { groupsFor, isRoomFor, ofNode, unplaced } from "./capacityNodes";
import { hasPods, platformPlan, platformWorkloads, podOf, podsFit } from "./capacityPlan";
import { largest } from "./quantities";
import type { PoolConfig, StackConfig } from "./schema";

/** A field, as it is written in the file, and its new value. */
export interface Change {
  readonly field: string;
  readonly value: string | number;
}

/** `set serving.pools[0].scale.max to 1, serving.pools[0].scale.min to 1 and serving.pools[0].replicas to 1` */
export function textOf(changes: readonly Change[]): string {
  const texts = changes.map(({ field, value }) => `${field} to ${value}`);
  return `set ${[texts.slice(0, -1).join(", "), texts.at(-1) ?? ""].filter((text) => text !== "").join(" and ")}`;
}

/** The configuration with other values. */
export function changed(config: StackConfig, changes: readonly Change[]): StackConfig {
  const copy = structuredClone(config);
  for (const { field, value } of changes) {
    const path = field.split(/[.[\]]+/).filter((step) => step !== "");
    const last = path.pop() ?? "";
    const parent = path.reduce((node, step) => node[step] as Node, copy as unknown as Node);
    parent[last] = value;
  }
  return copy;
}
type Node = { [key: string]: unknown };

/** Changes of pools with which all pods fit: fewer GPUs per replica where no machine has as many, then fewer replicas. Undefined: none is enough. */
export function smallerPools(config: StackConfig): readonly Change[] | undefined {
  const gpus = config.serving.pools.flatMap((pool, p) => fewerGpus(pool, p, config));
  const start = changed(config, gpus);
  const scale = podsFit(start) ? [] : (oneSmaller(start) ?? allSmaller(start));
  return scale && [...gpus, ...scale];
}

/** As many GPUs as a machine with room for the rest has. None of them is no answer: the pool would run on CPU. */
function fewerGpus(pool: PoolConfig, p: number, config: StackConfig): Change[] {
  const pod = podOf(pool, config);
  const machines = groupsFor(pool, config)
    .map((group) => ofNode(group, config))
    .filter((machine) => isRoomFor(withoutGpus(pod), machine));
  const most = machines.map((machine) => gpusLike(pod, machine)).reduce((gpus, one) => (one > gpus ? one : gpus), 0n);
  return most === 0n || allGpus(pod) <= most ? [] : [{ field: `serving.pools[${p}].gpusPerReplica`, value: Number(most) }];
}

/** GPUs of a machine under the name by which a pod requests them. */
function gpusLike(pod: Amounts, machine: Amounts): bigint {
  const [name] = furtherNames([pod]);
  return name === undefined ? machine.gpus : furtherOf(machine, name);
}

/** A number of pods that may be lowered. */
interface Knob {
  readonly now: number;
  readonly least: number;
  readonly pool: PoolConfig;
  readonly to: (value: number) => readonly Change[];
}

function knobs(config: StackConfig): readonly Knob[] {
  return config.serving.pools.flatMap((pool, p) => {
    const field = `serving.pools[${p}]`;
    const { scale, replicas, previewReplicas } = pool;
    const now = scale?.max ?? replicas;
    const to = (value: number): Change[] => [
      ...(scale ? [{ field: `${field}.scale.max`, value }] : []),
      ...(scale && scale.min > value ? [{ field: `${field}.scale.min`, value }] : []),
      ...(replicas > value ? [{ field: `${field}.replicas`, value }] : []),
    ];
    return [
      { now, least: 1, pool, to },
      { now: previewReplicas, least: 0, pool, to: (value: number) => [{ field: `${field}.previewReplicas`, value }] },
    ];
  });
}

/** The one number where the least has to be given up. */
function oneSmaller(config: StackConfig): readonly Change[] | undefined {
  const found = knobs(config).flatMap(({ now, least, to }) => {
    const fits = (value: number) => podsFit(changed(config, to(value)));
    if (now <= least || !fits(least)) return [];
    const value = highest(least, now, fits);
    return [{ given: now - value, changes: to(value) }];
  });
  return found.sort((a, b) => a.given - b.given)[0]?.changes;
}

/** The largest numbers cut to the same, then each given back as much as there is room for: those that take nothing of what is short get all. */
function allSmaller(config: StackConfig): readonly Change[] | undefined {
  const all = knobs(config);
  const changesOf = (values: readonly number[]) => all.flatMap(({ now, to }, k) => (values[k] === now ? [] : to(values[k] ?? now)));
  const fits = (values: readonly number[]) => podsFit(changed(config, changesOf(values)));
  const cutTo = (most: number) => all.map(({ now, least }) => Math.max(Math.min(now, most), Math.min(now, least)));
  if (!fits(cutTo(0))) return undefined;
  const level = highest(0, Math.max(...all.map(({ now }) => now)), (most) => fits(cutTo(most)));
  const values = all.reduce((cut, { now }, k) => {
    const kept = cut[k] ?? now;
    return cut.with(k, kept === now ? now : highest(kept, now + 1, (value) => fits(cut.with(k, value))));
  }, cutTo(level));
  return changesOf(values);
}

/** The highest number from `fitting` to below `end` that fits; `fitting` does. */
function highest(fitting: number, end: number, fits: (value: number) => boolean): number {
  let [low, high] = [fitting, end];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (fits(middle)) low = middle;
    else high = middle;
  }
  return low;
}

/** A quota with which the workloads fit as they are; undefined where the machines have no room for them, or the resource is not configured. */
export function largerQuota(config: StackConfig, resource: Resource): Change | undefined {
  if (resource === "pods") return undefined;
  const workloads = platformWorkloads(config);
  if (unplaced(workloads.filter(hasPods), config).size > 0) return undefined;
  const hard = ofQuota(platformPlan(config).quota);
  const taken = workloads.reduce((total, workload) => total + workload.total[resource], 0n);
  // Limits below what may be requested would be the next refusal.
  const needed = resource === "memoryLimit" ? largest(taken, hard.memory) : taken;
  return needed > hard[resource] ? { field: `quota.${resource}`, value: configured(resource, needed) } : undefined;
}

/** The fewest machines more of one group with which all pods find a place. */
export function moreNodes(config: StackConfig): Change | undefined {
  const pods = platformWorkloads(config).filter(hasPods);
  const missing = [...unplaced(pods, config).values()].reduce((total, count) => total + count, 0);
  const found = config.cluster.nodes.flatMap(({ count }, n) => {
    const to = (value: number): Change => ({ field: `cluster.nodes[${n}].count`, value });
    const enough = (more: number) => unplaced(pods, changed(config, [to(count + more)])).size === 0;
    if (!enough(missing)) return [];
    const more = missing - highest(0, missing, (fewer) => enough(missing - fewer));
    return [{ more, change: to(count + more) }];
  });
  return found.sort((a, b) => a.more - b.more)[0]?.change;
}
