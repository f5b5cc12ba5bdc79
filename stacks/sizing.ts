/** What `sizing` and the environment decide. Quantities are Kubernetes'; GPUs are counted by `requests.`, the only name under which a quota counts them. Pure. */
import type { ProjectQuota } from "./projects";
import type { StackConfig } from "./schema";

/** Requests and limits of one container. */
export interface ContainerSize {
  readonly requests: { readonly cpu: string; readonly memory: string; readonly "ephemeral-storage": string };
  readonly limits: { readonly cpu: string; readonly memory: string; readonly "ephemeral-storage": string };
}

export interface Sizing {
  /** Hard limits of the platform's project, and of ai-infrastructure. */
  readonly quota: { readonly platform: ProjectQuota; readonly infrastructure: ProjectQuota };
  /** What a container gets that says nothing, and the most that one may ask for. */
  readonly containers: { readonly default: ContainerSize; readonly max: { readonly cpu: string; readonly memory: string } };
  /** The volume of models. */
  readonly modelStorage: string;
  /** Ollama, in a replica of a pool: `serverSize` of it. */
  readonly server: ContainerSize;
  /** Memory of Ollama beside a GPU, requested and at most: models are in the GPU's own. */
  readonly gpuServerMemory: string;
  /** What stands before it in its pod: counts, blocks, drains. */
  readonly sidecar: ContainerSize;
  /** What stands before the replicas of a pool. */
  readonly router: ContainerSize;
  /** Routers of each pool. */
  readonly routers: number;
  /** A container that loads or verifies a model. */
  readonly loader: ContainerSize;
  /** The stack's own PostgreSQL, and its volume. */
  readonly database: ContainerSize;
  readonly databaseStorage: string;
  /** The authenticated API, and how many of it. */
  readonly gateway: ContainerSize;
  readonly gateways: number;
}

/** The guide's containers: those of real machines and models, in all environments. */
const guide: Omit<Sizing, "quota"> = {
  containers: { default: size("100m", "128Mi", "1", "512Mi"), max: { cpu: "16", memory: "64Gi" } },
  modelStorage: "500Gi",
  server: size("2", "8Gi", "4", "16Gi"),
  gpuServerMemory: "8Gi",
  sidecar: size("50m", "64Mi", "500m", "128Mi"),
  router: size("100m", "128Mi", "1", "256Mi"),
  routers: 2,
  loader: size("500m", "1Gi", "2", "4Gi"),
  database: size("500m", "1Gi", "2", "2Gi"),
  databaseStorage: "20Gi",
  gateway: size("100m", "128Mi", "1", "256Mi"),
  gateways: 2,
};

/** More than there can be claims: one of the models, and one of each shared volume. */
const claims = 50;

/** ai-infrastructure has no GPUs: what runs there builds and watches, it does not serve. */
const infrastructure: ProjectQuota = { cpu: "8", memory: "16Gi", memoryLimit: "32Gi", gpus: 0, storage: "500Gi", claims, pods: 50 };

/**
 * Development and production as the guide has them: 4 and 8 GPUs, 32/64 and 128/256 GiB. Staging has the GPUs of the one, and room for tests beside them.
 * CPU: a server for each GPU (2 of it), loaders (0.5), and as much again for what comes beside them. Storage: 500 GiB of models, and shared volumes.
 */
const guideQuotas: Readonly<Record<StackConfig["environment"], Sizing["quota"]>> = {
  development: { platform: { cpu: "16", memory: "32Gi", memoryLimit: "64Gi", gpus: 4, storage: "1Ti", claims, pods: 50 }, infrastructure },
  staging: { platform: { cpu: "24", memory: "64Gi", memoryLimit: "128Gi", gpus: 4, storage: "2Ti", claims, pods: 50 }, infrastructure },
  production: { platform: { cpu: "48", memory: "128Gi", memoryLimit: "256Gi", gpus: 8, storage: "2Ti", claims, pods: 100 }, infrastructure },
};

/** All of the platform within 1.6 CPU and 14 GiB, in every environment. Storage is not a measure here: shared volumes count what they are declared with. */
const small: Sizing = {
  quota: {
    platform: { cpu: "1600m", memory: "14Gi", memoryLimit: "24Gi", gpus: 4, storage: "2Ti", claims, pods: 50 },
    infrastructure: { cpu: "400m", memory: "2Gi", memoryLimit: "4Gi", gpus: 0, storage: "50Gi", claims, pods: 20 },
  },
  containers: { default: size("50m", "64Mi", "500m", "256Mi"), max: { cpu: "4", memory: "8Gi" } },
  modelStorage: "2Gi",
  server: size("250m", "256Mi", "2", "1Gi"),
  gpuServerMemory: "1Gi",
  sidecar: size("20m", "32Mi", "500m", "64Mi"),
  router: size("20m", "32Mi", "500m", "64Mi"),
  routers: 1,
  loader: size("100m", "128Mi", "1", "512Mi"),
  database: size("50m", "128Mi", "1", "512Mi"),
  databaseStorage: "1Gi",
  gateway: size("20m", "32Mi", "500m", "128Mi"),
  gateways: 1,
};

/** `guide`: sized as in the guide, for the environment. `small`: the same for all. */
export function sizingOf({ sizing, environment }: Pick<StackConfig, "sizing" | "environment">): Sizing {
  return sizing === "small" ? small : { ...guide, quota: guideQuotas[environment] };
}

/**
 * Size of a pool's server. With GPUs its memory request is its limit: what takes more than it requested is evicted first, and its models are then loaded
 * anew, for minutes. Without, the models are in this memory too, which the limit is for.
 */
export function serverSize({ server, gpuServerMemory: memory }: Pick<Sizing, "server" | "gpuServerMemory">, gpusPerReplica: number): ContainerSize {
  return gpusPerReplica === 0 ? server : { requests: { ...server.requests, memory }, limits: { ...server.limits, memory } };
}

function size(cpu: string, memory: string, cpuLimit: string, memoryLimit: string): ContainerSize {
  return {
    requests: { cpu, memory, "ephemeral-storage": "64Mi" },
    limits: { cpu: cpuLimit, memory: memoryLimit, "ephemeral-storage": "1Gi" },
  };
}
