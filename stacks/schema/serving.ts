/** What answers: models, and the pools of servers that keep them loaded. */
import { z } from "zod";
import { bytes, dnsLabel, goDuration, labels, modelName, sha256, text, upstreamName, whole } from "./fields";
import { rollout, rolloutHold, serviceLevels } from "./rollout";

/** Types of a GGUF file's weights, as they are published. */
export const quantizations = ["F32", "BF16", "F16", "Q8_0", "Q6_K", "Q5_K_M", "Q5_K_S", "Q5_1", "Q5_0", "Q4_K_M", "Q4_K_S", "Q4_1", "Q4_0"] as const;

/** What `ollama create --quantize` makes (ParseFileType in fs/ggml/type.go of Ollama v0.17.4), less what is no smaller than its source; large to small. */
export const quantizeTypes = ["Q8_0", "Q4_K_M", "Q4_K_S"] as const;

/** Architectures whose compute graph Ollama reckons in its own way (GraphSize in fs/ggml/ggml.go). */
export const families = ["llama", "qwen2", "gemma2", "phi3", "other"] as const;

const modelSource = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("image").describe("an OCI image whose folder `path` holds a Modelfile, the files that it names, and their checksums in `sha256sums`"),
    image: z
      .string()
      .min(1)
      .describe("name of the image in images.lock")
      .meta({ examples: ["tiny-model"] }),
    path: text(/^(\/[A-Za-z0-9._-]+)+$|^\/$/, "an absolute path without a slash at the end", "/models/tiny")
      .default("/")
      .describe("folder of the image that holds the model"),
  }),
  z.strictObject({
    kind: z.literal("registry").describe("a registry that Ollama pulls from: its own, or a mirror; needs a way out on port 443"),
    name: upstreamName.describe("name of the model there, with the host of the mirror where it is one"),
    digest: sha256.describe("digest of the model's manifest; `ollama list` shows its first 12 digits"),
  }),
]);

/** Numbers of a model's config.json, or of its GGUF file's metadata; by these the memory of a model that the catalogue does not have is planned. */
const architecture = z.strictObject({
  family: z
    .enum(families)
    .default("llama")
    .describe("general.architecture of the GGUF file (Mistral, CodeLlama and DeepSeek-Coder are `llama`); `other` for what is not in this list"),
  layers: whole(1, 1024, 32).describe("num_hidden_layers, or block_count"),
  hiddenSize: whole(1, 1_048_576, 4096).describe("hidden_size, or embedding_length"),
  feedForward: whole(1, 4_194_304, 11_008).describe("intermediate_size, or feed_forward_length"),
  heads: whole(1, 1024, 32).describe("num_attention_heads, or attention.head_count"),
  kvHeads: whole(1, 1024, 32).describe("num_key_value_heads, or attention.head_count_kv"),
  headDim: whole(1, 4096, 128).optional().describe("head_dim, or attention.key_length; default: hiddenSize / heads"),
  vocabulary: whole(1, 10_000_000, 32_016).describe("vocab_size"),
  context: whole(1, 100_000_000, 16_384).describe("max_position_embeddings, or context_length: the longest context that it was trained with"),
  tied: z
    .boolean()
    .default(false)
    .describe("tie_word_embeddings: the same matrix reads and writes tokens")
    .meta({ examples: [true] }),
});

export const model = z.strictObject({
  name: modelName.describe("name under which clients ask for the model"),
  source: modelSource.describe("where the model comes from"),
  quantize: z
    .enum(quantizeTypes)
    .optional()
    .describe("type that the loader makes of a source in F16 or Safetensors with `ollama create --quantize`; default: as the source is"),
  licence: text(
    /^[A-Za-z0-9][A-Za-z0-9.+-]{0,63}$/,
    "an SPDX identifier, or a name of the catalogue such as Llama-2-Community",
    "Apache-2.0",
    "Llama-2-Community",
  )
    .optional()
    .describe("licence of the weights; default: that of the catalogue"),
  catalogue: text(/^[a-z0-9][a-z0-9._-]*:[0-9.]+[kmb]$/, "the name of a row of docs/sizing.md", "codellama:7b")
    .optional()
    .describe("row of the catalogue (docs/sizing.md) that tells its dimensions; default: the row of the name's model and size, if there is one"),
  quantization: z
    .enum(quantizations)
    .optional()
    .describe("type of the weights of the source, for planning; default: as the tag of the source says, else what Ollama's registry serves for it"),
  fileSize: bytes.optional().describe("size of the weights' file, for planning; default: by the catalogue, or reckoned from the parameters"),
  architecture: architecture.optional().describe("dimensions of a model that the catalogue does not have, for planning; default: by the catalogue"),
  loadMinutes: whole(1, 1440, 60).default(60).describe("minutes that loading it into the store may take"),
});

export const pool = z.strictObject({
  name: dnsLabel.describe("name of the pool, of its Service and of its pods"),
  models: z
    .array(modelName)
    .min(1)
    .max(16)
    .describe("names of the models that each replica keeps loaded")
    .meta({ examples: [["codellama:7b-v1.0-base"]] }),
  replicas: whole(1, 64, 1).default(1).describe("pods; with `scale`, only what the plan and the disruption budget reckon with at the start"),
  scale: z
    .strictObject({
      min: whole(1, 64, 2).describe("fewest pods"),
      max: whole(1, 64, 6).describe("most pods"),
      cpuPercent: whole(10, 100, 70).default(70).describe("CPU of the request, on average, above which pods are added"),
      memoryPercent: whole(10, 100, 80).default(80).describe("memory of the request, on average, above which pods are added"),
      requestsPerReplica: whole(1, 4096, 4)
        .optional()
        .describe("requests in flight for each pod, above which pods are added; with the capability customMetrics; default: `parallel`"),
      queueWaitSeconds: whole(1, 3600, 2).default(2).describe("95th percentile of the time in the queue, above which pods are added; with customMetrics"),
    })
    .optional()
    .describe("autoscaling; needs the capability metrics; default: none"),
  previewReplicas: whole(0, 64, 2).default(0).describe("pods of a new version beside the running ones; their GPUs are kept free in the capacity plan"),
  gpusPerReplica: whole(0, 16, 1).default(1).describe("GPUs of each pod; 0 runs on CPU"),
  gpuClass: text(/^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/, "a class of cluster.nodes[].gpu.class: at most 63 letters, digits, -, _ and .", "A100")
    .optional()
    .describe("class of the GPUs, the value of the node label gpu.nvidia.com/class; default: any"),
  nodeSelector: labels
    .default({})
    .describe("labels of the nodes that the pods may run on")
    .meta({ examples: [{ "gpu.nvidia.com/class": "A100" }] }),
  parallel: whole(1, 64, 4).default(4).describe("requests that a model answers at the same time"),
  contextLength: whole(256, 1_048_576, 8192).default(4096).describe("tokens of context of each request; memory grows with it times `parallel`"),
  keepAlive: goDuration.default("24h").describe("how long an idle model stays in memory"),
  loadTimeoutSeconds: whole(10, 3600, 300).default(300).describe("seconds that loading a model into memory may take"),
  maxLoadedModels: whole(1, 16, 3).default(3).describe("models in memory at the same time, per GPU"),
  maxQueue: whole(1, 65_536, 512).default(512).describe("requests that wait; more are refused"),
  queueSeconds: whole(1, 3600, 60).default(60).describe("longest time that a request waits"),
  flashAttention: z
    .boolean()
    .default(true)
    .describe("flash attention: less memory for long contexts")
    .meta({ examples: [true] }),
  kvCacheType: z.enum(["f16", "q8_0", "q4_0"]).default("f16").describe("type of the key/value cache; the quantized ones need flash attention"),
  origins: z
    .array(text(/^https?:\/\/[^*\s/]+$/, "an origin such as https://chat.example.com, without wildcards and paths", "https://chat.example.com"))
    .default([])
    .describe("browser origins that may call the server, besides localhost")
    .meta({ examples: [["https://chat.example.com"]] }),
  drainSeconds: whole(1, 3600, 30).default(30).describe("seconds between leaving the Service and stopping, in which answers end"),
  rollout: rollout.prefault({}).describe("how a new version takes over; with the capability argoRollouts"),
  hold: rolloutHold.optional().describe("keeps the pods of the version that runs, whatever the rest says; `aictl rollout undo` sets it; default: none"),
  slo: serviceLevels.prefault({}).describe("what users are promised; alerts go by it"),
});

export const serving = z.strictObject({
  pools: z.array(pool).min(1).max(16).describe("groups of equal model servers"),
  licences: z
    .array(text(/^[A-Za-z0-9][A-Za-z0-9.+-]{0,63}$/, "an SPDX identifier, or a name of the catalogue such as Llama-2-Community", "Apache-2.0"))
    .min(1)
    .max(64)
    .optional()
    .describe("licences that models may have; default: any")
    .meta({ examples: [["Apache-2.0", "MIT", "Llama-2-Community"]] }),
});
