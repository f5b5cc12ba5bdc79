/** Settings that are no mistake and have no effect here, with what happens instead. Pure. */
import type { PoolConfig, StackConfig } from "../schema";

export function servingNotes({ cluster: { capabilities }, serving }: StackConfig): readonly string[] {
  return serving.pools.flatMap((pool) => [
    ...(capabilities.argoRollouts ? [...measuredBy(pool, capabilities), ...switchRoom(pool)] : withoutRollouts(pool)),
    ...(capabilities.customMetrics === "none" ? withoutCustomMetrics(pool) : []),
    ...(capabilities.verticalPodAutoscaler && pool.scale !== undefined
      ? [`pool ${pool.name}: VPA only recommends; CPU and memory of its pods are what the autoscaler of the pool measures by`]
      : []),
    ...(pool.hold === undefined ? [] : held(pool.name, pool.hold)),
  ]);
}

function withoutRollouts({ name, previewReplicas, rollout }: PoolConfig): string[] {
  const update = "a new version replaces the pods one after another, as soon as each has its models in memory";
  return [
    ...(previewReplicas > 0
      ? [`pool ${name}: without the capability argoRollouts there is no preview, ${update}; room for previewReplicas (${previewReplicas}) is kept all the same`]
      : []),
    ...(rollout.promotion !== undefined || rollout.prompts.length > 0
      ? [`pool ${name}: without the capability argoRollouts nothing is measured or promoted, ${update}`]
      : []),
  ];
}

function measuredBy({ name, gpusPerReplica }: PoolConfig, { monitoring, gpuOperator }: StackConfig["cluster"]["capabilities"]): string[] {
  if (!monitoring) return [`pool ${name}: without the capability monitoring a new version is measured by the answers and times of the analysis itself only`];
  return gpuOperator || gpusPerReplica === 0 ? [] : [`pool ${name}: without the capability gpuOperator a new version's use of GPUs is not measured`];
}

/** The plan counts a version and its preview; Argo Rollouts switches when both versions are complete. */
function switchRoom({ name, scale, replicas, previewReplicas }: PoolConfig): string[] {
  const [most, planned] = [scale?.max ?? replicas, (scale?.max ?? replicas) + previewReplicas];
  if (2 * most <= planned) return [];
  const less = scale === undefined ? "up lets both versions go down and the new one up again" : "the switch waits until the load needs half as many";
  return [`pool ${name}: the switch to a new version takes up to ${2 * most} pods at once, ${planned} are planned; where there is no room for more, ${less}`];
}

function withoutCustomMetrics({ name, scale }: PoolConfig): string[] {
  return scale?.requestsPerReplica === undefined
    ? []
    : [`pool ${name}: with the capability customMetrics none, requestsPerReplica is not used; it is scaled on CPU and memory only`];
}

function held(pool: string, { revision, by, since, reason }: NonNullable<PoolConfig["hold"]>): string[] {
  return [`pool ${pool} is held at revision ${revision} by ${by} since ${since} (${reason}): changes of its pods wait until hold is removed`];
}
