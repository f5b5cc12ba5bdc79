/**
 * The configuration of a stack: what stands under `openshift-ai-platform:` in `Pulumi.<stack>.yaml`.
 * Every field has a description; error messages, docs/configuration.md and the schema for editors are made from this one. Unknown keys are refused.
 */
import { z } from "zod";
import { bytes, cpu, gpus, labelValue } from "./fields";
import { build } from "./builds";
import { cluster } from "./cluster";
import { data } from "./data";
import { gateway } from "./gateway";
import { network, registry, registryCredentials } from "./network";
import { observability } from "./observability";
import { model, serving } from "./serving";
import { storage } from "./storage";
import { access, team } from "./teams";

const layer = (what: string) => z.boolean().default(true).describe(what);

export const schema = z.strictObject({
  environment: z.enum(["development", "staging", "production"]).describe("decides the project: ai-development, ai-staging or ai-production"),
  platform: z.enum(["openshift", "kubernetes"]).describe("what the cluster is"),
  sizing: z.enum(["guide", "small"]).default("guide").describe("`guide` for real machines and GPUs, `small` for a cluster on one machine"),
  layers: z
    .strictObject({
      access: layer("roles, and their bindings to the groups of `access` and `teams`; false where rights are managed elsewhere"),
      serving: layer("the store of models and the pools"),
    })
    .prefault({})
    .describe("parts of the platform that can be left out"),
  cluster: cluster.describe("the cluster and the way to it"),
  images: z
    .strictObject({
      lock: z
        .string()
        .min(1)
        .optional()
        .describe(
          "path of a lock beside images/images.lock: what an embedded cluster has, or what make images-push put into a registry of yours; default: none",
        )
        .meta({ examples: ["images.site.lock"] }),
      requireDigests: z.boolean().optional().describe("refuse images of this stack without a digest; default: true in production"),
    })
    .prefault({})
    .describe("which images run"),
  registry: registry.prefault({}).describe("where images are pulled from, and with what"),
  registryCredentials: registryCredentials
    .optional()
    .describe("content of the pull secret, a secret: pulumi config set --secret registryCredentials < config.json; default: none"),
  secrets: z
    .strictObject({
      source: z
        .enum(["generated", "external"])
        .default("generated")
        .describe("`generated`: the stack makes Secrets; `external`: they are there by name (External Secrets, or by hand), and rendering works"),
    })
    .prefault({})
    .describe("where secrets come from"),
  network: network.prefault({}).describe("ways in and out"),
  quota: z
    .strictObject({
      cpu: cpu.optional().describe("requested CPU of the platform's project; default: by sizing"),
      memory: bytes.optional().describe("requested memory; default: by sizing"),
      memoryLimit: bytes.optional().describe("sum of memory limits; default: by sizing"),
      gpus: gpus.optional().describe("GPUs; default: by sizing"),
      storage: bytes.optional().describe("sum of all claims; default: by sizing"),
    })
    .prefault({})
    .describe("hard limits of the platform's project"),
  capacity: z
    .strictObject({
      overcommit: z
        .number()
        .min(1)
        .max(10)
        .default(1.5)
        .describe("how often what is left of the declared nodes may be promised to teams: their quotas together; what does not fit waits")
        .meta({ examples: [1.5] }),
    })
    .prefault({})
    .describe("how the capacity plan reckons"),
  storage: storage.prefault({}).describe("storage classes and volumes"),
  access: access.prefault({}).describe("groups that run the platform and look after it"),
  costCentre: labelValue
    .default("ai-platform")
    .describe("who pays for the platform's own projects, as a label of them")
    .meta({ examples: ["it-0815"] }),
  teams: z.array(team).max(100).default([]).describe("the teams: quotas, rights, models"),
  models: z.array(model).min(1).max(64).describe("the models of this stack"),
  serving: serving.describe("what answers"),
  gateway: gateway
    .optional()
    .describe("the authenticated API before the pools, with keys, limits and budgets; needs `data`; default: none, and teams ask the pools"),
  data: data.prefault({}).describe("the database of the platform's services; made where one of them is there"),
  observability: observability.prefault({}).describe("metrics, rules and alerts, with the capability monitoring"),
  builds: z.array(build).max(16).default([]).describe("images with models baked in, built from Git; needs cluster.capabilities.builds"),
  smokeCheck: z
    .boolean()
    .default(true)
    .describe("ask the model once after each change; false where nodes are simulated")
    .meta({ examples: [true] }),
});

export type StackConfig = z.output<typeof schema>;
export type PoolConfig = StackConfig["serving"]["pools"][number];
export type ModelConfig = StackConfig["models"][number];
export type TeamConfig = StackConfig["teams"][number];
export type PromptConfig = PoolConfig["rollout"]["prompts"][number];
export type BuildConfig = StackConfig["builds"][number];
export type GatewayConfig = NonNullable<StackConfig["gateway"]>;
export type PostgresConfig = StackConfig["data"]["postgres"];
export type HoldConfig = NonNullable<PoolConfig["hold"]>;
