/** Pools: their scale, and what a server can hold. */
import { gpuResourceOf, sharedResource } from "../gpu";
import type { Problem } from "../problems";
import type { PoolConfig, StackConfig } from "../schema";
import { quantizedCache } from "../serving/graph";
import { factsOf } from "../serving/modelFacts";
import { problem } from "./problem";

export function pools(config: StackConfig): Problem[] {
  return config.serving.pools.flatMap((pool, p) => {
    const field = `serving.pools[${p}]`;
    return [...scale(pool, field, config), ...memory(pool, field), ...cacheBlocks(pool, field, config), ...sharing(pool, field, config)];
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

/** The runner of a model whose heads the blocks of the cache don't divide ends when it is asked. */
function cacheBlocks({ models, kvCacheType, flashAttention }: PoolConfig, field: string, config: StackConfig): Problem[] {
  if (kvCacheType === "f16" || !flashAttention) return [];
  const known = config.models.filter(({ name }) => models.includes(name)).map((model) => factsOf(model));
  const wrong = known.filter(({ architecture }) => architecture !== undefined && !quantizedCache(architecture));
  if (wrong.length === 0) return [];
  const heads = wrong.map(({ name, architecture }) => `${name} has ${architecture?.headDim}`).join(", ");
  return [problem(`${field}.kvCacheType`, kvCacheType, `"f16" for heads whose size is no multiple of 32: ${heads}`, "set it to f16, or split the pool")];
}

function sharing(pool: PoolConfig, field: string, config: StackConfig): Problem[] {
  // How the GPUs of a class are shared is checked with the class (checks/gpus.ts).
  if (pool.gpuClass !== undefined || gpuResourceOf(pool, config) !== sharedResource || pool.gpusPerReplica <= 1) return [];
  // The device plugin's failRequestsGreaterThanOne.
  return [
    problem(
      `${field}.gpusPerReplica`,
      pool.gpusPerReplica,
      `0 or 1 of ${sharedResource}: more shares give no more memory, and the pod is refused`,
      "set it to 1, or use whole GPUs",
    ),
  ];
}
