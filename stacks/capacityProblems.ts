/** What does not fit, with the sums, and the nearest change that does. Pure. */
import { add, configured, ofQuota, readable, said, saidGpus, withoutGpus, type Amounts, type Resource } from "./amounts";
import { changed, largerQuota, moreNodes, smallerPools, textOf, type Change } from "./capacityFix";
import { groupsFor, isRoomFor, nodesTotal, ofNode, unplaced } from "./capacityNodes";
import { hasPods, overQuota, platformPlan, platformWorkloads, podOf, podsFit, type Workload } from "./capacityPlan";
import { teamProblems } from "./capacityTeams";
import type { Problem } from "./problems";
import type { StackConfig } from "./schema";

/** All reasons why the stack can't run at its largest scale. Empty: it can. */
export function capacityProblems(config: StackConfig): readonly Problem[] {
  const pools = once(() => smallerPools(config));
  // Where machines are too small whatever the pools are, they can still be made to fit the quota.
  const poolsByQuota = once(() => pools() ?? smallerPools({ ...config, cluster: { ...config.cluster, nodes: [] } }));
  return [
    ...limitsBelowRequests(config),
    ...quotaTooSmall(config, poolsByQuota),
    ...quotaOverNodes(config, poolsByQuota),
    ...podsTooLarge(config, pools),
    ...podsWithoutPlace(config, pools),
    ...teamProblems(changed(config, poolsByQuota() ?? []), podsFit(config)),
  ];
}

type Fix = () => readonly Change[] | undefined;

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

/** A pod's limit is never below its request, so a quota of limits that is below that of requests makes the latter useless. */
function limitsBelowRequests(config: StackConfig): Problem[] {
  const { memory, memoryLimit } = platformPlan(config).quota;
  const hard = ofQuota(platformPlan(config).quota);
  if (hard.memoryLimit >= hard.memory) return [];
  return [
    {
      field: "quota.memoryLimit",
      value: `${memoryLimit}${bySizing(config, "memoryLimit")}`,
      allowed: `at least ${memory}, the quota of requested memory: no pod's limit is below its request`,
      fix: textOf([{ field: "quota.memoryLimit", value: memory }]),
    },
  ];
}

function quotaTooSmall(config: StackConfig, pools: Fix): Problem[] {
  const workloads = platformWorkloads(config);
  const plan = platformPlan(config);
  const hard = ofQuota(plan.quota);
  const used = add(workloads.map(({ total }) => total));
  return overQuota(config, workloads).map((resource): Problem => {
    const source = resource === "pods" ? "" : `: quota.${resource}${bySizing(config, resource)}`;
    return {
      field: resource === "storage" ? "storage" : "serving.pools",
      value: `${said(resource, used[resource])} at the largest scale (${parts(workloads, resource)})`,
      allowed: `${said(resource, hard[resource])}, the quota of ${plan.namespace}${source}`,
      fix: either(resource === "storage" ? undefined : pools(), asList(largerQuota(config, resource))),
    };
  });
}

/** `pool ollama: (10 + 2 preview) × 1; …` */
function parts(workloads: readonly Workload[], resource: Resource): string {
  return workloads
    .filter(({ each }) => each[resource] > 0n)
    .map(({ name, scale, each }) => {
      const count = scale.includes("+") ? `(${scale}) × ` : scale === "" ? "" : `${scale} × `;
      return `${name}: ${count}${readable(resource, each[resource])}`;
    })
    .join("; ");
}

/** Where a limit comes from that the configuration does not name. */
function bySizing(config: StackConfig, resource: Exclude<Resource, "pods">): string {
  return config.quota[resource] === undefined ? `, by sizing ${config.sizing}` : "";
}

/** A quota that the machines could never fill holds nobody back, and promises what is not there. */
function quotaOverNodes(config: StackConfig, pools: Fix): Problem[] {
  const nodes = nodesTotal(config);
  if (nodes === undefined) return [];
  const plan = platformPlan(config);
  const hard = ofQuota(plan.quota);
  const needed = add(platformWorkloads(changed(config, pools() ?? [])).map(({ total }) => total));
  return (["cpu", "memory", "gpus"] as const)
    .filter((resource) => hard[resource] > nodes[resource])
    .map((resource) => {
      const lower = needed[resource] > nodes[resource] ? undefined : [{ field: `quota.${resource}`, value: configured(resource, nodes[resource]) }];
      return {
        field: `quota.${resource}`,
        value: `${said(resource, hard[resource])} for ${plan.namespace}${bySizing(config, resource)}`,
        allowed: `at most ${said(resource, nodes[resource])}, the sum of cluster.nodes`,
        fix: `${lower ? `${textOf(lower)}, or ` : ""}declare the machines that are missing`,
      };
    });
}

/** Pools of which no machine can run even one pod. */
function podsTooLarge(config: StackConfig, pools: Fix): Problem[] {
  return tooLarge(config).map(({ p, pod }) => {
    const gpus = config.cluster.nodes.some((group) => isRoomFor(withoutGpus(pod), ofNode(group, config)));
    return {
      field: gpus ? `serving.pools[${p}].gpusPerReplica` : `serving.pools[${p}]`,
      value: `${need(pod)} for each pod`,
      allowed: `what one machine of cluster.nodes has: ${machines(config)}`,
      fix: either(pools(), undefined, `declare machines with at least ${need(pod)}`),
    };
  });
}

function tooLarge(config: StackConfig): readonly { readonly p: number; readonly pod: Amounts }[] {
  const { nodes } = config.cluster;
  if (nodes.length === 0 || !config.layers.serving) return [];
  return config.serving.pools
    .map((pool, p) => ({ p, pod: podOf(pool, config), groups: groupsFor(pool, config) }))
    .filter(({ pod, groups }) => !groups.some((group) => isRoomFor(pod, ofNode(group, config))));
}

/** Pods that would have room in the sum of the machines, perhaps, but not on single ones. */
function podsWithoutPlace(config: StackConfig, pools: Fix): Problem[] {
  const large = tooLarge(config).map(({ p }) => `pool ${config.serving.pools[p]?.name ?? ""}`);
  const pods = platformWorkloads(config).filter((workload) => hasPods(workload) && !large.includes(workload.name));
  const missing = unplaced(pods, config);
  if (missing.size === 0) return [];
  const one = config.storage.models.accessMode !== "ReadWriteMany";
  const spread: Change = { field: "storage.models.accessMode", value: "ReadWriteMany" };
  const spreads = one && unplaced(pods, changed(config, [spread])).size === 0;
  return [
    {
      field: spreads ? "storage.models.accessMode" : "cluster.nodes",
      value: `${spreads ? `"${config.storage.models.accessMode}", and ` : ""}${machines(config)}: no place for ${[...missing].map(([name, count]) => `${count} of ${countOf(pods, name)} pods of ${name}`).join(", ")}`,
      allowed: one
        ? "a machine with room for all pods: the volume of models is ReadWriteOnce, which one machine mounts"
        : "a place on one machine for each pod: what a pod needs is not split over machines",
      fix: either(pools(), spreads ? [spread] : asList(moreNodes(config)), "declare more machines"),
    },
  ];
}

function countOf(pods: readonly Workload[], name: string): number {
  return pods.find((one) => one.name === name)?.count ?? 0;
}

/** `3 × gpu (64 CPU, 256Gi, 4 GPUs)` */
function machines(config: StackConfig): string {
  return config.cluster.nodes
    .map((group) => {
      const { name, count, cpu, memory, gpu } = group;
      return `${count} × ${name} (${cpu} CPU, ${memory}, ${saidGpus(ofNode(group, config))}${gpu === undefined ? "" : ` of class ${gpu.class}`})`;
    })
    .join(", ");
}

function need(pod: Amounts): string {
  return `${said("cpu", pod.cpu)}, ${said("memory", pod.memory)} and ${saidGpus(pod)}`;
}

function asList(change: Change | undefined): readonly Change[] | undefined {
  return change && [change];
}

/** One change or another, as far as there are any that help. */
function either(first: readonly Change[] | undefined, second: readonly Change[] | undefined, otherwise = "spread the pools over several stacks"): string {
  const texts = [first, second].filter((changes) => changes !== undefined && changes.length > 0).map((changes) => textOf(changes ?? []));
  return texts.length > 0 ? texts.join(", or ") : otherwise;
}
