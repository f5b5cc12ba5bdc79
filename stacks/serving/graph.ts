/**
 * Memory beside the weights, as Ollama v0.17.4 reckons it before it decides which layers a GPU takes: GraphSize in fs/ggml/ggml.go, MinimumMemory in ml/device.go,
 * Load and buildLayout in llm/server.go. What the server reckons decides, also where less is used then: what does not fit by it is computed on CPU. Pure.
 */
import type { Architecture } from "./architecture";

/** Set aside on each GPU for each model: the context of CUDA and the like. */
export const overheadBytes = 457 * 2 ** 20;

/** Tokens of a prompt that are computed at once: num_batch. */
const longestBatch = 512;

export type CacheType = "f16" | "q8_0" | "q4_0";

/** Bytes of an element; the quantized ones have a 16-bit scale for each 32. */
const elementBytes: Readonly<Record<CacheType, number>> = { f16: 2, q8_0: 34 / 32, q4_0: 18 / 32 };

export interface Load {
  /** Tokens of each request. */
  readonly context: number;
  readonly parallel: number;
  readonly cacheType: CacheType;
  readonly flashAttention: boolean;
}

/** What of a load a model gets: no context longer than it was trained with, and no flash attention where Ollama does not do it (SupportsFlashAttention). */
export function effective({ family, context }: Architecture, load: Load): Load {
  const flashAttention = load.flashAttention && family !== "gemma2";
  return { ...load, context: Math.min(load.context, context), flashAttention, cacheType: flashAttention ? load.cacheType : "f16" };
}

/** Whether the cache may be q8_0 or q4_0: their blocks of 32 have to divide a head, or the runner ends at the first request. */
export function quantizedCache({ headDim }: Architecture): boolean {
  return headDim % 32 === 0;
}

/** Keys and values of one layer: 2 × tokens × heads × their size. @param load as `effective` gives it */
export function cachePerLayer({ kvHeads, headDim }: Architecture, { context, parallel, cacheType }: Load): number {
  return 2 * context * parallel * kvHeads * headDim * elementBytes[cacheType];
}

/** The compute graph, on each GPU. @param load as `effective` gives it */
export function graphOf(model: Architecture, load: Load): number {
  const reckoned = Math.max(...reckonings(model, load));
  // Without flash attention the product of queries and keys is there as a whole, whatever the estimate of the family says.
  return Math.ceil(load.flashAttention ? reckoned : Math.max(reckoned, plainAttention(model, load)));
}

function plainAttention({ hiddenSize, heads }: Architecture, { context, parallel }: Load): number {
  return 4 * batchOf(context) * (4 * hiddenSize + context * parallel * (1 + heads));
}

/** For all layers on GPUs, and for some. */
function reckonings(model: Architecture, load: Load): readonly number[] {
  const { hiddenSize: e, heads: h, kvHeads, headDim: d, vocabulary: v, layers } = model;
  const [b, c] = [batchOf(load.context), load.context * load.parallel];
  const vocabularyOnCpu = 4 * b * (e + v) + (e * v * 105) / 128;
  switch (model.family) {
    case "llama":
      return [
        4 * b * (1 + 4 * e + c * (1 + h)),
        4 * b * (e + v),
        4 * b * e + 4 * b * (1 + e + Math.max(c, e)) + (e * e * 9) / 16 + 4 * c * (b * h + (e / h) * kvHeads),
        4 * b * e + vocabularyOnCpu,
      ];
    case "qwen2":
      return [4 * b * (e + v), 4 * b * (1 + 2 * e + c + c * h), vocabularyOnCpu, 4 * (b * (1 + 2 * e + c * (1 + h)) + e * (1 + c))];
    case "gemma2":
      return [
        4 * b * (e + v),
        4 * b * (2 + c + c * h + 2 * e + 2 * d * h),
        vocabularyOnCpu,
        4 * b * (2 * e + 1 + 2 * d * h + c + c * h) + 4 * d * c * 8 + (e * d * h * 9) / 16,
      ];
    case "phi3":
    case "other":
      // No formula of its own: a sixth of the cache for each group of queries.
      return [(h / kvHeads) * ((cachePerLayer(model, load) * layers) / 6), 4 * b * (e + v)];
  }
}

function batchOf(context: number): number {
  return Math.min(longestBatch, context);
}
