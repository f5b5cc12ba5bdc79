/** Why a pod that wants GPUs has no node: each node is held against what the pod asks for. Pure. */
import { amountOf } from "../../tools/doctor/objects";
import { isTrue, type Node, type Pod, type Toleration } from "../kube/objects";
import { plus, podRequests, type Amounts } from "./requests";

export interface Cause {
  /** Machine-readable kind. */
  readonly kind: "selector" | "taint" | "resource-name" | "gpus" | "cpu-or-memory" | "node" | "unknown";
  readonly found: string;
  readonly fix: string;
}

/** @returns the nearest miss: what keeps it from the nodes that come closest. One cause where one is decisive */
export function causesOf(pod: Pod, nodes: readonly Node[], pods: readonly Pod[]): readonly Cause[] {
  const requests = podRequests(pod.spec);
  const wanted = Object.entries(requests).filter(([name]) => name.startsWith("nvidia.com/"));
  const gpuText = wanted.map(([name, count]) => `${count} ${name}`).join(", ");

  const named = nodes.filter(({ status }) => wanted.every(([name, count]) => amountOf(status.allocatable?.[name]) >= count));
  if (wanted.length > 0 && named.length === 0) return [noSuchGpus(wanted, nodes)];

  const selected = named.filter(({ metadata }) => Object.entries(pod.spec.nodeSelector ?? {}).every(([key, value]) => metadata.labels?.[key] === value));
  if (selected.length === 0) return [wrongSelector(pod, named)];

  const usable = selected.filter(({ status, spec }) => isTrue(status.conditions, "Ready") && !spec.unschedulable);
  if (usable.length === 0) {
    const names = selected.map(({ metadata, spec }) => `${metadata.name} (${spec.unschedulable ? "cordoned" : "not ready"})`).join(", ");
    return [
      {
        kind: "node",
        found: `no node that fits takes pods: ${names}`,
        fix: "kubectl uncordon NODE, or see to what makes it not ready: kubectl describe node NODE",
      },
    ];
  }

  const open = usable.filter((node) => untolerated(node, pod.spec.tolerations ?? []).length === 0);
  if (open.length === 0) {
    const taints = usable.map(
      (node) =>
        `${node.metadata.name} (${untolerated(node, pod.spec.tolerations ?? [])
          .map(({ key, effect }) => `${key}:${effect}`)
          .join(", ")})`,
    );
    return [
      {
        kind: "taint",
        found: `the nodes that fit have taints that it does not tolerate: ${taints.join(", ")}`,
        fix: "taint GPU nodes with nvidia.com/gpu=present:NoSchedule, which pods of the platform tolerate, and with nothing else",
      },
    ];
  }

  const shortOf = open.map((node) => ({ node, missing: missingOn(node, requests, pods) }));
  if (shortOf.some(({ missing }) => missing.length === 0)) {
    return [
      {
        kind: "unknown",
        found: "a node has room now: the scheduler may not have looked yet, or a volume or a spread keeps the pod away",
        fix: "kubectl describe pod shows the scheduler's own words",
      },
    ];
  }
  const gpusShort = shortOf.every(({ missing }) => missing.some(({ name }) => name.startsWith("nvidia.com/")));
  const text = shortOf.map(
    ({ node, missing }) =>
      `${node.metadata.name}: ${missing.map(({ name, free, want }) => `${readable(name, want)} wanted, ${readable(name, free)} free of ${name}`).join("; ")}`,
  );
  if (gpusShort) {
    return [
      {
        kind: "gpus",
        found: `all GPUs that fit are held (${gpuText} wanted; ${text.join(" | ")})`,
        fix: "aictl gpu shows who holds them: lower replicas of a pool, wait, or add a node of that class",
      },
    ];
  }
  return [
    {
      kind: "cpu-or-memory",
      found: `there are GPUs, but not beside enough CPU or memory: ${text.join(" | ")}`,
      fix: "pods without GPUs fill these nodes: taint them nvidia.com/gpu=present:NoSchedule; or lower what the pod requests",
    },
  ];
}

function noSuchGpus(wanted: readonly (readonly [string, number])[], nodes: readonly Node[]): Cause {
  const offered = [
    ...new Set(
      nodes.flatMap(({ status }) =>
        Object.keys(status.allocatable ?? {}).filter((name) => name.startsWith("nvidia.com/") && amountOf(status.allocatable?.[name]) > 0),
      ),
    ),
  ];
  const text = wanted.map(([name, count]) => `${count} ${name}`).join(", ");
  const others = offered.filter((name) => !wanted.some(([want]) => want === name));
  const most = wanted.map(([name]) => Math.max(0, ...nodes.map(({ status }) => amountOf(status.allocatable?.[name]))));
  if (wanted.some((_, i) => (most[i] ?? 0) > 0)) {
    return {
      kind: "gpus",
      found: `no single node has ${text}; the most on one is ${most.join(", ")}`,
      fix: "lower gpusPerReplica of the pool to what one node has",
    };
  }
  if (others.length > 0) {
    return {
      kind: "resource-name",
      found: `no node offers ${text}; there is ${others.join(", ")}: the GPUs are shared under another name`,
      fix: "set cluster.gpuResource, or the gpu.sharing of cluster.nodes and the pool's gpuClass, to what the nodes offer; then pulumi up",
    };
  }
  return {
    kind: "resource-name",
    found: `no node offers ${text}, nor any other NVIDIA resource`,
    fix: "see that the GPU operator and its device plugin run on the nodes with GPUs",
  };
}

function wrongSelector({ spec }: Pod, named: readonly Node[]): Cause {
  const wanted = Object.entries(spec.nodeSelector ?? {});
  const near = wanted
    .filter(([key, value]) => named.every(({ metadata }) => metadata.labels?.[key] !== value))
    .map(
      ([key, value]) => `${key}=${value} (nodes with such GPUs have ${[...new Set(named.map(({ metadata }) => metadata.labels?.[key] ?? "none"))].join(", ")})`,
    );
  return {
    kind: "selector",
    found: `no node with such GPUs has ${near.join(", ") || wanted.map(([key, value]) => `${key}=${value}`).join(",")}`,
    fix: "label the nodes (cluster.nodeLabels), or correct gpuClass or nodeSelector of the pool; then pulumi up",
  };
}

function untolerated({ spec }: Node, tolerations: readonly Toleration[]) {
  const tolerates = (taint: { readonly key: string; readonly value?: string; readonly effect: string }) =>
    tolerations.some(
      ({ key, operator = "Equal", value = "", effect }) =>
        (key === undefined || key === taint.key) &&
        (effect === undefined || effect === "" || effect === taint.effect) &&
        (operator === "Exists" || value === (taint.value ?? "")),
    );
  return (spec.taints ?? []).filter((taint) => taint.effect !== "PreferNoSchedule" && !tolerates(taint));
}

function missingOn(node: Node, requests: Amounts, pods: readonly Pod[]) {
  const taken = pods
    .filter(({ spec, status }) => spec.nodeName === node.metadata.name && status.phase !== "Succeeded" && status.phase !== "Failed")
    .map(({ spec }) => podRequests(spec))
    .reduce(plus, {});
  return Object.entries(requests).flatMap(([name, want]) => {
    const free = amountOf(node.status.allocatable?.[name]) - (taken[name] ?? 0);
    return want > free ? [{ name, free, want }] : [];
  });
}

function readable(name: string, amount: number): string {
  return name === "memory" || name === "ephemeral-storage" ? `${(amount / 2 ** 30).toFixed(1)}Gi` : String(Math.round(amount * 1000) / 1000);
}
