import { allocatableOf, gpuResourceOf, gpuResources, nodeSelectorOf, resourceOfGroup } from "../../../stacks/gpu";
import { labelledNodes } from "../../../stacks/gpuSharing";
import type { PoolConfig, StackConfig } from "../../../stacks/schema";
import type { Api, List } from "../api";
import { amountOf, gibibytes, isReady, listOf, matches, type Node } from "../objects";
import { atLeast } from "../../toolchain/versions";
import { ok, problem, skipped, warning, type Check, type Finding } from "../types";

/** The taint that pods with GPUs tolerate. */
const gpuTaint = "nvidia.com/gpu";

async function list(api: Api): Promise<readonly Node[]> {
  return (await api.get<List<Node>>("/api/v1/nodes"))?.items ?? [];
}

const keepsAway = ({ effect }: { readonly effect: string }) => effect === "NoSchedule" || effect === "NoExecute";

/** Nodes that pods of the platform can run on: those of the control plane, and those set aside for others, are none. */
export function usable(all: readonly Node[]): readonly Node[] {
  return all.filter((node) => isReady(node) && !node.spec.unschedulable && !node.spec.taints?.some((taint) => keepsAway(taint) && taint.key !== gpuTaint));
}

const sum = (all: readonly Node[], resource: string) => all.reduce((total, { status }) => total + amountOf(status.allocatable?.[resource]), 0);
const names = (all: readonly Node[]) => listOf(all.map(({ metadata }) => metadata.name));

export const nodes: Check = {
  id: "nodes",
  title: "nodes",
  async run(api, { config }) {
    const all = await list(api);
    const down = all.filter((node) => !isReady(node));
    const can = usable(all);
    const findings: Finding[] = [];
    if (down.length > 0) findings.push(warning(`not ready: ${names(down)}`, "all nodes ready", "kubectl describe node says why"));
    if (can.length === 0) {
      const found = all.length === 0 ? "no nodes" : `${all.length} nodes, none that takes pods of the platform (not ready, cordoned or tainted)`;
      return [
        ...findings,
        problem(found, "nodes that are ready and without taints other than nvidia.com/gpu", "add nodes, uncordon them, or take the taints away"),
      ];
    }
    const real = `${can.length} usable: ${sum(can, "cpu")} CPU, ${gibibytes(sum(can, "memory"))}, ${sum(can, config.cluster.gpuResource)} GPUs, ${sum(can, "pods")} pods`;
    return [...findings, ok(real), ...declared(config, can)];
  },
};

/** What the capacity plan reckons with, against what is there. */
function declared(config: StackConfig, can: readonly Node[]): Finding[] {
  const groups = config.cluster.nodes;
  if (groups.length === 0) return [skipped("cluster.nodes declares none: the capacity plan is checked against quotas only")];
  const total = (of: (group: (typeof groups)[number]) => number) => groups.reduce((all, group) => all + group.count * of(group), 0);
  const rows = [
    { what: "machines", said: groups.reduce((all, { count }) => all + count, 0), real: can.length, show: String },
    { what: "CPU", said: total(({ cpu }) => amountOf(cpu)), real: sum(can, "cpu"), show: String },
    { what: "memory", said: total(({ memory }) => amountOf(memory)), real: sum(can, "memory"), show: gibibytes },
    ...gpuResources(config).map((resource) => ({
      what: resource === config.cluster.gpuResource ? "GPUs" : resource,
      said: total((group) => (resourceOfGroup(group, config) === resource ? allocatableOf(group) : 0)),
      real: sum(can, resource),
      show: String,
    })),
    { what: "pods", said: total(({ pods }) => pods), real: sum(can, "pods"), show: String },
  ];
  const over = rows.filter(({ said, real }) => said > real);
  if (over.length === 0) return [ok("cluster.nodes: no more than there is")];
  return [
    problem(
      `cluster.nodes declares more than the usable nodes have: ${over.map(({ what, said, real, show }) => `${what} ${show(said)} of ${show(real)}`).join(", ")}`,
      "at most what kubectl describe nodes shows as allocatable: the capacity plan promises it to people",
      "correct cluster.nodes, or add nodes",
    ),
  ];
}

/** GPUs at a pool's largest scale. */
const largest = (pool: PoolConfig) => ((pool.scale?.max ?? pool.replicas) + pool.previewReplicas) * pool.gpusPerReplica;

function ofResource(resource: string, pools: readonly PoolConfig[], all: readonly Node[], config: StackConfig): Finding {
  const wanted = pools.reduce((total, pool) => total + largest(pool), 0);
  const there = sum(usable(all), resource);
  if (there >= wanted) return ok(`${there} ${resource}, ${wanted} wanted at the largest scale`);
  const others = [...new Set(all.flatMap(({ status }) => Object.keys(status.allocatable ?? {})))].filter(
    (name) => name.startsWith("nvidia.com/") && name !== resource,
  );
  const fix =
    there > 0
      ? "add GPUs, or lower replicas, scale.max or previewReplicas of the pools"
      : others.length > 0
        ? `set ${resource === config.cluster.gpuResource ? "cluster.gpuResource" : "the sharing in cluster.nodes[].gpu"} to what the nodes have: ${others.join(", ")}`
        : "install the NVIDIA GPU Operator, and see that its pods run on the nodes with GPUs";
  return problem(`${there} ${resource} on usable nodes`, `${wanted}: all pools at their largest scale, previews included`, fix);
}

export const gpus: Check = {
  id: "gpus",
  title: "GPUs",
  async run(api, { config }) {
    const wanted = Map.groupBy(
      config.serving.pools.filter(({ gpusPerReplica }) => gpusPerReplica > 0),
      (pool) => gpuResourceOf(pool, config),
    );
    if (wanted.size === 0) return [skipped("no pool uses GPUs")];
    const all = await list(api);
    const findings = [...wanted].map(([resource, pools]) => ofResource(resource, pools, all, config));
    const withGpus = all.filter(({ status }) => [...wanted.keys()].some((resource) => amountOf(status.allocatable?.[resource]) > 0));
    const foreign = withGpus.flatMap((node) =>
      (node.spec.taints ?? []).filter((taint) => keepsAway(taint) && taint.key !== gpuTaint).map(({ key }) => `${node.metadata.name} (${key})`),
    );
    if (foreign.length > 0)
      findings.push(
        warning(
          `GPU nodes with a taint that pods don't tolerate: ${listOf(foreign)}`,
          `no taint but ${gpuTaint}`,
          `taint them with ${gpuTaint}=present:NoSchedule instead`,
        ),
      );
    const open = withGpus.filter(({ spec }) => !spec.taints?.some(({ key }) => key === gpuTaint));
    if (open.length > 0)
      findings.push(
        warning(
          `GPU nodes without a taint: ${names(open)}`,
          `the taint ${gpuTaint}:NoSchedule, which keeps pods without GPUs from filling them`,
          `kubectl taint nodes ${open.map(({ metadata }) => metadata.name).join(" ")} ${gpuTaint}=present:NoSchedule`,
        ),
      );
    return findings;
  },
};

export const nodeSelectors: Check = {
  id: "node-labels",
  title: "node labels",
  async run(api, { config }) {
    const { nodeLabels } = config.cluster;
    const made = labelledNodes(config);
    const share = config.storage.shared?.share;
    const selectors = [
      ...config.serving.pools.map((pool) => ({
        who: `pool ${pool.name}`,
        selector: nodeSelectorOf(pool, config),
        gpus: pool.gpusPerReplica,
        resource: gpuResourceOf(pool, config),
      })),
      ...(share?.kind === "local" ? [{ who: "storage.shared", selector: share.nodeSelector, gpus: 0, resource: config.cluster.gpuResource }] : []),
    ].filter(({ selector }) => Object.keys(selector).length > 0);
    if (selectors.length === 0 && nodeLabels.length === 0) return [skipped("no pool selects nodes")];
    const all = await list(api);
    const can = usable(all);
    const labelsOf = ({ metadata }: Node) => ({ ...metadata.labels, ...made.find(({ node }) => node === metadata.name)?.labels });
    const absent = nodeLabels.filter(({ node }) => !all.some(({ metadata }) => metadata.name === node));
    return [
      ...absent.map(({ node }) => problem(`no node ${node}`, "the nodes that cluster.nodeLabels names", "kubectl get nodes lists them; correct the name")),
      ...selectors.map(({ who, selector, gpus: each, resource }): Finding => {
        const text = Object.entries(selector).map(([key, value]) => `${key}=${value}`);
        const fitting = can.filter((node) => matches(labelsOf(node), selector) && amountOf(node.status.allocatable?.[resource]) >= each);
        if (fitting.length > 0) return ok(`${who}: ${text.join(",")} on ${names(fitting)}`);
        return problem(
          `${who}: no usable node has ${text.join(",")}${each > 0 ? ` and ${each} ${resource}` : ""}`,
          "a node that its pods can run on",
          "label a node (cluster.nodeLabels, or kubectl label node), or correct nodeSelector",
        );
      }),
    ];
  },
};

/** Oldest container runtimes that mount image volumes. */
const runtimes: Readonly<Record<string, string>> = { containerd: "2.1.0", "cri-o": "1.31.0" };

export const containerRuntime: Check = {
  id: "container-runtime",
  title: "container runtime",
  async run(api, { config }) {
    if (!config.models.some(({ source }) => source.kind === "image")) return [skipped("no model comes from an image")];
    const versions = [...new Set((await list(api)).map(({ status }) => status.nodeInfo?.containerRuntimeVersion ?? "unknown"))].sort();
    const wanted = `one that mounts image volumes: ${Object.entries(runtimes)
      .map(([name, minimum]) => `${name} ${minimum}`)
      .join(" or ")}, or newer`;
    return versions.map((text): Finding => {
      const [name = "", found = ""] = text.split("://");
      const minimum = runtimes[name];
      if (minimum === undefined) return warning(`${text}: not known here`, wanted, "ask who runs the nodes whether it mounts image volumes");
      return atLeast(found, minimum)
        ? ok(`${name} ${found}`)
        : problem(`${name} ${found}`, wanted, "upgrade the nodes, or take models from a registry (source.kind: registry)");
    });
  },
};
