/** Pods that people work in, and pods that answer people. */
import type { Pod } from "./pods";

const component = "app.kubernetes.io/component";

/** Parameters by which policies tell them. */
export const roleParameters = {
  interactive: {
    type: "strings",
    description: `values of ${component} of pods that people work in`,
    default: ["workspace", "notebook", "singleuser-server", "code-server"],
  },
  serving: { type: "strings", description: `values of ${component} of pods that serve models`, default: ["model-server"] },
} as const;

/** A workspace: by its label, JupyterHub's own label `component`, or as Kubeflow's Notebook. @throws NotDecided, Malformed */
export function isInteractive(pod: Pod, components: readonly string[]): boolean {
  if (pod.object.is("kubeflow.org/Notebook")) return true;
  const labels = pod.labels();
  return components.includes(labels[component] ?? "") || labels.component === "singleuser-server";
}

export function isServing(pod: Pod, components: readonly string[]): boolean {
  return components.includes(pod.labels()[component] ?? "");
}
