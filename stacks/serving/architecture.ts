/** What planning needs to know of a model's build. Pure. */
import type { families, quantizations } from "../schema/serving";

export type Family = (typeof families)[number];
export type Quantization = (typeof quantizations)[number];

/** Dimensions of a decoder: those of config.json, under its GGUF file's architecture. */
export interface Architecture {
  readonly family: Family;
  readonly layers: number;
  readonly hiddenSize: number;
  readonly feedForward: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly vocabulary: number;
  /** Tokens that it was trained with; Ollama gives no request more. */
  readonly context: number;
  /** One matrix reads and writes tokens. */
  readonly tied: boolean;
}

/** Weights of the matrices, which are all but some thousandths of a model. */
export function parametersOf(model: Architecture): number {
  return matricesOf(model).reduce((total, { rows, columns, count }) => total + rows * columns * count, 0);
}

/** Where a matrix stands decides its type in a quantized file. */
export type Place = "embedding" | "output" | "attention" | "attentionValue" | "attentionFused" | "feedForward" | "feedForwardDown";

export interface Matrix {
  readonly place: Place;
  /** Values that are quantized together: ggml's first dimension. */
  readonly rows: number;
  readonly columns: number;
  /** How many of them: one, or one per layer. */
  readonly count: number;
  readonly perLayer: boolean;
}

/** All matrices. Phi-3's files have query, key and value in one, and gate and up. */
export function matricesOf({ family, layers, hiddenSize, feedForward, heads, kvHeads, headDim, vocabulary, tied }: Architecture): readonly Matrix[] {
  const whole = (place: Place, rows: number, columns: number): Matrix => ({ place, rows, columns, count: 1, perLayer: false });
  const each = (place: Place, rows: number, columns: number): Matrix => ({ place, rows, columns, count: layers, perLayer: true });
  const [queries, keys] = [heads * headDim, kvHeads * headDim];
  return [
    whole("embedding", hiddenSize, vocabulary),
    ...(tied ? [] : [whole("output", hiddenSize, vocabulary)]),
    ...(family === "phi3"
      ? [each("attentionFused", hiddenSize, queries + 2 * keys)]
      : [each("attention", hiddenSize, queries), each("attention", hiddenSize, keys), each("attentionValue", hiddenSize, keys)]),
    each("attention", queries, hiddenSize),
    ...(family === "phi3"
      ? [each("feedForward", hiddenSize, 2 * feedForward)]
      : [each("feedForward", hiddenSize, feedForward), each("feedForward", hiddenSize, feedForward)]),
    each("feedForwardDown", feedForward, hiddenSize),
  ];
}
