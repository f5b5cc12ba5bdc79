import { allocatableOf, classLabel, gpuClasses as classesOf, groupsOf, resourceOfGroup, type GpuConfig, type NodeGroup } from "../../../stacks/gpu";
import { clusterPolicySettings, labelledNodes, migStrategy, sharedGroups, tellsOperator } from "../../../stacks/gpuSharing";
import type { StackConfig } from "../../../stacks/schema";
import { profileOf } from "../../../components/common/platform";
import { ApiError, type Api, type List } from "../api";
import { amountOf, listOf, type Meta, type Node } from "../objects";
import { ok, problem, skipped, warning, type Check, type Finding } from "../types";
import { usable } from "./nodes";

/** Whether the machines of each class are there, and share their GPUs as declared. */
export const gpuClasses: Check = {
  id: "gpu-classes",
  title: "GPU classes",
  async run(api, { config }) {
    const classes = classesOf(config);
    if (classes.length === 0) return [skipped("cluster.nodes declares no class of GPUs")];
    const all = (await api.get<List<Node>>("/api/v1/nodes"))?.items ?? [];
    const made = new Map(labelledNodes(config).map(({ node, labels }) => [node, labels]));
    const classOf = ({ metadata: { name, labels } }: Node) => (made.get(name) ?? {})[classLabel] ?? labels?.[classLabel];
    return classes.flatMap((name) =>
      ofClass(
        name,
        usable(all).filter((node) => classOf(node) === name),
        config,
      ),
    );
  },
};

function ofClass(name: string, there: readonly Node[], config: StackConfig): Finding[] {
  const groups = groupsOf(name, config);
  const label = `${classLabel}=${name}`;
  const declared = groups.reduce((sum, { count }) => sum + count, 0);
  if (there.length < declared) {
    const found = there.length === 0 ? `no usable node has ${label}` : `${there.length} usable nodes with ${label}: ${namesOf(there)}`;
    const fix = `kubectl label node NODE ${label}, or name the machines in cluster.nodeLabels with their group (${groups.map((group) => group.name).join(", ")})`;
    return [problem(`class ${name}: ${found}`, `${declared}, as cluster.nodes declares`, fix)];
  }
  // Groups of a class are shared in the same way; machines of several groups can't be told apart, so the least of them counts.
  const [first] = [...groups].sort((a, b) => allocatableOf(a) - allocatableOf(b));
  const findings = first === undefined ? [] : there.flatMap((node) => ofNode(node, first, config));
  return findings.length > 0 ? findings : [ok(`class ${name}: ${namesOf(there)}`)];
}

function ofNode({ metadata, status }: Node, group: NodeGroup, config: StackConfig): Finding[] {
  const { gpu } = group;
  if (gpu === undefined) return [];
  const resource = resourceOfGroup(group, config);
  const has = amountOf(status.allocatable?.[resource]);
  const wanted = allocatableOf(group);
  const others = Object.keys(status.allocatable ?? {}).filter((name) => name.startsWith("nvidia.com/") && name !== resource);
  const findings = ofLabels(metadata, gpu);
  if (has >= wanted) return findings;
  const instead = others.length > 0 ? `; it has ${others.map((name) => `${status.allocatable?.[name] ?? "0"} ${name}`).join(", ")}` : "";
  return [
    problem(
      `node ${metadata.name}: ${has} ${resource}${instead}`,
      `${wanted}, as cluster.nodes (${group.name}) declares`,
      "see what the device plugin on this node says, and share its GPUs as declared (docs/gpu.md), or correct cluster.nodes",
    ),
    ...findings,
  ];
}

/** What GPU feature discovery says; where it does not run, nothing. */
function ofLabels({ name, labels = {} }: Meta, { product, sharing }: GpuConfig): Finding[] {
  const findings: Finding[] = [];
  const expect = (key: string, wanted: string, fits: (value: string) => boolean = (value) => value === wanted) => {
    const value = labels[key];
    if (value === undefined || fits(value)) return;
    findings.push(
      problem(`node ${name}: ${key}=${value}`, `${wanted}, as cluster.nodes declares`, "correct the node's sharing (docs/gpu.md), or cluster.nodes"),
    );
  };
  if (product !== undefined) expect("nvidia.com/gpu.product", product, (value) => value === product || value.startsWith(`${product}-`));
  expect("nvidia.com/gpu.sharing-strategy", sharing.kind === "timeSlicing" ? "time-slicing" : "none");
  if (sharing.kind === "timeSlicing") expect("nvidia.com/gpu.replicas", String(sharing.replicas));
  if (sharing.kind === "mig") {
    expect("nvidia.com/mig.strategy", sharing.strategy);
    expect("nvidia.com/mig.config", `all-${sharing.profile}`);
    expect("nvidia.com/mig.config.state", "success");
  }
  return findings;
}

interface ClusterPolicy {
  readonly metadata: Meta;
  readonly spec?: { readonly devicePlugin?: { readonly config?: { readonly name?: string } }; readonly mig?: { readonly strategy?: string } };
}

/** Whether NVIDIA's operator reads how GPUs are shared. */
export const gpuSharing: Check = {
  id: "gpu-sharing",
  title: "GPU sharing",
  async run(api, { config }) {
    const shared = sharedGroups(config);
    if (shared.length === 0) return [skipped("all GPUs are given out whole")];
    if (!config.cluster.capabilities.gpuOperator) {
      return [skipped("cluster.capabilities.gpuOperator is not claimed: the device plugin gets its configuration from who runs it (docs/gpu.md)")];
    }
    const policies = await policiesOf(api);
    if (policies === undefined)
      return [warning("no right to list ClusterPolicies", "one that reads how GPUs are shared", "have a cluster administrator run the doctor")];
    const [policy] = policies;
    if (policy === undefined) return [problem("no ClusterPolicy", "one, which NVIDIA's operator acts on", "create a ClusterPolicy (docs/gpu.md)")];
    const wrong = differences(policy, config);
    const wanted = clusterPolicySettings(config);
    const patch = `kubectl patch clusterpolicy ${policy.metadata.name} --type merge -p '${JSON.stringify({ spec: wanted })}'`;
    const namespace = config.cluster.gpuOperatorNamespace ?? profileOf(config.platform).gpuOperatorNamespace;
    const there = await api.get(`/api/v1/namespaces/${namespace}`);
    return [
      ...(there === undefined
        ? [problem(`no namespace ${namespace}`, "that of NVIDIA's operator, where its configuration goes", "set cluster.gpuOperatorNamespace")]
        : []),
      ...wrong.map((found) => problem(`ClusterPolicy ${policy.metadata.name}: ${found}`, JSON.stringify(wanted), `after the first \`up\`: ${patch}`)),
      ...(wrong.length === 0 ? [ok(`ClusterPolicy ${policy.metadata.name} reads ConfigMap ${wanted.devicePlugin.config.name}`)] : []),
    ];
  },
};

async function policiesOf(api: Api): Promise<readonly ClusterPolicy[] | undefined> {
  try {
    return (await api.get<List<ClusterPolicy>>("/apis/nvidia.com/v1/clusterpolicies"))?.items ?? [];
  } catch (error) {
    if (error instanceof ApiError && error.status === 403) return undefined;
    throw error;
  }
}

function differences({ spec }: ClusterPolicy, config: StackConfig): readonly string[] {
  const { devicePlugin } = clusterPolicySettings(config);
  const strategy = migStrategy(config);
  const name = spec?.devicePlugin?.config?.name;
  const found: string[] = [];
  // Another ConfigMap is fine where this stack makes none.
  if (tellsOperator(config) && name !== devicePlugin.config.name) found.push(`devicePlugin.config.name is ${name ?? "not set"}`);
  if (strategy !== undefined && spec?.mig?.strategy !== strategy) found.push(`mig.strategy is ${spec?.mig?.strategy ?? "not set"}`);
  return found;
}

function namesOf(nodes: readonly Node[]): string {
  return listOf(nodes.map(({ metadata }) => metadata.name));
}
