/** GPUs of a project are limited, and a project without GPU pods gets none. */
import { gpuQuota, objectGpus, quotaGpus, quotasOf } from "../../gpu";
import type { KubeObject } from "../../objects";
import { problem, stackPolicy } from "../../policy";
import { isGpu, type Settings } from "../../settings";
import type { Stack } from "../../stack";
import type { View } from "../../values";

export const gpuProjectQuota = stackPolicy({
  number: 5,
  name: "gpu-project-quota",
  title: "each project has a quota of GPUs: enough for its pods, and 0 where it has none",
  why: "GPUs without a quota are taken by whoever comes first; and quotas of limits.<GPU> are never counted, only of requests.<GPU>.",
  fix: "set requests.<GPU resource> in spec.hard of the project's ResourceQuota, to 0 where it needs no GPUs",
  group: "gpu",
  severity: "high",
  controls: { nsa: ["resource policies"], nist: ["SC-6"] },
  parameters: {
    reservedFor: {
      type: "strings",
      description: "labels (key=value) of projects whose pods are made by people or other programs: their quota may be more than 0",
      default: ["openshift-ai-platform/project=team"],
    },
  },
  subjects: (stack) => stack.namespaces,
  check: (subject, view, stack, { settings, parameters }) => {
    // Of a project whose name is known only after up, nobody knows what is in it.
    view.string("metadata.name");
    const used = new Set(stack.inNamespace(subject.name).flatMap((object) => [...objectGpus(object, settings).keys()]));
    const reserved = isReserved(view, parameters.reservedFor);
    return resources(subject, stack, settings, used).flatMap((resource) => {
      const quota = gpuQuota(stack, subject.name, resource, settings);
      const at = view.view("metadata.name");
      if (quota === undefined)
        return [problem(at, "", `needs a ResourceQuota with requests.${resource}${used.has(resource) ? "" : ": 0, since it has no pods with it"}`)];
      if (used.has(resource)) return quota > 0 ? [] : [problem(at, "", `needs a quota of requests.${resource} above 0: its pods ask for it`)];
      return quota === 0 || reserved ? [] : [problem(at, "", `must have a quota of 0 of requests.${resource}, not ${quota}: it has no pods with it`)];
    });
  },
});

function isReserved(namespace: View, labels: readonly string[]): boolean {
  const own = Object.entries(namespace.map("metadata.labels")).map(([key, value]) => `${key}=${value}`);
  return labels.some((label) => own.includes(label));
}

/** GPU resources that there may be: of the declared nodes, of quotas of the stack, and of the project's pods; else the first that is known at all. */
function resources(subject: KubeObject, stack: Stack, settings: Settings, used: ReadonlySet<string>): readonly string[] {
  const declared = Object.keys(settings.nodeGpus).filter((name) => isGpu(settings, name));
  const limited = quotasOf(stack, subject.name).flatMap((quota) => quotaGpus(quota.view(), settings).map(({ resource }) => resource));
  const known = declared.length > 0 ? declared : settings.gpuResources.slice(0, 1);
  return [...new Set([...known, ...limited, ...used])];
}
