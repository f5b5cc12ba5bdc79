/** What no single field can tell: names that must exist, pairs that contradict each other, sums that must fit. */
import type { StackConfig } from "./schema";
import { nearest, type Problem } from "./problems";
import { sizings } from "./sizing";

/** All contradictions of a configuration that is well-formed. @param images names in images.lock, by which models of kind `image` are found */
export function contradictions(config: StackConfig, images: readonly string[]): readonly Problem[] {
  return [...duplicates(config), ...unknownNames(config, images), ...pools(config), ...gpus(config)];
}

function duplicates(config: StackConfig): Problem[] {
  const repeated = (names: readonly string[], field: (i: number) => string): Problem[] =>
    names.flatMap((name, i) =>
      names.indexOf(name) === i ? [] : [{ field: field(i), value: JSON.stringify(name), allowed: "each name once", fix: "rename or remove one of them" }],
    );
  return [
    ...repeated(
      config.models.map(({ name }) => name),
      (i) => `models[${i}].name`,
    ),
    ...repeated(
      config.serving.pools.map(({ name }) => name),
      (i) => `serving.pools[${i}].name`,
    ),
    ...config.serving.pools.flatMap((pool, p) => repeated(pool.models, (i) => `serving.pools[${p}].models[${i}]`)),
  ];
}

function unknownNames(config: StackConfig, images: readonly string[]): Problem[] {
  const unknown = (field: string, name: string, known: readonly string[], where: string): Problem[] => {
    if (known.includes(name)) return [];
    const meant = nearest(name, known);
    return [
      {
        field,
        value: JSON.stringify(name),
        allowed: `a name from ${where}: ${known.join(", ")}`,
        fix: meant ? `did you mean "${meant}"?` : `add it to ${where}`,
      },
    ];
  };
  const models = config.models.map(({ name }) => name);
  return [
    ...config.serving.pools.flatMap((pool, p) => pool.models.flatMap((name, i) => unknown(`serving.pools[${p}].models[${i}]`, name, models, "models"))),
    ...config.models.flatMap(({ source }, i) =>
      source.kind === "image" ? unknown(`models[${i}].source.image`, source.image, images, "images/images.lock") : [],
    ),
  ];
}

function pools(config: StackConfig): Problem[] {
  return config.serving.pools.flatMap((pool, p) => {
    const field = `serving.pools[${p}]`;
    const problems: Problem[] = [];
    if (pool.maxLoadedModels < pool.models.length) {
      problems.push({
        field: `${field}.maxLoadedModels`,
        value: String(pool.maxLoadedModels),
        allowed: `at least ${pool.models.length}, since a replica is ready only when all of its models are in memory`,
        fix: `set it to ${pool.models.length}, or split the pool`,
      });
    }
    if (pool.kvCacheType !== "f16" && !pool.flashAttention) {
      problems.push({
        field: `${field}.kvCacheType`,
        value: JSON.stringify(pool.kvCacheType),
        allowed: '"f16" while flashAttention is false',
        fix: "set flashAttention to true, or kvCacheType to f16",
      });
    }
    return problems;
  });
}

function gpus(config: StackConfig): Problem[] {
  const quota = sizings[config.sizing].quota.gpus;
  const sum = config.serving.pools.reduce((total, pool) => total + pool.replicas * pool.gpusPerReplica, 0);
  if (sum <= quota) return [];
  const parts = config.serving.pools.map((pool) => `${pool.name}: ${pool.replicas} × ${pool.gpusPerReplica}`).join(", ");
  return [
    {
      field: "serving.pools",
      value: `${sum} GPUs (${parts})`,
      allowed: `at most ${quota} GPUs, the quota of sizing ${config.sizing}`,
      fix: "lower replicas or gpusPerReplica",
    },
  ];
}
