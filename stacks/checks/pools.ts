/** Pools: their scale, and what a server can hold. */
import type { Problem } from "../problems";
import type { PoolConfig, StackConfig } from "../schema";
import { problem } from "./problem";

export function pools(config: StackConfig): Problem[] {
  return config.serving.pools.flatMap((pool, p) => {
    const field = `serving.pools[${p}]`;
    return [...scale(pool, field, config), ...memory(pool, field), ...sharing(pool, field, config)];
  });
}

function scale({ scale: range, replicas }: PoolConfig, field: string, { cluster: { capabilities } }: StackConfig): Problem[] {
  if (range === undefined) return [];
  const { min, max } = range;
  const problems: Problem[] = [];
  if (min > max) problems.push(problem(`${field}.scale.min`, min, `at most scale.max, ${max}`, "exchange the two, or correct one"));
  else if (replicas < min || replicas > max) {
    const near = replicas < min ? min : max;
    problems.push(problem(`${field}.replicas`, replicas, `from scale.min to scale.max, ${min} to ${max}`, `set it to ${near}`));
  }
  if (!capabilities.metrics) {
    problems.push(
      problem(
        `${field}.scale`,
        range,
        "nothing while cluster.capabilities.metrics is false: without metrics.k8s.io nothing can be scaled",
        "set the capability where metrics.k8s.io answers, or take scale away and set replicas",
      ),
    );
  }
  return problems;
}

function memory(pool: PoolConfig, field: string): Problem[] {
  const problems: Problem[] = [];
  if (pool.maxLoadedModels < pool.models.length) {
    problems.push(
      problem(
        `${field}.maxLoadedModels`,
        pool.maxLoadedModels,
        `at least ${pool.models.length}, since a replica is ready only when all of its models are in memory`,
        `set it to ${pool.models.length}, or split the pool`,
      ),
    );
  }
  if (pool.kvCacheType !== "f16" && !pool.flashAttention) {
    problems.push(
      problem(`${field}.kvCacheType`, pool.kvCacheType, '"f16" while flashAttention is false', "set flashAttention to true, or kvCacheType to f16"),
    );
  }
  return problems;
}

function sharing(pool: PoolConfig, field: string, { cluster }: StackConfig): Problem[] {
  if (cluster.gpuResource !== "nvidia.com/gpu.shared" || pool.gpusPerReplica <= 1) return [];
  // The device plugin's failRequestsGreaterThanOne.
  return [
    problem(
      `${field}.gpusPerReplica`,
      pool.gpusPerReplica,
      "0 or 1 of nvidia.com/gpu.shared: more shares give no more memory, and the pod is refused",
      "set it to 1, or use whole GPUs",
    ),
  ];
}
