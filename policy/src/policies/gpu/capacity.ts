/** What a project may grow to has a place. */
import { mayHold, objectGpus, quotaGpus, quotasOf } from "../../gpu";
import { largestGpus, largestOfProject } from "../../gpuScale";
import type { KubeObject } from "../../objects";
import { problem, stackPolicy, type Problem } from "../../policy";
import type { Settings } from "../../settings";
import type { Stack } from "../../stack";
import type { View } from "../../values";

export const gpuCapacity = stackPolicy({
  number: 8,
  name: "gpu-capacity",
  title: "GPUs at the largest scale are within the project's quota, and quotas within the nodes",
  why: "An autoscaler's upper bound that quota or machines don't cover is a promise that fails just when many people wait: its pods are never made, or stay pending.",
  fix: "lower the largest scale, raise the quota, or add nodes",
  group: "gpu",
  severity: "high",
  controls: { nist: ["SC-6", "CP-2(2)"] },
  subjects: (stack, { settings }) => [
    ...stack.ofKind("ResourceQuota").filter((quota) => mayHold(() => quotaGpus(quota.view(), settings).length > 0)),
    ...(Object.keys(settings.nodeGpus).length === 0 ? [] : stack.objects.filter((object) => mayHold(() => objectGpus(object, settings).size > 0))),
  ],
  check: (subject, view, stack, { settings }) =>
    subject.is("ResourceQuota") ? ofQuota(subject, view, stack, settings) : ofWorkload(subject, view, stack, settings),
});

function ofQuota(subject: KubeObject, view: View, stack: Stack, settings: Settings): readonly Problem[] {
  view.string("metadata.namespace");
  // A quota with a scope counts some pods only: which, is not told by their workloads.
  const needed = quotasOf(stack, subject.namespace).includes(subject) ? largestOfProject(subject.namespace, stack, settings) : undefined;
  return quotaGpus(view, settings).flatMap(({ key, resource, hard }) => {
    const at = view.view("spec.hard").at(key);
    const wanted = needed?.get(resource) ?? 0;
    const offered = nodes(settings, resource);
    return [
      ...(wanted > hard ? [problem(at, "", `must be ${wanted} or more: so many the workloads of ${subject.namespace} take at their largest scale`)] : []),
      ...(hard > offered ? [problem(at, "", `must be ${offered} or less: the declared nodes have no more`)] : []),
    ];
  });
}

function ofWorkload(subject: KubeObject, view: View, stack: Stack, settings: Settings): readonly Problem[] {
  return [...largestGpus(subject, stack, settings)].flatMap(([resource, wanted]) => {
    const offered = nodes(settings, resource);
    return wanted > offered
      ? [problem(view, "metadata.name", `takes ${wanted} of ${resource} at its largest scale, must be ${offered} or less: the declared nodes have no more`)]
      : [];
  });
}

/** GPUs of the declared nodes; without end where none are declared. */
function nodes({ nodeGpus }: Settings, resource: string): number {
  if (Object.keys(nodeGpus).length === 0) return Infinity;
  return nodeGpus[resource] ?? 0;
}
