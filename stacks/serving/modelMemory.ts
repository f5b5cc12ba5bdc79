/** What one model takes of GPU memory under a load. Pure. */
import { cachePerLayer, effective, graphOf, overheadBytes, type Load } from "./graph";
import type { ModelFacts } from "./modelFacts";
import { weightsOf } from "./weights";

/** Bytes. */
export interface ModelMemory {
  readonly name: string;
  /** On the GPU; what reads tokens stays in the machine's memory. */
  readonly weights: number;
  readonly cache: number;
  /** On each GPU. */
  readonly graph: number;
  /** On each GPU. */
  readonly overhead: number;
  /** Kept free on each GPU while the model is loaded: the size of a layer. */
  readonly buffer: number;
  /** The largest layer with its cache, their number, and what writes tokens: what is spread over GPUs. */
  readonly layer: number;
  readonly layers: number;
  readonly output: number;
  /** What of the load it gets. */
  readonly load: Load;
}

/** Why a model's memory is not known, and the least that it takes. */
export interface UnknownMemory {
  readonly name: string;
  readonly missing: string;
  readonly atLeast: number;
}

export function isKnown(memory: ModelMemory | UnknownMemory): memory is ModelMemory {
  return "weights" in memory;
}

/** @param on a CPU's memory holds what reads tokens too, but nothing of CUDA, and none of it is kept free */
export function memoryOf(facts: ModelFacts, wanted: Load, on: "gpu" | "cpu" = "gpu"): ModelMemory | UnknownMemory {
  const { name, architecture, quantization, fileSize } = facts;
  if (architecture === undefined) {
    return { name, missing: "not in the catalogue, and no architecture", atLeast: fileSize === undefined ? 0 : fileSize + (on === "gpu" ? overheadBytes : 0) };
  }
  if (fileSize === undefined && quantization === undefined) return { name, missing: "no quantization or fileSize", atLeast: 0 };
  const load = effective(architecture, wanted);
  // The file's size is known without its parts: all of it counts, in equal layers.
  const weights =
    fileSize === undefined
      ? weightsOf(architecture, quantization ?? "F16")
      : { layers: Array.from({ length: architecture.layers }, () => fileSize / architecture.layers), output: 0, file: fileSize };
  const cache = cachePerLayer(architecture, load);
  const layer = Math.ceil(Math.max(...weights.layers) + cache);
  return {
    name,
    weights: Math.ceil(on === "cpu" ? weights.file : weights.layers.reduce((total, size) => total + size, weights.output)),
    cache: Math.ceil(cache * architecture.layers),
    graph: graphOf(architecture, load),
    overhead: on === "cpu" ? 0 : overheadBytes,
    buffer: on === "cpu" ? 0 : layer,
    layer,
    layers: architecture.layers,
    output: Math.ceil(weights.output),
    load,
  };
}

/** On one GPU, without what is only kept free while it is loaded. */
export function onOneGpu({ weights, cache, graph, overhead }: ModelMemory): number {
  return weights + cache + graph + overhead;
}
