/** `aictl gpu`: nodes with GPUs, and who holds them. */
import { table } from "../output";
import type { Result, Run } from "../types";
import { inventory } from "./inventory";

export async function gpu(run: Run): Promise<Result> {
  const { gpuNodes } = await inventory(run.client());
  const totals = new Map<string, { allocatable: number; requested: number; free: number }>();
  for (const { ready, schedulable, gpus } of gpuNodes) {
    for (const { resource, allocatable, requested, free } of gpus) {
      const sum = totals.get(resource) ?? { allocatable: 0, requested: 0, free: 0 };
      totals.set(resource, {
        allocatable: sum.allocatable + allocatable,
        requested: sum.requested + requested,
        // On a node that takes no pods nothing is free.
        free: sum.free + (ready && schedulable ? Math.max(0, free) : 0),
      });
    }
  }
  const nodes = table(
    ["NODE", "STATE", "CLASS", "PRODUCT", "MEMORY", "SHARING", "RESOURCE", "CAPACITY", "ALLOCATABLE", "REQUESTED", "FREE"],
    gpuNodes.flatMap((node) => {
      const head = [node.name, stateOf(node), node.class, node.product, node.memoryMiB && `${Math.round(node.memoryMiB / 1024)} GiB`, node.sharing];
      if (node.gpus.length === 0) return [[...head, "none shown", 0, 0, 0, 0]];
      return node.gpus.map((one) => [...head, one.resource, one.capacity, one.allocatable, one.requested, one.free]);
    }),
  );
  const holders = gpuNodes.flatMap((node) =>
    node.gpus.flatMap(({ resource, holders: pods }) => pods.map((pod) => [node.name, `${pod.namespace}/${pod.pod}`, resource, pod.count] as const)),
  );
  const held = holders.length === 0 ? "no pod holds a GPU\n" : table(["NODE", "POD", "RESOURCE", "GPUS"], holders);
  const sums = [...totals].map(([resource, sum]) => `${resource}: ${sum.requested} of ${sum.allocatable} requested, ${sum.free} free\n`).join("");
  const text = gpuNodes.length === 0 ? "no node has GPUs: aictl troubleshoot gpu says why\n" : `${nodes}\n${held}\n${sums}`;
  return { data: { nodes: gpuNodes, totals: Object.fromEntries(totals) }, text };
}

function stateOf({ ready, schedulable }: { readonly ready: boolean; readonly schedulable: boolean }): string {
  return ready ? (schedulable ? "ready" : "cordoned") : "not ready";
}
