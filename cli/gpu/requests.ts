/** What a pod requests, as the scheduler counts it. Pure. */
import { amountOf } from "../../tools/doctor/objects";
import type { Container, PodSpec } from "../kube/objects";

export type Amounts = Readonly<Record<string, number>>;

/**
 * Cores, bytes and pieces by resource: the sum of its containers and of the init containers that go on running beside them; or, where it is more, what the largest
 * of the other init containers takes together with those that were started before it.
 */
export function podRequests({ containers, initContainers = [] }: PodSpec): Amounts {
  let beside: Amounts = {};
  let largest: Amounts = {};
  for (const one of initContainers) {
    if (one.restartPolicy === "Always") {
      beside = plus(beside, requestsOf(one));
      largest = most(largest, beside);
    } else largest = most(largest, plus(beside, requestsOf(one)));
  }
  return most(largest, containers.map(requestsOf).reduce(plus, beside));
}

function requestsOf({ resources = {} }: Container): Amounts {
  const named = { ...resources.limits, ...resources.requests };
  return Object.fromEntries(Object.entries(named).map(([name, quantity]) => [name, amountOf(quantity)]));
}

export function plus(a: Amounts, b: Amounts): Amounts {
  return merge(a, b, (x, y) => x + y);
}

function most(a: Amounts, b: Amounts): Amounts {
  return merge(a, b, Math.max);
}

function merge(a: Amounts, b: Amounts, of: (x: number, y: number) => number): Amounts {
  return Object.fromEntries([...new Set([...Object.keys(a), ...Object.keys(b)])].map((name) => [name, of(a[name] ?? 0, b[name] ?? 0)]));
}

/** Resources that stand for GPUs, under whatever name they are shared. */
export function isGpu(resource: string): boolean {
  return /^nvidia\.com\/(gpu(\.shared)?|mig-.+)$/.test(resource);
}
