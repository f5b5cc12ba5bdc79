/**
 * A very small language model with random weights: enough for a real server to load it and to answer, on any machine, in milliseconds. It knows nothing.
 * Its answers at temperature 0 depend on nothing but seed and prompt, so that tests can tell a right model (seed 0) from a wrong one (seed 1).
 */
import { createHash } from "node:crypto";
import { gguf, type Tensor } from "./gguf";

/** Dimensions of the `llama` architecture. */
const VOCABULARY = 3 + 256 + 95;
const WIDTH = 64;
const LAYERS = 2;
const HEADS = 4;
const FEED_FORWARD = 128;
/** Tokens. */
const CONTEXT = 512;

/** Control tokens, one per byte, then "▁" (a space in SentencePiece) and the printable ASCII characters. */
const PRINTABLE = 3 + 256;
const TOKENS: readonly string[] = [
  "<unk>",
  "<s>",
  "</s>",
  ...Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`),
  "▁",
  ...Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i)),
];
/** Token types of llama.cpp. */
const TYPE = { normal: 1, unknown: 2, control: 3, byte: 6 } as const;

/** @param seed same seed, same bytes; 0 is the right model, 1 a wrong one @param embeds whether it embeds texts and does nothing else */
export function tinyModel(seed: number, embeds = false): Buffer {
  const random = generator(seed);
  const matrix = (name: string, inputs: number, outputs: number): Tensor => ({
    name,
    shape: [inputs, outputs],
    data: Float32Array.from({ length: inputs * outputs }, () => (random() - 0.5) * 0.17), // standard deviation 0.05
  });
  const ones = (name: string): Tensor => ({ name, shape: [WIDTH], data: new Float32Array(WIDTH).fill(1) });
  const output = matrix("output.weight", WIDTH, VOCABULARY);
  output.data.fill(0, 0, PRINTABLE * WIDTH); // so that no control or byte token is ever the likeliest: answers are printable
  const tensors = [matrix("token_embd.weight", WIDTH, VOCABULARY), output, ones("output_norm.weight")];
  for (let layer = 0; layer < LAYERS; layer++) {
    const name = (part: string) => `blk.${layer}.${part}.weight`;
    tensors.push(ones(name("attn_norm")), ones(name("ffn_norm")));
    for (const part of ["attn_q", "attn_k", "attn_v", "attn_output"]) tensors.push(matrix(name(part), WIDTH, WIDTH));
    tensors.push(matrix(name("ffn_gate"), WIDTH, FEED_FORWARD), matrix(name("ffn_up"), WIDTH, FEED_FORWARD), matrix(name("ffn_down"), FEED_FORWARD, WIDTH));
  }
  const u32 = (value: number) => ({ type: "u32", value }) as const;
  const string = (value: string) => ({ type: "string", value }) as const;
  return gguf(
    {
      "general.architecture": string("llama"),
      "general.name": string("tiny"),
      "general.file_type": u32(0), // all 32-bit floats
      "general.alignment": u32(32),
      "llama.context_length": u32(CONTEXT),
      "llama.embedding_length": u32(WIDTH),
      "llama.block_count": u32(LAYERS),
      "llama.feed_forward_length": u32(FEED_FORWARD),
      "llama.attention.head_count": u32(HEADS),
      "llama.attention.head_count_kv": u32(HEADS),
      "llama.attention.layer_norm_rms_epsilon": { type: "f32", value: 1e-5 },
      "llama.rope.dimension_count": u32(WIDTH / HEADS),
      "llama.vocab_size": u32(VOCABULARY),
      ...(embeds ? { "llama.pooling_type": u32(1) } : {}), // the mean over all tokens
      "tokenizer.ggml.model": string("llama"),
      "tokenizer.ggml.tokens": { type: "string[]", value: TOKENS },
      "tokenizer.ggml.scores": { type: "f32[]", value: TOKENS.map(() => 0) },
      "tokenizer.ggml.token_type": { type: "i32[]", value: TOKENS.map((_, id) => typeOf(id)) },
      "tokenizer.ggml.bos_token_id": u32(1),
      "tokenizer.ggml.eos_token_id": u32(2),
      "tokenizer.ggml.unknown_token_id": u32(0),
    },
    tensors,
  );
}

/**
 * What `ollama create -f` reads beside the model file. Greedy and short, so that an answer is the same each time and ends. One thread: its matrices are so small
 * that threads only wait for each other, for seconds per answer on a busy machine instead of milliseconds.
 */
export const modelfile = `FROM ./model.gguf
TEMPLATE """{{ if .System }}{{ .System }}
{{ end }}{{ .Prompt }}
"""
PARAMETER num_ctx ${CONTEXT}
PARAMETER num_predict 64
PARAMETER num_thread 1
PARAMETER temperature 0
`;

/** The files of a model folder, by name; `sha256sums` is in the format of `sha256sum --check`. */
export function modelFiles(seed: number, embeds = false): Readonly<Record<"model.gguf" | "Modelfile" | "sha256sums", Buffer>> {
  const files = { "model.gguf": tinyModel(seed, embeds), Modelfile: Buffer.from(modelfile) };
  const sums = Object.entries(files).map(([name, content]) => `${createHash("sha256").update(content).digest("hex")}  ${name}\n`);
  return { ...files, sha256sums: Buffer.from(sums.join("")) };
}

function typeOf(id: number): number {
  if (id === 0) return TYPE.unknown;
  if (id < 3) return TYPE.control;
  return id < PRINTABLE ? TYPE.byte : TYPE.normal;
}

/** SplitMix32: uniform numbers in [0, 1) from integer arithmetic only, so that every machine gets the same ones. */
function generator(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let z = state ^ (state >>> 16);
    z = Math.imul(z, 0x21f0aaad);
    z ^= z >>> 15;
    z = Math.imul(z, 0x735a2d97);
    return ((z ^ (z >>> 15)) >>> 0) / 2 ** 32;
  };
}
