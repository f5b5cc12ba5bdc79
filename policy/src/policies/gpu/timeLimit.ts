/** GPUs come back from those who have stopped using them. */
import { usesGpu } from "../../gpu";
import { isInteractive, roleParameters } from "../../interactive";
import type { Pod } from "../../pods";
import { podPolicy, problem, type Problem } from "../../policy";
import type { View } from "../../values";

/** Annotation of a workspace's pod or object: minutes without activity after which it is stopped. */
export const idleLimit = "openshift-ai-platform/idle-limit-minutes";

/** Kinds that end by themselves, and where they say by when. */
const deadlines: Readonly<Record<string, string>> = {
  "batch/Job": "spec.activeDeadlineSeconds",
  "batch/CronJob": "spec.jobTemplate.spec.activeDeadlineSeconds",
  "ray.io/RayJob": "spec.activeDeadlineSeconds",
  "kubeflow.org/PyTorchJob": "spec.runPolicy.activeDeadlineSeconds",
  "kubeflow.org/TFJob": "spec.runPolicy.activeDeadlineSeconds",
  "kubeflow.org/MPIJob": "spec.runPolicy.activeDeadlineSeconds",
};

export const gpuTimeLimit = podPolicy({
  number: 9,
  name: "gpu-time-limit",
  title: "workspaces with a GPU have an idle limit, batch pods with a GPU a deadline",
  why: "A forgotten notebook or a run that hangs keeps its GPU for weeks; nobody else can have it, and it is paid for.",
  fix: `set ${idleLimit} (or Jupyter's shutdown_no_activity_timeout) on workspaces, activeDeadlineSeconds on what ends by itself`,
  group: "gpu",
  severity: "medium",
  controls: { nist: ["AC-12", "SC-6"] },
  parameters: {
    interactive: roleParameters.interactive,
    maximumIdleMinutes: { type: "integer", description: "longest time that a workspace may be idle, in minutes", default: 240, minimum: 1 },
    maximumHours: { type: "integer", description: "longest deadline of batch pods, in hours", default: 168, minimum: 1 },
  },
  applies: (pod, { settings, parameters }) => usesGpu(pod, settings) && (isInteractive(pod, parameters.interactive) || deadlinePath(pod) !== undefined),
  check: (pod, { parameters }) =>
    isInteractive(pod, parameters.interactive) ? ofWorkspace(pod, parameters.maximumIdleMinutes) : ofBatch(pod, parameters.maximumHours * 3600),
});

function ofWorkspace(pod: Pod, longest: number): readonly Problem[] {
  const annotation = pod.metadata.view("annotations").at(idleLimit);
  const text = annotation.text("") ?? objectOf(pod).view("metadata.annotations").at(idleLimit).text("");
  const minutes = text === undefined ? shutdownMinutes(pod) : Number(text);
  if (minutes === undefined) return [problem(annotation, "", `must be set, to ${longest} or less`)];
  return minutes > 0 && minutes <= longest ? [] : [problem(annotation, "", `must be a number of minutes above 0, ${longest} or less, not ${text ?? minutes}`)];
}

/** What Jupyter's server is told: seconds without activity after which it ends. */
function shutdownMinutes(pod: Pod): number | undefined {
  const words = pod.containers("containers").flatMap(({ view }) => [...view.strings("command"), ...view.strings("args")]);
  const found = /shutdown_no_activity_timeout[= ]+(\d+)/.exec(words.join(" "));
  return found === null ? undefined : Number(found[1]) / 60;
}

function ofBatch(pod: Pod, longest: number): readonly Problem[] {
  const deadline = objectOf(pod).view(deadlinePath(pod) ?? "");
  const seconds = deadline.number("") ?? pod.spec.number("activeDeadlineSeconds");
  if (seconds === undefined) return [problem(deadline, "", `must be set, to ${longest} or less`)];
  return seconds <= longest ? [] : [problem(deadline, "", `must be ${longest} or less`, seconds)];
}

/** Where a pod that ends by itself has its deadline; undefined for one that keeps running. */
function deadlinePath(pod: Pod): string | undefined {
  const { object } = pod;
  if (object.is("Pod")) return ["Never", "OnFailure"].includes(pod.spec.string("restartPolicy") ?? "") ? "spec.activeDeadlineSeconds" : undefined;
  return deadlines[`${object.group}/${object.kind}`];
}

function objectOf(pod: Pod): View {
  return pod.object.view(pod.template.trace);
}
