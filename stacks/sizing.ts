/** What `sizing` decides. Quantities are Kubernetes'; GPUs are counted under `requests.nvidia.com/gpu`, the only name that a quota counts. */

export type SizingName = "guide" | "small";

/** Requests and limits of one container. */
export interface ContainerSize {
  readonly requests: { readonly cpu: string; readonly memory: string; readonly "ephemeral-storage": string };
  readonly limits: { readonly cpu: string; readonly memory: string; readonly "ephemeral-storage": string };
}

export interface Sizing {
  /** Hard limits of the project. */
  readonly quota: {
    readonly gpus: number;
    readonly "requests.cpu": string;
    readonly "requests.memory": string;
    readonly "limits.memory": string;
    readonly "requests.storage": string;
    readonly persistentvolumeclaims: number;
    readonly pods: number;
  };
  /** What a container gets that says nothing, and the most that one may ask for. */
  readonly containers: { readonly default: ContainerSize; readonly max: { readonly cpu: string; readonly memory: string } };
  /** The volume of models. */
  readonly modelStorage: string;
  /** A model server. */
  readonly server: ContainerSize;
  /** A container that loads or verifies a model. */
  readonly loader: ContainerSize;
}

/** `guide`: the sizes of the guide for development (4 GPUs, 32 GiB requested, 500 GiB of models). `small`: all of the platform within 1.6 CPU and 14 GiB. */
export const sizings: Readonly<Record<SizingName, Sizing>> = {
  guide: {
    quota: {
      gpus: 4,
      "requests.cpu": "16",
      "requests.memory": "32Gi",
      "limits.memory": "64Gi",
      "requests.storage": "700Gi",
      persistentvolumeclaims: 20,
      pods: 50,
    },
    containers: { default: size("100m", "128Mi", "1", "512Mi"), max: { cpu: "16", memory: "64Gi" } },
    modelStorage: "500Gi",
    server: size("2", "8Gi", "4", "16Gi"),
    loader: size("500m", "1Gi", "2", "4Gi"),
  },
  small: {
    quota: {
      gpus: 4,
      "requests.cpu": "1600m",
      "requests.memory": "14Gi",
      "limits.memory": "24Gi",
      "requests.storage": "50Gi",
      persistentvolumeclaims: 20,
      pods: 50,
    },
    containers: { default: size("50m", "64Mi", "500m", "256Mi"), max: { cpu: "4", memory: "8Gi" } },
    modelStorage: "2Gi",
    server: size("250m", "256Mi", "2", "1Gi"),
    loader: size("100m", "128Mi", "1", "512Mi"),
  },
};

function size(cpu: string, memory: string, cpuLimit: string, memoryLimit: string): ContainerSize {
  return {
    requests: { cpu, memory, "ephemeral-storage": "64Mi" },
    limits: { cpu: cpuLimit, memory: memoryLimit, "ephemeral-storage": "1Gi" },
  };
}
