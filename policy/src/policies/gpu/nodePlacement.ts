/** Machines with GPUs are for pods that use them, and those pods go nowhere else. */
import { usesGpu } from "../../gpu";
import type { Pod } from "../../pods";
import { podPolicy, problem, type Problem } from "../../policy";
import type { View } from "../../values";

export const gpuNodePlacement = podPolicy({
  number: 4,
  name: "gpu-node-placement",
  title: "pods with GPUs tolerate the taint of GPU nodes and select them; others do not tolerate it",
  why: "Without the toleration a pod waits for ever on tainted nodes, without a selector it gets whichever GPU there is; and other pods on these nodes take the processors and memory that the GPUs need.",
  fix: "give pods with GPUs the toleration and a nodeSelector of GPU nodes, and take the toleration from all others",
  group: "gpu",
  severity: "medium",
  controls: { nist: ["SC-6"] },
  parameters: {
    taints: { type: "strings", description: "keys of the taints of GPU nodes", default: ["nvidia.com/gpu"] },
    nodeLabels: {
      type: "strings",
      description: "labels that tell GPU nodes apart; what ends in a slash stands for all labels that begin so",
      default: ["gpu.nvidia.com/", "nvidia.com/", "node.kubernetes.io/instance-type"],
    },
    select: {
      type: "boolean",
      description: "whether pods must select GPU nodes; false where all GPUs are alike, since the request alone finds those",
      default: true,
    },
  },
  // What runs on each node for the node's sake, such as drivers and metrics, has to tolerate what others must not.
  applies: (pod, { settings }) => usesGpu(pod, settings) || !pod.object.is("apps/DaemonSet"),
  check: (pod, { settings, parameters: { taints, nodeLabels, select } }) => {
    const tolerations = pod.spec.list("tolerations").filter((toleration) => tolerates(toleration, taints));
    if (!usesGpu(pod, settings))
      return tolerations.map((toleration) => problem(toleration, "", "must not tolerate the taint of GPU nodes: the pod uses no GPU"));
    return [
      ...(tolerations.length > 0 ? [] : [problem(pod.spec, "tolerations", `must tolerate ${taints.join(" or ")}, effect NoSchedule`)]),
      ...(select ? selection(pod, (label) => nodeLabels.some((name) => label === name || (name.endsWith("/") && label.startsWith(name)))) : []),
    ];
  },
});

/** Whether a toleration is for one of the taints, or for all; those with the effect NoSchedule keep pods away. */
function tolerates(toleration: View, taints: readonly string[]): boolean {
  const key = toleration.string("key") ?? "";
  const effect = toleration.string("effect") ?? "";
  const all = key === "" && toleration.string("operator") === "Exists";
  return (all || taints.includes(key)) && (effect === "" || effect === "NoSchedule");
}

function selection(pod: Pod, isGpuLabel: (label: string) => boolean): readonly Problem[] {
  if (Object.keys(pod.spec.map("nodeSelector")).some(isGpuLabel)) return [];
  const terms = pod.spec.list("affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms");
  // A node has to match one of the terms, so each has to ask for a GPU.
  const asks = (term: View): boolean =>
    term
      .list("matchExpressions")
      .some((expression) => isGpuLabel(expression.string("key") ?? "") && ["In", "Exists", "Gt", "Lt"].includes(expression.string("operator") ?? ""));
  return terms.length > 0 && terms.every(asks) ? [] : [problem(pod.spec, "nodeSelector", "must name a label of GPU nodes, or a required node affinity must")];
}
