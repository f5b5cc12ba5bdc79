/** Tenants don't share a GPU's memory. */
import { mayHold, podGpus, quotaGpus } from "../../gpu";
import type { KubeObject } from "../../objects";
import { podsOf } from "../../pods";
import { problem, stackPolicy } from "../../policy";
import type { Settings } from "../../settings";
import type { Stack } from "../../stack";

/** A claim on time-sliced GPUs: of pods, on nodes of their selectors; of a quota, on any. */
interface Claim {
  readonly resource: string;
  readonly path: string;
  readonly nodes: Readonly<Record<string, string>>;
}

export const gpuIsolatedTenants = stackPolicy({
  number: 7,
  name: "gpu-isolated-tenants",
  title: "in production, time-sliced GPUs are not shared by several tenants",
  why: "Time-slicing isolates nothing: a pod that takes too much memory or that crashes takes the GPU from all others on it, and faults of the driver reach across.",
  fix: "give tenants MIG devices or whole GPUs, or nodes of their own by a nodeSelector",
  group: "gpu",
  severity: "high",
  controls: { nist: ["SC-39", "SC-4"] },
  parameters: {
    tenantLabels: {
      type: "strings",
      description:
        "labels of namespaces that name the tenant, by key, or by the key's beginning where it ends in a dash; a namespace without one is a tenant of its own",
      default: ["openshift-ai-platform/team-", "capsule.clastix.io/tenant", "tenant", "team"],
    },
  },
  subjects: (stack, { settings }) => (settings.environment === "production" ? claimants(stack, settings) : []),
  check: (subject, view, stack, { settings, parameters }) => {
    view.string("metadata.namespace");
    const tenant = tenantOf(subject.namespace, stack, parameters.tenantLabels);
    const others = claimants(stack, settings).filter((other) => tenantOf(other.namespace, stack, parameters.tenantLabels) !== tenant);
    return claimsOf(subject, settings).flatMap(({ resource, path, nodes }) => {
      const other = others.find((one) => claimsOf(one, settings).some((claim) => claim.resource === resource && meet(claim.nodes, nodes)));
      return other === undefined ? [] : [problem(view, path, `must not be time-sliced GPUs (${resource}) that another tenant has too: ${other.title}`)];
    });
  },
});

function claimants(stack: Stack, settings: Settings): readonly KubeObject[] {
  return stack.objects.filter((object) => mayHold(() => claimsOf(object, settings).length > 0));
}

function claimsOf(object: KubeObject, settings: Settings): readonly Claim[] {
  const sliced = (resource: string): boolean => settings.gpuSharing[resource] === "timeSlicing" || resource.endsWith(".shared");
  if (object.is("ResourceQuota"))
    return quotaGpus(object.view(), settings)
      .filter(({ resource, hard }) => hard > 0 && sliced(resource))
      .map(({ resource, key }) => ({ resource, path: `spec.hard["${key}"]`, nodes: {} }));
  return podsOf(object).flatMap((pod) =>
    [...podGpus(pod, settings).keys()].filter(sliced).map((resource) => ({ resource, path: pod.spec.path, nodes: pod.spec.map("nodeSelector") })),
  );
}

/** Whether a node can have all labels of both. */
function meet(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  return Object.entries(a).every(([key, value]) => !Object.hasOwn(b, key) || b[key] === value);
}

function tenantOf(namespace: string, stack: Stack, names: readonly string[]): string {
  const labels = Object.entries(stack.find("Namespace", "", namespace)?.view().map("metadata.labels") ?? {});
  const own = labels.filter(([key]) => names.some((name) => key === name || (name.endsWith("-") && key.startsWith(name))));
  // Quoted, so that no label reads like a namespace.
  return own.length === 0 ? namespace : JSON.stringify(own.sort());
}
