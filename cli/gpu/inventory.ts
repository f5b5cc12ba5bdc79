/** GPUs of the cluster: what nodes have, who holds them, what is free. Pure but for the reading. */
import { classLabel } from "../../stacks/gpu";
import { amountOf } from "../../tools/doctor/objects";
import { isTrue, type Node, type Pod } from "../kube/objects";
import { paths } from "../kube/paths";
import type { Client } from "../types";
import { isGpu, podRequests } from "./requests";

export interface Holder {
  readonly namespace: string;
  readonly pod: string;
  readonly count: number;
}

/** One resource of one node. */
export interface NodeGpu {
  readonly resource: string;
  readonly capacity: number;
  readonly allocatable: number;
  readonly requested: number;
  readonly free: number;
  readonly holders: readonly Holder[];
}

export interface GpuNode {
  readonly name: string;
  readonly ready: boolean;
  readonly schedulable: boolean;
  readonly class: string | undefined;
  readonly product: string | undefined;
  /** MiB of one GPU, as GPU feature discovery labels it. */
  readonly memoryMiB: number | undefined;
  readonly sharing: string;
  readonly gpus: readonly NodeGpu[];
}

export interface Inventory {
  readonly nodes: readonly Node[];
  readonly pods: readonly Pod[];
  readonly gpuNodes: readonly GpuNode[];
}

export async function inventory(client: Client): Promise<Inventory> {
  const [nodes, pods] = await Promise.all([client.list<Node>(paths.nodes), client.list<Pod>(paths.allPods)]);
  return { nodes, pods, gpuNodes: nodes.filter(hasGpus).map((node) => gpuNode(node, pods)) };
}

/** Also a node that says so and shows none: its device plugin is away. */
export function hasGpus({ metadata, status }: Node): boolean {
  return Object.keys(status.capacity ?? {}).some(isGpu) || metadata.labels?.["nvidia.com/gpu.present"] === "true";
}

function gpuNode(node: Node, pods: readonly Pod[]): GpuNode {
  const { metadata, spec, status } = node;
  const labels = metadata.labels ?? {};
  const names = [...new Set([...Object.keys(status.capacity ?? {}), ...Object.keys(status.allocatable ?? {})])].filter(isGpu).sort();
  const own = pods.filter((pod) => pod.spec.nodeName === metadata.name && pod.status.phase !== "Succeeded" && pod.status.phase !== "Failed");
  const memory = labels["nvidia.com/gpu.memory"];
  return {
    name: metadata.name,
    ready: isTrue(status.conditions, "Ready"),
    schedulable: !spec.unschedulable,
    class: labels[classLabel],
    product: labels["nvidia.com/gpu.product"],
    memoryMiB: memory === undefined ? undefined : Number(memory),
    sharing: sharingOf(labels),
    gpus: names.map((resource) => {
      const holders = own.flatMap(({ metadata: pod, spec: podSpec }) => {
        const count = podRequests(podSpec)[resource] ?? 0;
        return count > 0 ? [{ namespace: pod.namespace ?? "", pod: pod.name, count }] : [];
      });
      const requested = holders.reduce((sum, { count }) => sum + count, 0);
      const allocatable = amountOf(status.allocatable?.[resource]);
      return { resource, capacity: amountOf(status.capacity?.[resource]), allocatable, requested, free: allocatable - requested, holders };
    }),
  };
}

/** `whole`, `time-slicing ×4`, `mig single 1g.10gb` */
function sharingOf(labels: Readonly<Record<string, string>>): string {
  const strategy = labels["nvidia.com/mig.strategy"];
  const profile = /-MIG-(.+)$/.exec(labels["nvidia.com/gpu.product"] ?? "")?.[1];
  const replicas = Number(labels["nvidia.com/gpu.replicas"] ?? "1");
  const mig = profile !== undefined || (strategy === "mixed" && Object.keys(labels).some((name) => /^nvidia\.com\/mig-.+\.count$/.test(name)));
  const parts = [
    ...(mig ? [["mig", strategy, profile].filter(Boolean).join(" ")] : []),
    ...(replicas > 1 ? [`${labels["nvidia.com/gpu.sharing-strategy"] ?? "time-slicing"} ×${replicas}`] : []),
  ];
  return parts.join(", ") || "whole";
}
