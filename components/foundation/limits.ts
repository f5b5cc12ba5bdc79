/** The quota and the limits of a project, as Kubernetes writes them. Pure. */
import type { types } from "@pulumi/kubernetes";
import { sharedResource, wholeResource } from "../../stacks/gpu";
import type { ProjectQuota } from "../../stacks/projects";
import type { Sizing } from "../../stacks/sizing";

/** Most objects of a kind, by the quota's name for them. */
export type ObjectCounts = Readonly<Record<string, number>>;

/**
 * Room for what a busy project has, and an end for what runs away: a CronJob that never clears up, a pipeline that makes ConfigMaps. Nothing gets a way in
 * past the routes. OpenShift makes Secrets of its own for each ServiceAccount, so there are more of them.
 */
export const defaultObjects: ObjectCounts = {
  "services.loadbalancers": 0,
  "services.nodeports": 0,
  services: 100,
  configmaps: 200,
  secrets: 200,
  "count/deployments.apps": 100,
  "count/statefulsets.apps": 50,
  "count/jobs.batch": 200,
  "count/cronjobs.batch": 50,
};

/** Names under which GPUs may be counted; MIG profiles are in the quota where machines have them. */
const gpuNames = [wholeResource, sharedResource] as const;

/**
 * The quota's hard limits. GPUs are counted by `requests.` only, since a quota never counts their limits; those under a name that no pool requests would not
 * be counted, so there are none.
 */
export function quotaOf(quota: ProjectQuota, gpuResource: string, objects: ObjectCounts): Record<string, string> {
  return {
    "requests.cpu": quota.cpu,
    "requests.memory": quota.memory,
    "limits.memory": quota.memoryLimit,
    ...Object.fromEntries(gpuNames.map((name) => [`requests.${name}`, "0"])),
    ...Object.fromEntries(Object.entries(quota.furtherGpus ?? {}).map(([name, count]) => [`requests.${name}`, String(count)])),
    [`requests.${gpuResource}`]: String(quota.gpus),
    "requests.storage": quota.storage,
    persistentvolumeclaims: String(quota.claims),
    pods: String(quota.pods),
    ...Object.fromEntries(Object.entries(objects).map(([name, count]) => [name, String(count)])),
  };
}

/** What containers get that say nothing, and the most that one container and one claim may ask for. */
export function limitsOf({ default: defaults, max }: Sizing["containers"], quota: ProjectQuota): types.input.core.v1.LimitRangeItem[] {
  return [
    { type: "Container", defaultRequest: { ...defaults.requests }, default: { ...defaults.limits }, max: { ...max } },
    { type: "PersistentVolumeClaim", max: { storage: quota.storage } },
  ];
}
