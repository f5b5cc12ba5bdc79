/** Nobody takes more GPUs than one may. */
import { containerGpus, podGpus, quotaGpus, usesGpu, type GpuCounts } from "../../gpu";
import { podsOf, type Pod } from "../../pods";
import { objectPolicy, problem, problemIf, type Problem } from "../../policy";
import type { Settings } from "../../settings";

interface Maximum {
  readonly perContainer: number;
  readonly perPod: number;
}

export const gpuMaximum = objectPolicy({
  number: 3,
  name: "gpu-maximum",
  title: "GPUs of a container, a pod and a project are within the maximum",
  why: "A slip of the pen in a number takes a team's GPUs, or all machines', from everybody else.",
  fix: "ask for fewer GPUs, or raise the policy's maximum for all",
  group: "gpu",
  severity: "medium",
  controls: { nsa: ["resource policies"], nist: ["SC-6"] },
  parameters: {
    perContainer: { type: "integer", description: "most GPUs, or parts of GPUs, of one container", default: 8, minimum: 0 },
    perPod: { type: "integer", description: "most GPUs, or parts of GPUs, of one pod", default: 8, minimum: 0 },
    perProject: { type: "integer", description: "most GPUs, or parts of GPUs, that the quota of a project may allow", default: 32, minimum: 0 },
  },
  applies: (view, { settings }, object) =>
    object.is("ResourceQuota") ? quotaGpus(view, settings).length > 0 : podsOf(object, view.trace).some((pod) => usesGpu(pod, settings)),
  check: (view, { settings, parameters }, object) => {
    if (!object.is("ResourceQuota")) return podsOf(object, view.trace).flatMap((pod) => ofPod(pod, settings, parameters));
    const allowed = quotaGpus(view, settings).reduce((sum, { hard }) => sum + hard, 0);
    return problemIf(allowed > parameters.perProject, view, "spec.hard", `must allow at most ${parameters.perProject} GPUs of all kinds, not ${allowed}`);
  },
});

function ofPod(pod: Pod, settings: Settings, { perContainer, perPod }: Maximum): readonly Problem[] {
  const containers = pod
    .containers()
    .map((container) => ({ container, gpus: total(containerGpus(container, settings)) }))
    .filter(({ gpus }) => gpus > perContainer)
    .map(({ container, gpus }) => problem(container.view, "resources.limits", `must have at most ${perContainer} GPUs, not ${gpus}`));
  const gpus = total(podGpus(pod, settings));
  return [...containers, ...(gpus > perPod ? [problem(pod.template, "spec", `must have at most ${perPod} GPUs in all containers, not ${gpus}`, gpus)] : [])];
}

function total(counts: GpuCounts): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}
