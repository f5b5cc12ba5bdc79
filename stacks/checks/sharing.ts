/** GPUs that are shared: one way for each class, one strategy of MIG, and no doubt about what a pod gets. */
import { gpuResourceOf, resourceOf, resourceOfGroup } from "../gpu";
import { sharedGroups } from "../gpuSharing";
import type { Problem } from "../problems";
import type { StackConfig } from "../schema";
import { problem } from "./problem";

export function sharing(config: StackConfig): Problem[] {
  return [...sameInClass(config), ...oneStrategy(config), ...namedClass(config), ...groupsOfMachines(config)];
}

/** The resource that a pool requests follows from its class. */
function sameInClass({ cluster: { nodes } }: StackConfig): Problem[] {
  return nodes.flatMap(({ name, gpu }, n) => {
    const first = nodes.find((other) => other.gpu?.class === gpu?.class);
    if (gpu === undefined || first?.gpu === undefined || resourceOf(first.gpu) === resourceOf(gpu)) return [];
    return [
      problem(
        `cluster.nodes[${n}].gpu.class`,
        gpu.class,
        `a class whose GPUs are all counted under ${resourceOf(gpu)}: those of ${first.name} are ${resourceOf(first.gpu)}`,
        `give the machines ${name} a class of their own, for example ${gpu.class}-${gpu.sharing.kind === "whole" ? "whole" : "shared"}`,
      ),
    ];
  });
}

/** It is a setting of the operator, for all machines. */
function oneStrategy({ cluster: { nodes } }: StackConfig): Problem[] {
  const strategies = nodes.flatMap(({ gpu }, n) => (gpu?.sharing.kind === "mig" ? [{ n, strategy: gpu.sharing.strategy }] : []));
  const first = strategies[0];
  return strategies
    .filter(({ strategy }) => strategy !== first?.strategy)
    .map(({ n, strategy }) =>
      problem(
        `cluster.nodes[${n}].gpu.sharing.strategy`,
        strategy,
        `${JSON.stringify(first?.strategy)}, as cluster.nodes[${first?.n ?? 0}] has it: the operator has one strategy for all machines`,
        `set both to mixed, which tells instances from GPUs by their names`,
      ),
    );
}

/** With strategy `single` an instance is called nvidia.com/gpu, as a whole GPU is: a pod that names no class could get either. */
function namedClass(config: StackConfig): Problem[] {
  const { nodes } = config.cluster;
  return config.serving.pools.flatMap((pool, p) => {
    if (pool.gpuClass !== undefined || pool.gpusPerReplica === 0) return [];
    const resource = gpuResourceOf(pool, config);
    const groups = nodes.filter((group) => group.gpus > 0 && resourceOfGroup(group, config) === resource);
    const kinds = new Set(groups.map(({ gpu }) => (gpu?.sharing.kind === "mig" ? `instances (${gpu.sharing.profile})` : "whole GPUs")));
    if (kinds.size < 2) return [];
    const classes = [...new Set(groups.flatMap(({ gpu }) => gpu?.class ?? []))];
    return [
      {
        field: `serving.pools[${p}].gpuClass`,
        value: undefined,
        allowed: `a class, since ${resource} stands for ${[...kinds].join(" and ")} here: ${classes.join(", ")}`,
        fix: `add it, for example ${classes[0] ?? ""}, or set the strategy of MIG to mixed`,
      },
    ];
  });
}

/** Labels of machines are made for groups that are there. */
function groupsOfMachines(config: StackConfig): Problem[] {
  const { nodes, nodeLabels } = config.cluster;
  const names = nodes.map(({ name }) => name);
  const shared = sharedGroups(config).map(({ name }) => name);
  return nodeLabels.flatMap(({ group }, i) => {
    if (group === undefined || names.includes(group)) return [];
    return [
      problem(
        `cluster.nodeLabels[${i}].group`,
        group,
        `the name of a group of cluster.nodes: ${names.join(", ")}`,
        `set it to ${shared[0] ?? names[0] ?? "one of them"}`,
      ),
    ];
  });
}
