/**
 * Sizes of weights by the type of their file: which type llama.cpp's and Ollama's quantizers give each matrix (getTensorNewType in server/quantization.go of
 * Ollama v0.17.4), and the bytes of that type (TypeSize and BlockSize in fs/ggml/ggml.go). Pure.
 */
import { matricesOf, type Architecture, type Matrix, type Quantization } from "./architecture";

type Type = "F32" | "F16" | "Q8_0" | "Q6_K" | "Q5_K" | "Q5_1" | "Q5_0" | "Q4_K" | "Q4_1" | "Q4_0";

/** Bytes of 256 weights. */
const bytesOf256: Readonly<Record<Type, number>> = {
  F32: 1024,
  F16: 512,
  Q8_0: 272,
  Q6_K: 210,
  Q5_K: 176,
  Q5_1: 192,
  Q5_0: 176,
  Q4_K: 144,
  Q4_1: 160,
  Q4_0: 144,
};

/** Types with blocks of 256 weights need rows that are multiples of it; others take 32. What stands in for them. */
const forShortRows: Partial<Record<Type, Type>> = { Q6_K: "Q8_0", Q5_K: "Q5_1", Q4_K: "Q5_0" };

interface Mix {
  readonly most: Type;
  /** Value and down projections of the layers that matter most. */
  readonly more?: { readonly type: Type; readonly layers: (layer: number, of: number, matrix: Matrix) => boolean };
  readonly fused?: Type;
  /** The matrix that writes tokens. */
  readonly output: Type;
}

/** The first and last eighth, and every third between them: useMoreBits. */
const important = (layer: number, of: number): boolean => {
  const eighth = Math.floor(of / 8);
  return layer < eighth || layer >= Math.floor((7 * of) / 8) || (layer - eighth) % 3 === 2;
};
/** What the S types raise: values of the first four layers, down projections of the first eighth. */
const first = (layer: number, of: number, { place }: Matrix): boolean => layer < (place === "attentionValue" ? 4 : Math.floor(of / 8));

const mixes: Readonly<Record<Quantization, Mix>> = {
  F32: { most: "F32", output: "F32" },
  BF16: { most: "F16", output: "F16" }, // as long
  F16: { most: "F16", output: "F16" },
  Q8_0: { most: "Q8_0", output: "Q8_0" },
  Q6_K: { most: "Q6_K", output: "Q6_K" },
  Q5_K_M: { most: "Q5_K", more: { type: "Q6_K", layers: important }, fused: "Q6_K", output: "Q6_K" },
  Q5_K_S: { most: "Q5_K", output: "Q6_K" },
  Q5_1: { most: "Q5_1", output: "Q6_K" },
  Q5_0: { most: "Q5_0", output: "Q6_K" },
  Q4_K_M: { most: "Q4_K", more: { type: "Q6_K", layers: important }, fused: "Q5_K", output: "Q6_K" },
  Q4_K_S: { most: "Q4_K", more: { type: "Q5_K", layers: first }, output: "Q6_K" },
  Q4_1: { most: "Q4_1", output: "Q6_K" },
  Q4_0: { most: "Q4_0", output: "Q6_K" },
};

/** Bytes of the parts of a model's file. */
export interface Weights {
  readonly layers: readonly number[];
  /** What writes tokens, and the last norm. */
  readonly output: number;
  /** What reads tokens: it stays in the machine's memory, unless it writes them too. */
  readonly embedding: number;
  /** The file, but for its metadata: some MiB for the vocabulary. */
  readonly file: number;
}

export function weightsOf(model: Architecture, quantization: Quantization): Weights {
  const matrices = matricesOf(model);
  // Norms stay F32: two of each layer, four of Gemma's.
  const norm = 4 * model.hiddenSize;
  const norms = (model.family === "gemma2" ? 4 : 2) * norm;
  // Biases of query, key and value, in F32 too.
  const biases = model.family === "qwen2" ? 4 * (model.heads + 2 * model.kvHeads) * model.headDim : 0;
  const layers = Array.from({ length: model.layers }, (_, layer) =>
    matrices.filter(({ perLayer }) => perLayer).reduce((total, matrix) => total + sizeOf(matrix, quantization, model, layer), norms + biases),
  );
  const single = (place: Matrix["place"]) =>
    matrices.filter((matrix) => matrix.place === place).reduce((total, one) => total + sizeOf(one, quantization, model), 0);
  const embedding = single("embedding");
  const output = (model.tied ? embedding : single("output")) + norm;
  return { layers, output, embedding, file: layers.reduce((total, size) => total + size, output + (model.tied ? 0 : embedding)) };
}

/**
 * Bytes that quantizing holds at the same time (server/quantization.go): the largest matrix as it is, in a buffer that grows by quarters, as F32, and as it will
 * be; and what a server takes.
 */
export function quantizingMemory(model: Architecture, from: Quantization, to: Quantization): number {
  const server = 256 * 2 ** 20;
  return server + Math.max(...matricesOf(model).map((one) => 1.25 * sizeOf(one, from, model) + sizeOf(one, "F32", model) + sizeOf(one, to, model)));
}

function sizeOf(matrix: Matrix, quantization: Quantization, model: Architecture, layer = 0): number {
  const { rows, columns } = matrix;
  const wanted = typeOf(matrix, mixes[quantization], model, layer);
  const type = rows % 256 === 0 ? wanted : (forShortRows[wanted] ?? wanted);
  return (rows * columns * bytesOf256[rows % 32 === 0 ? type : longest(type)]) / 256;
}

/** Rows that no block fits stay F16. */
function longest(type: Type): Type {
  return type === "F32" ? "F32" : "F16";
}

function typeOf(matrix: Matrix, { most, more, fused, output }: Mix, { tied, layers }: Architecture, layer: number): Type {
  switch (matrix.place) {
    case "output":
      return output;
    case "embedding":
      return tied ? output : most;
    case "attentionFused":
      return fused ?? most;
    case "attentionValue":
    case "feedForwardDown":
      return more?.layers(layer, layers, matrix) ? more.type : most;
    case "attention":
    case "feedForward":
      return most;
  }
}
