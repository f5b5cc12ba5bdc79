/** What policies know of the stack they look at; the same for all policies. Parameters of one policy stand in its own `parameters`. */
import type { Environment } from "./levels";
import type { Layer } from "./layers";

export interface Settings {
  readonly environment: Environment;
  readonly platform: "openshift" | "kubernetes";
  /** Layers that are built. */
  readonly layers: readonly Layer[];
  /** Extended resources that are GPUs, e.g. `nvidia.com/gpu`, or prefixes that end in a dash or dot: `nvidia.com/mig-`. */
  readonly gpuResources: readonly string[];
  /** GPUs by resource name that the declared nodes offer together; empty: not declared. */
  readonly nodeGpus: Readonly<Record<string, number>>;
  /** How GPUs of each resource are shared, as declared for the nodes; empty: not declared. */
  readonly gpuSharing: Readonly<Record<string, "whole" | "timeSlicing" | "mig">>;
  /** Registries, or prefixes of repositories, that images may come from. */
  readonly registries: readonly string[];
  /** Licences (SPDX or the catalogue's names) that models may have; empty: all. */
  readonly licences: readonly string[];
  /** The target cluster's API: `major.minor`. */
  readonly kubernetesVersion: string;
}

export const defaultSettings: Settings = {
  // The strictest, where nobody says which.
  environment: "production",
  platform: "kubernetes",
  layers: ["foundation", "gpu", "serving", "builds", "observability", "exposure"],
  gpuResources: ["nvidia.com/gpu", "nvidia.com/gpu.shared", "nvidia.com/mig-"],
  nodeGpus: {},
  gpuSharing: {},
  registries: ["docker.io", "ghcr.io", "quay.io", "registry.k8s.io", "registry.redhat.io", "nvcr.io", "localhost/openshift-ai-platform"],
  licences: [],
  kubernetesVersion: "1.33",
};

/** Whether a resource name is a GPU's. */
export function isGpu(settings: Settings, resource: string): boolean {
  return settings.gpuResources.some((name) => resource === name || (/[-.]$/.test(name) && resource.startsWith(name)));
}
