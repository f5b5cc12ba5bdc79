/** The GPU memory that a pod gets on each group of machines, by how their GPUs are shared. Pure. */
import { gpuResourceOf, resourceOfGroup } from "../gpu";
import { parseBytes } from "../quantities";
import type { PoolConfig, StackConfig } from "../schema";
import { instanceOf } from "./mig";

/** A GPU, or the part of one, that a pod gets for each that it requests. */
export interface GpuShare {
  /** Group of machines. */
  readonly group: string;
  readonly class: string;
  /** Bytes that all models on it may take together. */
  readonly memory: number;
  /** How many of them a pod can use together. */
  readonly most: number;
  /** For people: `A100`, `a quarter of A100`, `1g.10gb of A100`. */
  readonly name: string;
}

export interface Candidates {
  readonly shares: readonly GpuShare[];
  /** Groups with GPUs of which nothing is said. */
  readonly undeclared: readonly string[];
}

/** Where a pool's pods may be placed: the groups that have what they request, of its class if it has one. */
export function candidatesOf(pool: Pick<PoolConfig, "gpuClass">, config: StackConfig): Candidates {
  const resource = gpuResourceOf(pool, config);
  const withGpus = config.cluster.nodes.filter(
    (group) => group.gpus > 0 && resourceOfGroup(group, config) === resource && (pool.gpuClass === undefined || group.gpu?.class === pool.gpuClass),
  );
  return {
    shares: withGpus.flatMap((group) => {
      const share = shareOf(group);
      return share ? [share] : [];
    }),
    undeclared: withGpus.filter(({ gpu }) => gpu === undefined).map(({ name }) => name),
  };
}

type NodeGroup = StackConfig["cluster"]["nodes"][number];

export function shareOf({ name: group, gpus, gpu }: NodeGroup): GpuShare | undefined {
  if (gpu === undefined) return undefined;
  const whole = Number(parseBytes(gpu.memory));
  const { sharing } = gpu;
  switch (sharing.kind) {
    case "whole":
      return { group, class: gpu.class, memory: whole, most: gpus, name: gpu.class };
    case "timeSlicing":
      // Nothing keeps the pods apart: all of them together have the memory of the GPU.
      return { group, class: gpu.class, memory: Math.floor(whole / sharing.replicas), most: 1, name: `1/${sharing.replicas} of ${gpu.class}` };
    case "mig":
      // A process of CUDA uses one instance, however many it is given.
      return { group, class: gpu.class, memory: instanceOf(sharing.profile, whole).memory, most: 1, name: `${sharing.profile} of ${gpu.class}` };
  }
}
