/** What answers: models, and the pools of servers that keep them loaded. */
import { z } from "zod";
import { dnsLabel, goDuration, labels, modelName, sha256, text, upstreamName, whole } from "./fields";

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

export const model = z.strictObject({
  name: modelName.describe("name under which clients ask for the model"),
  source: modelSource.describe("where the model comes from"),
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
    })
    .optional()
    .describe("autoscaling; needs the capability metrics; default: none"),
  previewReplicas: whole(0, 64, 2).default(0).describe("pods of a new version beside the running ones; their GPUs are kept free in the capacity plan"),
  gpusPerReplica: whole(0, 16, 1).default(1).describe("GPUs of each pod; 0 runs on CPU"),
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
});
