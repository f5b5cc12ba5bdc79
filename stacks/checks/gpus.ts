/** Classes of GPUs, and how they are cut. */
import { nearest, type Problem } from "../problems";
import { parseBytes } from "../quantities";
import type { PoolConfig, StackConfig } from "../schema";
import { cannotBeCut, migGpusOf } from "../serving/mig";
import { problem } from "./problem";

export function gpus(config: StackConfig): Problem[] {
  return [
    ...config.serving.pools.flatMap((pool, p) => [...classOf(pool, `serving.pools[${p}]`, config), ...shares(pool, `serving.pools[${p}]`, config)]),
    ...config.cluster.nodes.flatMap((group, n) => profile(group, `cluster.nodes[${n}].gpu`)),
  ];
}

type NodeGroup = StackConfig["cluster"]["nodes"][number];

function classOf({ gpuClass, gpusPerReplica }: PoolConfig, field: string, { cluster: { nodes } }: StackConfig): Problem[] {
  if (gpuClass === undefined) return [];
  if (gpusPerReplica === 0) {
    return [problem(`${field}.gpuClass`, gpuClass, "nothing while gpusPerReplica is 0: the pool runs on CPU", "remove it, or set gpusPerReplica to 1")];
  }
  const classes = [...new Set(nodes.flatMap(({ gpus, gpu }) => (gpus > 0 && gpu !== undefined ? [gpu.class] : [])))];
  if (classes.includes(gpuClass)) return [];
  const meant = nearest(gpuClass, classes);
  const allowed = classes.length > 0 ? `a class of cluster.nodes[].gpu: ${classes.join(", ")}` : "nothing while no group of cluster.nodes has gpu.class";
  const fix = meant
    ? `did you mean "${meant}"?`
    : classes.length > 0
      ? `set it to ${classes[0] ?? ""}, or add the machines`
      : "add gpu to the group of machines that has them";
  return [problem(`${field}.gpuClass`, gpuClass, allowed, fix)];
}

/** Where a pod may get a share or an instance only, more of them are no more GPU memory for it. */
function shares({ gpuClass, gpusPerReplica }: PoolConfig, field: string, { cluster: { nodes } }: StackConfig): Problem[] {
  if (gpusPerReplica <= 1) return [];
  const shared = nodes.find(
    ({ gpus, gpu }) => gpus > 0 && gpu !== undefined && gpu.sharing.kind !== "whole" && (gpuClass === undefined || gpu.class === gpuClass),
  );
  if (shared?.gpu === undefined) return [];
  const why =
    shared.gpu.sharing.kind === "mig" ? "a process uses one instance of MIG only" : "more shares of a GPU give no more memory, and the pod is refused";
  return [
    problem(`${field}.gpusPerReplica`, gpusPerReplica, `0 or 1 on machines ${shared.name}: ${why}`, "set it to 1, or set gpuClass to one with whole GPUs"),
  ];
}

function profile({ gpu }: NodeGroup, field: string): Problem[] {
  if (gpu?.sharing.kind !== "mig") return [];
  const { product, memory, sharing } = gpu;
  if (product !== undefined && cannotBeCut(product)) {
    return [problem(`${field}.sharing.kind`, "mig", `"whole" or "timeSlicing": ${product} has no MIG`, "set it to timeSlicing, or to whole")];
  }
  const profiles = [...new Set(migGpusOf(Number(parseBytes(memory)), product).flatMap((one) => Object.keys(one.profiles)))];
  // A GPU that NVIDIA's list here does not have can't be judged.
  if (profiles.length === 0 || profiles.includes(sharing.profile)) return [];
  const meant = nearest(sharing.profile, profiles);
  return [
    problem(
      `${field}.sharing.profile`,
      sharing.profile,
      `a profile of ${product ?? `a GPU of ${memory}`}: ${profiles.join(", ")}`,
      meant ? `did you mean "${meant}"?` : `set it to ${profiles[0] ?? ""}`,
    ),
  ];
}
