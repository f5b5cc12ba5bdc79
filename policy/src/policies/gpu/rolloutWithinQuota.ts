/** Updates have room. */
import { gpuQuota, mayHold, objectGpus } from "../../gpu";
import { largestGpus, largestOfProject, runnerOf, surgeOf } from "../../gpuScale";
import { problem, stackPolicy, type Problem } from "../../policy";
import { scaledKinds, scaleOf } from "../../workloads";

export const rolloutWithinQuota = stackPolicy({
  number: 53,
  name: "rollout-within-quota",
  title: "updates never take more GPUs than the project's quota, and blue-green previews are bounded",
  why: "An update that adds pods beyond the quota stops half-way, just when a fix has to get out; a preview without a bound doubles the GPUs.",
  fix: "set maxSurge 0 with maxUnavailable 1, or previewReplicaCount, or raise the quota",
  group: "gpu",
  severity: "high",
  controls: { nist: ["SC-6"] },
  subjects: (stack, { settings }) => stack.ofKind(...scaledKinds).filter((object) => mayHold(() => objectGpus(object, settings).size > 0)),
  check: (subject, view, stack, { settings }) => {
    view.string("metadata.namespace");
    const one = objectGpus(subject, settings);
    const { max } = scaleOf(subject, stack);
    const surge = surgeOf(subject, stack);
    const own = largestGpus(subject, stack, settings);
    const all = largestOfProject(subject.namespace, stack, settings);
    const beyond = [...one].flatMap(([resource, each]) => {
      const quota = gpuQuota(stack, subject.namespace, resource, settings);
      const beside = (all.get(resource) ?? 0) - (own.get(resource) ?? 0);
      const needed = (max + surge) * each + beside;
      if (quota === undefined || needed <= quota) return [];
      const sum = `${max} pods and ${surge} more${beside === 0 ? "" : `, and ${beside} of other workloads`}`;
      return [problem(view, "metadata.name", `needs ${needed} of ${resource} during an update (${sum}), must be ${quota} or less, the project's quota`)];
    });
    return [...unbounded(), ...beyond];

    function unbounded(): readonly Problem[] {
      const runner = runnerOf(subject, stack);
      const blueGreen = runner.view().view("spec.strategy.blueGreen");
      if (blueGreen.known() === undefined || blueGreen.has("previewReplicaCount")) return [];
      return [{ ...problem(blueGreen, "previewReplicaCount", "must be set: else the preview has as many pods as the active version"), object: runner }];
    }
  },
});
