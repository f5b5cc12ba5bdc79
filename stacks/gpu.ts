/** How GPUs are requested and counted: classes of machines, what sharing makes of a GPU, and the resource names that follow. Pure. */
import type { PoolConfig, StackConfig } from "./schema";
import { parseBytes } from "./quantities";
import { migGpusOf } from "./serving/mig";

/** Label of a machine by which pools ask for its GPUs; part of what this platform sets, not of what NVIDIA's operator does. */
export const classLabel = "gpu.nvidia.com/class";

/** A GPU of its own. Instances of MIG have this name too where the strategy is `single`. */
export const wholeResource = "nvidia.com/gpu";
/** A turn on a GPU that others use as well: another name, so that a share is never taken for a GPU. */
export const sharedResource = "nvidia.com/gpu.shared";

export type NodeGroup = StackConfig["cluster"]["nodes"][number];
export type GpuConfig = NonNullable<NodeGroup["gpu"]>;
type Cluster = { readonly cluster: Pick<StackConfig["cluster"], "gpuResource" | "nodes"> };

/** Classes of GPUs that machines have, in the order of the groups. */
export function gpuClasses({ cluster: { nodes } }: Cluster): readonly string[] {
  return [...new Set(nodes.flatMap(({ gpu }) => (gpu === undefined ? [] : [gpu.class])))];
}

/** Groups of machines with GPUs of a class. */
export function groupsOf(gpuClass: string, { cluster: { nodes } }: Cluster): readonly NodeGroup[] {
  return nodes.filter(({ gpu }) => gpu?.class === gpuClass);
}

/** The resource that NVIDIA's device plugin offers for GPUs that are shared in this way. */
export function resourceOf({ sharing }: Pick<GpuConfig, "sharing">): string {
  switch (sharing.kind) {
    case "whole":
      return wholeResource;
    case "timeSlicing":
      return sharedResource;
    case "mig":
      return sharing.strategy === "single" ? wholeResource : `nvidia.com/mig-${sharing.profile}`;
  }
}

/** The resource that a group of machines counts its GPUs under. */
export function resourceOfGroup({ gpu }: Pick<NodeGroup, "gpu">, { cluster }: Cluster): string {
  return gpu === undefined ? cluster.gpuResource : resourceOf(gpu);
}

/** The resource by which a pod of the pool requests its GPUs: that of its class, which all groups of the class share in the same way; else the cluster's. */
export function gpuResourceOf({ gpuClass }: Pick<PoolConfig, "gpuClass">, config: Cluster): string {
  const [group] = gpuClass === undefined ? [] : groupsOf(gpuClass, config);
  return group === undefined ? config.cluster.gpuResource : resourceOfGroup(group, config);
}

/** Labels of the machines that the pool's pods run on. */
export function nodeSelectorOf({ gpuClass, nodeSelector }: Pick<PoolConfig, "gpuClass" | "nodeSelector">, _config: Cluster): Record<string, string> {
  return { ...(gpuClass === undefined ? {} : { [classLabel]: gpuClass }), ...nodeSelector };
}

/** How many requests for one of its resource a GPU serves. */
export function partsOf({ sharing, memory, product }: GpuConfig): number {
  switch (sharing.kind) {
    case "whole":
      return 1;
    case "timeSlicing":
      return sharing.replicas;
    case "mig":
      return instancesPerGpu(sharing.profile, Number(parseBytes(memory)), product);
  }
}

/**
 * Equal MIG instances that a GPU is cut into, as MIG Parted's all-PROFILE has them: as many as there are compute slices and eighths of memory for.
 * @param memory bytes of the whole GPU
 */
function instancesPerGpu(profile: string, memory: number, product: string | undefined): number {
  const slices = (name: string): number => Number(name[0]);
  const found = migGpusOf(memory, product).find(({ profiles }) => profiles[profile] !== undefined);
  const eighths = found?.profiles[profile];
  // Of a GPU that is not known here, the names of its profiles tell nearly as much.
  if (found === undefined || eighths === undefined) return Math.min(Math.floor(7 / slices(profile)), Math.round(memory / gigabytesOf(profile) / 1e9));
  const most = Math.max(...Object.keys(found.profiles).map(slices));
  return Math.min(Math.floor(most / slices(profile)), Math.floor(8 / eighths));
}

/** `1g.10gb` → 10 */
function gigabytesOf(profile: string): number {
  return Number(/\.(\d+)gb$/.exec(profile)?.[1]);
}

/** What each machine of a group shows as allocatable of its resource. */
export function allocatableOf({ gpus, gpu }: Pick<NodeGroup, "gpus" | "gpu">): number {
  return gpu === undefined ? gpus : gpus * partsOf(gpu);
}

/** All resources that GPUs are counted under, of the machines and the pools: the cluster's first. */
export function gpuResources(config: Cluster & { readonly serving: Pick<StackConfig["serving"], "pools"> }): readonly string[] {
  const ofMachines = config.cluster.nodes.filter(({ gpus }) => gpus > 0).map((group) => resourceOfGroup(group, config));
  const ofPools = config.serving.pools.map((pool) => gpuResourceOf(pool, config));
  return [...new Set([config.cluster.gpuResource, ...ofMachines, ...ofPools])];
}

/**
 * GPUs under other names than the cluster's, with the most that the pools take of each: scaled out, with a new version beside it and one pod more for an
 * update. What machines have and no pool takes, is 0.
 */
export function furtherGpus(config: Cluster & Pick<StackConfig, "serving" | "layers">): Readonly<Record<string, number>> {
  const pools = config.layers.serving ? config.serving.pools : [];
  const others = gpuResources(config).filter((name) => name !== config.cluster.gpuResource);
  return Object.fromEntries(
    others.map((name) => {
      const takers = pools.filter((pool) => gpuResourceOf(pool, config) === name);
      return [
        name,
        takers.reduce(
          (sum, { scale, replicas, previewReplicas, gpusPerReplica }) => sum + ((scale?.max ?? replicas) + previewReplicas + 1) * gpusPerReplica,
          0,
        ),
      ];
    }),
  );
}
