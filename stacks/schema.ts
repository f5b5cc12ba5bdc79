/**
 * The configuration of a stack: what stands under `openshift-ai-platform:` in `Pulumi.<stack>.yaml`.
 * Every field has a description; the error messages and the reference in docs are made from this schema. Unknown keys are refused.
 */
import { z } from "zod";

/** A DNS label, as namespaces, Services and the like are named. */
const dnsLabel = z
  .string()
  .regex(/^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$/, "lower-case letters, digits and hyphens, at most 40, beginning with a letter")
  .meta({ examples: ["ollama"] });

const bytes = z.string().regex(/^[1-9][0-9]*(Mi|Gi|Ti)$/, "a quantity of bytes: a whole number with Mi, Gi or Ti");

/** `[namespace/]model:tag` in lower case: the form in which Ollama lists it, so that names can be compared. */
const modelName = z
  .string()
  .regex(/^([a-z0-9_][a-z0-9_-]{0,79}\/)?[a-z0-9_][a-z0-9._-]{0,79}:[a-z0-9_][a-z0-9._-]{0,79}$/, "a model name with its tag, model:tag or namespace/model:tag")
  .meta({ examples: ["codellama:7b-v1.0-base"] });

/** The same, with the host of a registry in front of it where the model comes from a mirror. */
const upstreamName = z
  .string()
  .regex(
    /^([a-z0-9.-]+(:[0-9]+)?\/[a-zA-Z0-9_-]+\/|[a-zA-Z0-9_-]+\/)?[a-zA-Z0-9_][a-zA-Z0-9._-]*:[a-zA-Z0-9_][a-zA-Z0-9._-]*$/,
    "a name that Ollama can pull, with its tag",
  )
  .meta({ examples: ["codellama:7b-code", "models.example.com/library/codellama:7b-code"] });

const sha256 = z
  .string()
  .regex(/^sha256:[0-9a-f]{64}$/, "sha256: and 64 hexadecimal digits")
  .meta({ examples: [`sha256:${"0".repeat(64)}`] });

const goDuration = z
  .string()
  .regex(/^(-1|([1-9][0-9]*[hms])+)$/, "a duration such as 24h, 90m or 30s; -1 for ever")
  .meta({ examples: ["24h"] });

const modelSource = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("image").describe("an OCI image whose folder `path` holds a Modelfile, the files that it names, and their checksums in `sha256sums`"),
    image: z
      .string()
      .min(1)
      .describe("name of the image in images.lock")
      .meta({ examples: ["tiny-model"] }),
    path: z
      .string()
      .regex(/^(\/[A-Za-z0-9._-]+)+$|^\/$/, "an absolute path")
      .default("/")
      .describe("folder of the image that holds the model")
      .meta({ examples: ["/models/tiny"] }),
  }),
  z.strictObject({
    kind: z.literal("registry").describe("a registry that Ollama pulls from: its own, or a mirror; needs a way out on port 443"),
    name: upstreamName.describe("name of the model there, with the host of the mirror where it is one"),
    digest: sha256.describe("digest of the model's manifest; `ollama list` shows its first 12 digits"),
  }),
]);

const model = z.strictObject({
  name: modelName.describe("name under which clients ask for the model"),
  source: modelSource.describe("where the model comes from"),
  loadMinutes: z
    .int()
    .min(1)
    .max(1440)
    .default(60)
    .describe("minutes that loading it into the store may take")
    .meta({ examples: [60] }),
});

const pool = z.strictObject({
  name: dnsLabel.describe("name of the pool, of its Service and of its pods"),
  models: z
    .array(modelName)
    .min(1)
    .max(16)
    .describe("names of the models that each replica keeps loaded")
    .meta({ examples: [["codellama:7b-v1.0-base"]] }),
  replicas: z
    .int()
    .min(1)
    .max(64)
    .default(1)
    .describe("pods")
    .meta({ examples: [1] }),
  gpusPerReplica: z
    .int()
    .min(0)
    .max(16)
    .default(1)
    .describe("GPUs of each pod; 0 runs on CPU")
    .meta({ examples: [1] }),
  nodeSelector: z
    .record(z.string().regex(/^([a-z0-9.-]+\/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/), z.string())
    .default({})
    .describe("labels of the nodes that the pods may run on")
    .meta({ examples: [{ "gpu.nvidia.com/class": "A100" }] }),
  parallel: z
    .int()
    .min(1)
    .max(64)
    .default(4)
    .describe("requests that a model answers at the same time")
    .meta({ examples: [4] }),
  contextLength: z
    .int()
    .min(256)
    .max(1_048_576)
    .default(4096)
    .describe("tokens of context of each request; memory grows with it times `parallel`")
    .meta({ examples: [8192] }),
  keepAlive: goDuration.default("24h").describe("how long an idle model stays in memory"),
  loadTimeoutSeconds: z
    .int()
    .min(10)
    .max(3600)
    .default(300)
    .describe("seconds that loading a model into memory may take")
    .meta({ examples: [300] }),
  maxLoadedModels: z
    .int()
    .min(1)
    .max(16)
    .default(3)
    .describe("models in memory at the same time, per GPU")
    .meta({ examples: [3] }),
  maxQueue: z
    .int()
    .min(1)
    .max(65_536)
    .default(512)
    .describe("requests that wait; more are refused")
    .meta({ examples: [512] }),
  flashAttention: z
    .boolean()
    .default(true)
    .describe("flash attention: less memory for long contexts")
    .meta({ examples: [true] }),
  kvCacheType: z.enum(["f16", "q8_0", "q4_0"]).default("f16").describe("type of the key/value cache; the quantized ones need flash attention"),
  origins: z
    .array(z.string().regex(/^https?:\/\/[^*\s]+$/, "an origin such as https://chat.example.com, without wildcards"))
    .default([])
    .describe("browser origins that may call the server, besides localhost")
    .meta({ examples: [["https://chat.example.com"]] }),
  drainSeconds: z
    .int()
    .min(1)
    .max(3600)
    .default(30)
    .describe("seconds between leaving the Service and stopping, in which answers end")
    .meta({ examples: [30] }),
});

export const schema = z.strictObject({
  environment: z.enum(["development", "staging", "production"]).describe("decides the project: ai-development, ai-staging or ai-production"),
  platform: z.enum(["openshift", "kubernetes"]).describe("what the cluster is"),
  sizing: z.enum(["guide", "small"]).default("guide").describe("`guide` for real machines and GPUs, `small` for a cluster on one machine"),
  cluster: z
    .strictObject({
      name: dnsLabel.describe("name of the cluster; never change it while the stack exists, objects would be taken for those of another cluster"),
      context: z
        .string()
        .min(1)
        .describe("context of the kubeconfig; the current one is never used")
        .meta({ examples: ["ai-development"] }),
      kubeconfig: z
        .string()
        .regex(/^[^\n{}]+$/, "a path, not the content of the file")
        .optional()
        .describe("path of the kubeconfig; default: where kubectl finds it")
        .meta({ examples: ["~/.kube/ai-cluster"] }),
      kubectl: z
        .string()
        .min(1)
        .default("kubectl")
        .describe("program that the smoke check asks the model with")
        .meta({ examples: ["kubectl"] }),
      apiServerAddresses: z
        .array(z.union([z.cidrv4(), z.cidrv6()]))
        .min(1)
        .describe("addresses from which the API server's proxy reaches pods: kubectl get endpointslice kubernetes -n default")
        .meta({ examples: [["10.0.0.10/32"]] }),
    })
    .describe("the cluster and the way to it"),
  imagesLock: z
    .string()
    .min(1)
    .optional()
    .describe("path of the cluster's own lock: digests of images that were made for it; default: those of images/images.lock")
    .meta({ examples: [".state/clusters/dev/images.lock"] }),
  storage: z
    .strictObject({
      models: z
        .strictObject({
          class: z
            .string()
            .min(1)
            .optional()
            .describe("StorageClass; default: the cluster's default class")
            .meta({ examples: ["ai-model-storage"] }),
          size: bytes
            .optional()
            .describe("size of the volume; default: by sizing")
            .meta({ examples: ["500Gi"] }),
          accessMode: z
            .enum(["ReadWriteOnce", "ReadWriteMany"])
            .default("ReadWriteOnce")
            .describe("ReadWriteMany lets the replicas of a pool run on several nodes"),
        })
        .prefault({})
        .describe("the volume that holds the models"),
    })
    .prefault({})
    .describe("volumes"),
  models: z.array(model).min(1).max(64).describe("the models of this stack"),
  serving: z.strictObject({ pools: z.array(pool).min(1).max(16).describe("groups of equal model servers") }).describe("what answers"),
  smokeCheck: z
    .boolean()
    .default(true)
    .describe("ask the model once after each change; false where nodes are simulated")
    .meta({ examples: [true] }),
});

export type StackConfig = z.output<typeof schema>;
export type PoolConfig = StackConfig["serving"]["pools"][number];
export type ModelConfig = StackConfig["models"][number];
