/** How the GPUs of the machines are shared, as NVIDIA's device plugin, MIG manager and GPU operator read it. Pure. */
import { classLabel, type NodeGroup } from "./gpu";
import type { StackConfig } from "./schema";

type Cluster = { readonly cluster: Pick<StackConfig["cluster"], "nodes" | "nodeLabels" | "capabilities" | "manage"> };

/** Machines, and labels of theirs. */
export type LabelledNode = { readonly node: string; readonly labels: Readonly<Record<string, string>> };

/** ConfigMap that the device plugin reads, in the operator's namespace. */
export const sharingConfigName = "ai-gpu-sharing";
/** Its key for machines without a label. The plugin takes a key of this name without being told. */
export const defaultKey = "default";

/** Labels by which NVIDIA's programs are told what to do on a machine. */
export const pluginLabel = "nvidia.com/device-plugin.config";
export const migLabel = "nvidia.com/mig.config";

/** Groups of machines whose GPUs are not given out whole. */
export function sharedGroups({ cluster: { nodes } }: Cluster): readonly NodeGroup[] {
  return nodes.filter(({ gpus, gpu }) => gpus > 0 && gpu !== undefined && gpu.sharing.kind !== "whole");
}

/** Whether this stack tells NVIDIA's operator how GPUs are shared. */
export function tellsOperator(config: Cluster): boolean {
  const { manage, capabilities } = config.cluster;
  return manage && capabilities.gpuOperator && sharedGroups(config).length > 0;
}

/** Configuration of the device plugin, one for each group of machines with a kind of GPUs, and one for all others. By the key in the ConfigMap. */
export function pluginConfigs({ cluster: { nodes } }: Cluster): Readonly<Record<string, string>> {
  const groups = nodes.flatMap(({ name, gpu }) => (gpu === undefined ? [] : [[name, pluginConfig(gpu.sharing)] as const]));
  return Object.fromEntries([[defaultKey, pluginConfig({ kind: "whole" })], ...groups]);
}

type Sharing = NonNullable<NodeGroup["gpu"]>["sharing"];

/**
 * Configuration `v1` of the device plugin: github.com/NVIDIA/k8s-device-plugin, api/config/v1. A request for two turns on a GPU is refused: they would be no
 * more than one.
 */
function pluginConfig(sharing: Sharing): string {
  const strategy = sharing.kind === "mig" ? sharing.strategy : "none";
  const lines = ["version: v1", "flags:", `  migStrategy: ${strategy}`];
  if (sharing.kind === "timeSlicing") {
    lines.push("sharing:", "  timeSlicing:", "    renameByDefault: true", "    failRequestsGreaterThanOne: true");
    lines.push("    resources:", "      - name: nvidia.com/gpu", `        replicas: ${sharing.replicas}`);
  }
  return `${lines.join("\n")}\n`;
}

/** Labels of machines that pools ask for, and those that the configuration names. */
export function labelledNodes({ cluster: { nodes, nodeLabels } }: Cluster): readonly LabelledNode[] {
  return nodeLabels.flatMap(({ node, labels, group }) => {
    const gpu = nodes.find(({ name }) => name === group)?.gpu;
    const all = { ...(gpu === undefined ? {} : { [classLabel]: gpu.class }), ...labels };
    return Object.keys(all).length > 0 ? [{ node, labels: all }] : [];
  });
}

/** Labels for NVIDIA's programs: the key of the device plugin's configuration, and how the MIG manager cuts the GPUs. */
export function operatorLabels({ cluster: { nodes, nodeLabels } }: Cluster): readonly LabelledNode[] {
  return nodeLabels.flatMap(({ node, group }) => {
    const found = nodes.find(({ name }) => name === group);
    if (found?.gpu === undefined) return [];
    const { sharing } = found.gpu;
    return [{ node, labels: { [pluginLabel]: found.name, ...(sharing.kind === "mig" ? { [migLabel]: `all-${sharing.profile}` } : {}) } }];
  });
}

/** What has to stand in the ClusterPolicy of NVIDIA's operator, which is its administrator's object. */
export interface ClusterPolicySettings {
  readonly devicePlugin: { readonly config: { readonly name: string; readonly default: string } };
  readonly mig?: { readonly strategy: "single" | "mixed" };
}

export function clusterPolicySettings(config: Cluster): ClusterPolicySettings {
  const strategy = migStrategy(config);
  return {
    devicePlugin: { config: { name: sharingConfigName, default: defaultKey } },
    ...(strategy === undefined ? {} : { mig: { strategy } }),
  };
}

/** The operator gives the plugin one strategy for all machines, which comes before that of the plugin's configuration. */
export function migStrategy(config: Cluster): "single" | "mixed" | undefined {
  return sharedGroups(config).flatMap(({ gpu }) => (gpu?.sharing.kind === "mig" ? [gpu.sharing.strategy] : []))[0];
}

/** What people must know before they share GPUs in this way. */
export function sharingWarnings(config: Cluster): readonly string[] {
  return sharedGroups(config).flatMap(({ name, gpu }) =>
    gpu?.sharing.kind === "timeSlicing"
      ? [
          `cluster.nodes, ${name}: ${gpu.sharing.replicas} pods share each GPU by time-slicing, without isolation: a pod that takes more memory than its share, or that ` +
            "fails, takes it from the others on this GPU. For teams that must not disturb each other: MIG, or whole GPUs (docs/gpu.md)",
        ]
      : [],
  );
}
