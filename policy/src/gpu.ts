/** GPUs that containers, pods and workloads ask for. */
import type { KubeObject } from "./objects";
import { podsOf, type Container, type Pod } from "./pods";
import { quantityAt } from "./quantity";
import { isGpu, type Settings } from "./settings";
import type { Stack } from "./stack";
import { Malformed, NotDecided, type View } from "./values";

export interface Gpus {
  readonly resource: string;
  readonly request: number | undefined;
  readonly limit: number | undefined;
}

/** GPUs by resource name; those of which there are none are left out. */
export type GpuCounts = ReadonlyMap<string, number>;

/** What a container asks for, by GPU resource; none where it uses no GPU. @throws NotDecided, Malformed */
export function gpusOf(container: Container, settings: Settings): readonly Gpus[] {
  const resources = container.view.view("resources");
  const names = ["limits", "requests"].flatMap((kind) => resources.entries(kind).map(([name]) => name));
  return [...new Set(names)]
    .filter((name) => isGpu(settings, name))
    .map((resource) => ({ resource, request: quantityAt(resources, "requests", resource), limit: quantityAt(resources, "limits", resource) }));
}

/** What a container takes: its limit, which is its request too. @throws NotDecided, Malformed */
export function containerGpus(container: Container, settings: Settings): GpuCounts {
  return present(new Map(gpusOf(container, settings).map(({ resource, limit, request }) => [resource, limit ?? request ?? 0])));
}

/**
 * What a pod takes, as the scheduler counts: its containers and sidecars together; or one init container with the sidecars that run by then, where that is more.
 * @throws NotDecided, Malformed
 */
export function podGpus(pod: Pod, settings: Settings): GpuCounts {
  let sidecars: GpuCounts = new Map();
  let initial: GpuCounts = new Map();
  for (const container of pod.containers("initContainers")) {
    const own = plus(sidecars, containerGpus(container, settings));
    if (container.sidecar) sidecars = own;
    else initial = most(initial, own);
  }
  const running = pod.containers("containers").map((container) => containerGpus(container, settings));
  return most(running.reduce(plus, sidecars), initial);
}

export function usesGpu(pod: Pod, settings: Settings): boolean {
  return podGpus(pod, settings).size > 0;
}

/** What one copy of an object's pods takes. @throws NotDecided, Malformed */
export function objectGpus(object: KubeObject, settings: Settings): GpuCounts {
  return podsOf(object)
    .map((pod) => podGpus(pod, settings))
    .reduce(plus, new Map());
}

/** Whether a condition holds, or can't be told: for `subjects`, so that what is unknown in one object is found when it is looked at. */
export function mayHold(condition: () => boolean): boolean {
  try {
    return condition();
  } catch (error) {
    if (error instanceof NotDecided || error instanceof Malformed) return true;
    throw error;
  }
}

/** GPU resources that a ResourceQuota limits, with their keys: only `requests.<resource>` is ever counted. @throws NotDecided, Malformed */
export function quotaGpus(quota: View, settings: Settings): readonly { readonly key: string; readonly resource: string; readonly hard: number }[] {
  const hard = quota.view("spec.hard");
  return hard.entries("").flatMap(([key]) => {
    const resource = key.replace(/^requests\./, "");
    return key !== resource && isGpu(settings, resource) ? [{ key, resource, hard: quantityAt(hard, key) ?? 0 }] : [];
  });
}

/** Quotas that count all pods of a namespace; one with a scope counts some of them. */
export function quotasOf(stack: Stack, namespace: string): readonly KubeObject[] {
  return stack
    .ofKind("ResourceQuota")
    .filter((quota) => quota.namespace === namespace && !quota.view().has("spec.scopes") && !quota.view().has("spec.scopeSelector"));
}

/** The most of a GPU resource that a namespace may have: the least of its quotas. Undefined: no quota says. @throws NotDecided, Malformed */
export function gpuQuota(stack: Stack, namespace: string, resource: string, settings: Settings): number | undefined {
  const hard = quotasOf(stack, namespace)
    .flatMap((quota) => quotaGpus(quota.view(), settings))
    .filter((one) => one.resource === resource)
    .map((one) => one.hard);
  return hard.length === 0 ? undefined : Math.min(...hard);
}

export function plus(a: GpuCounts, b: GpuCounts): GpuCounts {
  return merged(a, b, (one, other) => one + other);
}

function most(a: GpuCounts, b: GpuCounts): GpuCounts {
  return merged(a, b, Math.max);
}

function merged(a: GpuCounts, b: GpuCounts, of: (one: number, other: number) => number): GpuCounts {
  return new Map([...new Set([...a.keys(), ...b.keys()])].map((key) => [key, of(a.get(key) ?? 0, b.get(key) ?? 0)]));
}

function present(counts: GpuCounts): GpuCounts {
  return new Map([...counts].filter(([, count]) => count > 0));
}
