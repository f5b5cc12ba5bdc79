/**
 * The memory plan: whether all models of a pool, with their caches and compute graphs, fit into the GPUs of a replica, on each group of machines where it may
 * run. As Ollama places them: each model on as few GPUs as hold it, in equal parts. Pure. docs/sizing.md explains it.
 */
import { parseBytes } from "../quantities";
import type { ModelConfig, PoolConfig, StackConfig } from "../schema";
import { sizingOf } from "../sizing";
import { candidatesOf, type GpuShare } from "./gpuShares";
import type { Load } from "./graph";
import { factsOf } from "./modelFacts";
import { isKnown, memoryOf, onOneGpu, type ModelMemory, type UnknownMemory } from "./modelMemory";

/** A kind of place that a replica may get. */
export interface Place {
  /** For people: `2 × A100`. */
  readonly name: string;
  readonly group: string;
  /** Bytes of each GPU, or of the container. */
  readonly memory: number;
  /** GPUs that the pool's models are spread over. */
  readonly gpus: number;
}

export interface PlacePlan {
  readonly place: Place;
  readonly fits: boolean;
  /** Bytes that all models take on it together, with what has to be free while they are loaded; where they don't fit, what they would take spread over all of its GPUs. */
  readonly needed: number;
}

export type Verdict = "fits" | "too large" | "unknown";

export interface PoolPlan {
  readonly pool: string;
  readonly models: readonly (ModelMemory | UnknownMemory)[];
  readonly places: readonly PlacePlan[];
  readonly verdict: Verdict;
  /** Why it is unknown. */
  readonly unknown: readonly string[];
}

export function loadOf({ contextLength, parallel, kvCacheType, flashAttention }: PoolConfig): Load {
  return { context: contextLength, parallel, cacheType: kvCacheType, flashAttention };
}

export function planPools(config: StackConfig): readonly PoolPlan[] {
  return config.serving.pools.map((pool) => planPool(pool, config));
}

export function planPool(pool: PoolConfig, config: StackConfig): PoolPlan {
  const on = pool.gpusPerReplica === 0 ? "cpu" : "gpu";
  const models = pool.models.map((name) => memoryOfNamed(name, config.models, loadOf(pool), on));
  const { places, undeclared } = placesOf(pool, config);
  const known = models.filter(isKnown);
  const unknownModels = models.filter((model): model is UnknownMemory => !isKnown(model));
  const plans = places.map((place): PlacePlan => planPlace(place, known, unknownModels));
  const unknown = [
    ...unknownModels.map(({ name, missing }) => `${name}: ${missing}`),
    ...(undeclared.length > 0 ? [`GPU memory of ${undeclared.join(", ")}: no cluster.nodes[].gpu`] : []),
    ...(places.length === 0 && undeclared.length === 0 ? ["GPU memory: no group of cluster.nodes with such GPUs"] : []),
  ];
  const verdict = plans.some(({ fits }) => !fits) ? "too large" : unknown.length > 0 ? "unknown" : "fits";
  return { pool: pool.name, models, places: plans, verdict, unknown };
}

function memoryOfNamed(name: string, models: readonly ModelConfig[], load: Load, on: "gpu" | "cpu"): ModelMemory | UnknownMemory {
  const model = models.find((one) => one.name === name);
  return model ? memoryOf(factsOf(model), load, on) : { name, missing: "no such model", atLeast: 0 };
}

function placesOf(pool: PoolConfig, config: StackConfig): { readonly places: readonly Place[]; readonly undeclared: readonly string[] } {
  if (pool.gpusPerReplica === 0) {
    const { memory } = sizingOf(config).server.limits;
    return { places: [{ name: `CPU, container of ${memory}`, group: "", memory: Number(parseBytes(memory)), gpus: 1 }], undeclared: [] };
  }
  const { shares, undeclared } = candidatesOf(pool, config);
  return { places: shares.map((share) => placeOf(share, pool.gpusPerReplica)), undeclared };
}

function placeOf(share: GpuShare, wanted: number): Place {
  const gpus = Math.min(wanted, Math.max(1, share.most));
  return { name: `${gpus > 1 ? `${gpus} × ` : ""}${share.name}`, group: share.group, memory: share.memory, gpus };
}

function planPlace(place: Place, known: readonly ModelMemory[], unknown: readonly UnknownMemory[]): PlacePlan {
  const least = unknown.reduce((total, { atLeast }) => total + atLeast, 0);
  const taken = spread(known, place);
  const onAll = () => known.reduce((total, model) => total + (partsOf(model, place.gpus).at(-1) ?? 0) * place.gpus, largestBuffer(known) * place.gpus);
  const needed = (taken ?? onAll()) + least;
  return { place, needed, fits: taken !== undefined && needed <= place.memory * place.gpus };
}

function largestBuffer(models: readonly ModelMemory[]): number {
  return Math.max(0, ...models.map(({ buffer }) => buffer));
}

/** Bytes on all GPUs together; undefined where a model finds no room. What has to be free while any of them is loaded is kept free, since any may come last. */
function spread(models: readonly ModelMemory[], { memory, gpus }: Place): number | undefined {
  const buffer = largestBuffer(models);
  const free = Array.from({ length: gpus }, () => memory - buffer);
  let taken = models.length > 0 ? buffer * gpus : 0;
  for (const model of models) {
    const parts = partsOf(model, gpus);
    const used = parts.findIndex((bytes, more) => free.filter((left) => left >= bytes).length > more) + 1;
    if (used === 0) return undefined;
    const part = parts[used - 1] ?? 0;
    free.sort((a, b) => b - a);
    for (let gpu = 0; gpu < used; gpu++) free[gpu] = (free[gpu] ?? 0) - part;
    taken += part * used;
  }
  return taken;
}

/** What a model takes on each of 1, 2, … GPUs. */
function partsOf(model: ModelMemory, gpus: number): readonly number[] {
  return Array.from({ length: gpus }, (_, i) =>
    i === 0 ? onOneGpu(model) : Math.ceil(model.layers / (i + 1)) * model.layer + model.output + model.graph + model.overhead,
  );
}
