/**
 * Models that memory planning and governance know. Dimensions are those of each model's config.json, as public repositories repeat it (`source`); sizes are those
 * of published GGUF files, in the decimals in which the pages give them. What no source gave is left out. Pure data.
 */
import type { Architecture, Quantization } from "./architecture";

/** Where a number was read. */
const presets = "mlc-ai/mlc-llm@79d603f python/mlc_llm/model/model_preset.py";
const litgpt = "Lightning-AI/litgpt@2685705 litgpt/config.py";
const huggingFace = (path: string) => `huggingface.co/${path}`;
/** The table of models of Ollama's README, v0.3 to v0.6. */
const readme = "ollama/ollama README.md, model library";

/** A published file. */
export interface PublishedFile {
  readonly quantization: Quantization;
  /** Bytes, rounded as the source does. */
  readonly size: number;
  readonly source: string;
}

export interface CatalogueModel {
  /** `codellama:7b`: model and size of the platform's names. */
  readonly id: string;
  readonly architecture: Architecture;
  /** Of the dimensions. */
  readonly source: string;
  /** Key of `licences`. */
  readonly licence: string;
  /** What the tag of the model's size is at Ollama's registry, where a source says so. */
  readonly library?: Quantization;
  readonly files: readonly PublishedFile[];
}

/** Licences: SPDX identifiers, and names for those that SPDX does not know. What of them a user has to know. */
export const licences: Readonly<Record<string, string>> = {
  "Apache-2.0": "no restriction of use",
  MIT: "no restriction of use",
  "Llama-2-Community": "a licence of its own from Meta above 700 million monthly users; acceptable use policy; no training of other models with its output",
  "Llama-3.1-Community": "a licence of its own from Meta above 700 million monthly users; acceptable use policy; “Built with Llama” is shown",
  "Llama-3.2-Community": "a licence of its own from Meta above 700 million monthly users; acceptable use policy; “Built with Llama” is shown",
  "Gemma-Terms": "Google's prohibited use policy, which must be passed on; Google may restrict use that breaks it",
  "DeepSeek-Model-License": "use restrictions of its attachment A, which must be passed on",
};

type Size = readonly [quantization: Quantization, size: number];
const from = (source: string, ...sizes: readonly Size[]): PublishedFile[] => sizes.map(([quantization, size]) => ({ quantization, size, source }));

/** CodeLlama, Mistral and DeepSeek-Coder are Llama's architecture. */
const llama = { family: "llama", headDim: 128, tied: false } as const;
const qwen = { family: "qwen2", headDim: 128, context: 32_768 } as const;
const gemma = { family: "gemma2", vocabulary: 256_000, context: 8192, tied: true } as const;
const deepseek = { ...llama, vocabulary: 32_256, context: 16_384 } as const;

export const catalogue: readonly CatalogueModel[] = [
  {
    id: "codellama:7b",
    architecture: { ...llama, layers: 32, hiddenSize: 4096, feedForward: 11_008, heads: 32, kvHeads: 32, vocabulary: 32_016, context: 16_384 },
    source: presets,
    licence: "Llama-2-Community",
    library: "Q4_0",
    files: [...from(huggingFace("TheBloke/CodeLlama-7B-GGUF"), ["Q4_0", 3.83e9], ["Q4_K_M", 4.08e9], ["Q8_0", 7.16e9]), ...from(readme, ["Q4_0", 3.8e9])],
  },
  {
    id: "codellama:13b",
    architecture: { ...llama, layers: 40, hiddenSize: 5120, feedForward: 13_824, heads: 40, kvHeads: 40, vocabulary: 32_016, context: 16_384 },
    source: presets,
    licence: "Llama-2-Community",
    library: "Q4_0",
    files: from(huggingFace("TheBloke/CodeLlama-13B-GGUF"), ["Q4_0", 7.37e9], ["Q4_K_M", 7.87e9], ["Q8_0", 13.8e9]),
  },
  {
    id: "codellama:34b",
    architecture: { ...llama, layers: 48, hiddenSize: 8192, feedForward: 22_016, heads: 64, kvHeads: 8, vocabulary: 32_000, context: 16_384 },
    source: litgpt,
    licence: "Llama-2-Community",
    library: "Q4_0",
    files: from(huggingFace("TheBloke/CodeLlama-34B-Instruct-GGUF"), ["Q4_0", 19.1e9], ["Q4_K_M", 20.2e9], ["Q8_0", 35.8e9]),
  },
  {
    id: "llama3.2:1b",
    architecture: {
      family: "llama",
      layers: 16,
      hiddenSize: 2048,
      feedForward: 8192,
      heads: 32,
      kvHeads: 8,
      headDim: 64,
      vocabulary: 128_256,
      context: 131_072,
      tied: true,
    },
    source: presets,
    licence: "Llama-3.2-Community",
    library: "Q8_0",
    files: from(readme, ["Q8_0", 1.3e9]),
  },
  {
    id: "llama3.2:3b",
    architecture: { ...llama, layers: 28, hiddenSize: 3072, feedForward: 8192, heads: 24, kvHeads: 8, vocabulary: 128_256, context: 131_072, tied: true },
    source: presets,
    licence: "Llama-3.2-Community",
    library: "Q4_K_M",
    files: [
      ...from("ollama/ollama v0.17.4 docs/api.md", ["Q4_K_M", 2_019_393_189]),
      ...from(huggingFace("bartowski/Llama-3.2-3B-Instruct-GGUF"), ["Q4_0", 1.92e9], ["Q4_K_M", 2.02e9]),
      ...from(huggingFace("osllmai-community/Llama-3.2-3B-Instruct-GGUF"), ["Q8_0", 3.42e9], ["F16", 6.43e9]),
    ],
  },
  {
    id: "llama3.1:8b",
    architecture: { ...llama, layers: 32, hiddenSize: 4096, feedForward: 14_336, heads: 32, kvHeads: 8, vocabulary: 128_256, context: 131_072 },
    source: presets,
    licence: "Llama-3.1-Community",
    files: from(readme, ["Q4_0", 4.7e9]),
  },
  {
    id: "mistral:7b",
    architecture: { ...llama, layers: 32, hiddenSize: 4096, feedForward: 14_336, heads: 32, kvHeads: 8, vocabulary: 32_768, context: 32_768 },
    source: presets,
    licence: "Apache-2.0",
    files: [
      ...from(huggingFace("ikawrakow/mistral-7b-quantized-gguf"), ["Q4_0", 4_108_916_352]),
      ...from(huggingFace("TheBloke/Mistral-7B-v0.1-GGUF"), ["Q4_K_M", 4_368_438_912]),
      ...from(readme, ["Q4_0", 4.1e9]),
    ],
  },
  {
    id: "qwen2.5-coder:1.5b",
    architecture: { ...qwen, layers: 28, hiddenSize: 1536, feedForward: 8960, heads: 12, kvHeads: 2, vocabulary: 151_936, tied: true },
    source: litgpt,
    licence: "Apache-2.0",
    files: from(huggingFace("mradermacher/Qwen2.5-Coder-1.5B-GGUF"), ["Q4_K_M", 0.986e9], ["Q8_0", 1.65e9]),
  },
  {
    id: "qwen2.5-coder:7b",
    architecture: { ...qwen, layers: 28, hiddenSize: 3584, feedForward: 18_944, heads: 28, kvHeads: 4, vocabulary: 152_064, tied: false },
    source: litgpt,
    licence: "Apache-2.0",
    // A distillation into the same model: family qwen2, 7.6B.
    files: from("ollama/ollama v0.17.4 docs/api.md, deepseek-r1", ["Q4_K_M", 4_683_075_271]),
  },
  {
    id: "qwen2.5-coder:14b",
    architecture: { ...qwen, layers: 48, hiddenSize: 5120, feedForward: 13_824, heads: 40, kvHeads: 8, vocabulary: 152_064, tied: false },
    source: litgpt,
    licence: "Apache-2.0",
    files: from(huggingFace("mradermacher/Qwen2.5-Coder-14B-GGUF"), ["Q4_K_M", 8.99e9], ["Q8_0", 15.7e9]),
  },
  {
    id: "qwen2.5-coder:32b",
    architecture: { ...qwen, layers: 64, hiddenSize: 5120, feedForward: 27_648, heads: 40, kvHeads: 8, vocabulary: 152_064, tied: false },
    source: litgpt,
    licence: "Apache-2.0",
    files: from(huggingFace("mradermacher/Qwen2.5-Coder-32B-GGUF"), ["Q4_K_M", 19.9e9], ["Q8_0", 34.8e9]),
  },
  {
    id: "phi3:3.8b",
    architecture: {
      family: "phi3",
      layers: 32,
      hiddenSize: 3072,
      feedForward: 8192,
      heads: 32,
      kvHeads: 32,
      headDim: 96,
      vocabulary: 32_064,
      context: 131_072,
      tied: false,
    },
    source: litgpt,
    licence: "MIT",
    files: [
      ...from(huggingFace("ukung/Phi-3-mini-4k-instruct-GGUF"), ["Q4_0", 2.18e9]),
      ...from(huggingFace("mradermacher/Phi-3-mini-4k-instruct-GGUF"), ["Q4_K_M", 2.39e9], ["Q8_0", 4.06e9], ["F16", 7.64e9]),
    ],
  },
  {
    id: "phi3:14b",
    architecture: {
      family: "phi3",
      layers: 40,
      hiddenSize: 5120,
      feedForward: 17_920,
      heads: 40,
      kvHeads: 10,
      headDim: 128,
      vocabulary: 32_064,
      context: 131_072,
      tied: false,
    },
    source: huggingFace("LoneStriker/Phi-3-medium-4k-instruct-4.0bpw-h6-exl2 config.json"),
    licence: "MIT",
    library: "Q4_0",
    files: [...from(readme, ["Q4_0", 7.9e9]), ...from(huggingFace("mradermacher/Phi-3-medium-4k-instruct-GGUF"), ["Q4_K_M", 8.57e9], ["Q8_0", 14.8e9])],
  },
  {
    id: "gemma2:2b",
    architecture: { ...gemma, layers: 26, hiddenSize: 2304, feedForward: 9216, heads: 8, kvHeads: 4, headDim: 256 },
    source: presets,
    licence: "Gemma-Terms",
    library: "Q4_0",
    files: from(readme, ["Q4_0", 1.6e9]),
  },
  {
    id: "gemma2:9b",
    architecture: { ...gemma, layers: 42, hiddenSize: 3584, feedForward: 14_336, heads: 16, kvHeads: 8, headDim: 256 },
    source: presets,
    licence: "Gemma-Terms",
    library: "Q4_0",
    files: [...from(readme, ["Q4_0", 5.5e9]), ...from(huggingFace("RichardErkhov/google_-_gemma-2-9b-it-gguf"), ["Q4_0", 5.44e9], ["Q4_K_M", 5.76e9])],
  },
  {
    id: "gemma2:27b",
    architecture: { ...gemma, layers: 46, hiddenSize: 4608, feedForward: 36_864, heads: 32, kvHeads: 16, headDim: 128 },
    source: presets,
    licence: "Gemma-Terms",
    library: "Q4_0",
    files: [...from(readme, ["Q4_0", 16e9]), ...from(huggingFace("mradermacher/gemma-2-27b-it-GGUF"), ["Q4_K_M", 16.6e9], ["Q8_0", 28.9e9])],
  },
  {
    id: "deepseek-coder:1.3b",
    architecture: { ...deepseek, layers: 24, hiddenSize: 2048, feedForward: 5504, heads: 16, kvHeads: 16 },
    source: huggingFace("unrahul/deepseek-coder-1.3b-instruct-fp16 config.json"),
    licence: "DeepSeek-Model-License",
    files: from(huggingFace("TheBloke/deepseek-coder-1.3b-instruct-GGUF"), ["Q4_0", 0.776e9], ["Q4_K_M", 0.874e9]),
  },
  {
    id: "deepseek-coder:6.7b",
    architecture: { ...deepseek, layers: 32, hiddenSize: 4096, feedForward: 11_008, heads: 32, kvHeads: 32 },
    source: huggingFace("cfahlgren1/NaturalSQL-6.7B-v0 config.json, made from deepseek-coder-6.7b-instruct"),
    licence: "DeepSeek-Model-License",
    files: from(huggingFace("TheBloke/deepseek-coder-6.7B-instruct-GGUF"), ["Q4_0", 3.83e9], ["Q4_K_M", 4.08e9]),
  },
  {
    id: "deepseek-coder:33b",
    architecture: { ...deepseek, layers: 62, hiddenSize: 7168, feedForward: 19_200, heads: 56, kvHeads: 8 },
    source: huggingFace("codefuse-ai/CodeFuse-DeepSeek-33B-4bits config.json, made from deepseek-coder-33b-base"),
    licence: "DeepSeek-Model-License",
    files: from(huggingFace("TheBloke/deepseek-coder-33B-instruct-GGUF"), ["Q4_0", 18.8e9], ["Q4_K_M", 19.9e9]),
  },
  {
    // images/tiny-model: random weights.
    id: "tiny:0.1m",
    architecture: {
      family: "llama",
      layers: 2,
      hiddenSize: 64,
      feedForward: 128,
      heads: 4,
      kvHeads: 4,
      headDim: 16,
      vocabulary: 354,
      context: 512,
      tied: false,
    },
    source: "images/tiny-model/model.ts",
    licence: "Apache-2.0",
    library: "F32",
    files: [],
  },
];

export function catalogued(id: string): CatalogueModel | undefined {
  return catalogue.find((one) => one.id === id);
}
