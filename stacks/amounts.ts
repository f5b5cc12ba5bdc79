/** What workloads take and machines have, resource by resource. Pure. */
import { formatBytes, formatCpu, parseBytes, parseCpu, readableBytes, readableCpu, sum } from "./quantities";
import type { ProjectQuota } from "./projects";
import type { ContainerSize } from "./sizing";

/** CPU in thousandths; memory and storage in bytes. */
export interface Amounts {
  readonly pods: bigint;
  /** Requested. */
  readonly cpu: bigint;
  /** Requested. */
  readonly memory: bigint;
  /** Limits. */
  readonly memoryLimit: bigint;
  readonly gpus: bigint;
  readonly storage: bigint;
}
export type Resource = keyof Amounts;

export const resources = ["pods", "cpu", "memory", "memoryLimit", "gpus", "storage"] as const satisfies readonly Resource[];

export const nothing: Amounts = { pods: 0n, cpu: 0n, memory: 0n, memoryLimit: 0n, gpus: 0n, storage: 0n };

export function amounts(make: (resource: Resource) => bigint): Amounts {
  return {
    pods: make("pods"),
    cpu: make("cpu"),
    memory: make("memory"),
    memoryLimit: make("memoryLimit"),
    gpus: make("gpus"),
    storage: make("storage"),
  };
}

export function add(all: readonly Amounts[]): Amounts {
  return amounts((resource) => sum(all.map((one) => one[resource])));
}

export function times(one: Amounts, factor: bigint): Amounts {
  return amounts((resource) => one[resource] * factor);
}

/** What is left of something; nothing where more is taken than there is. */
export function less(one: Amounts, taken: Amounts): Amounts {
  return amounts((resource) => (one[resource] > taken[resource] ? one[resource] - taken[resource] : 0n));
}

/** A pod of one container. */
export function ofContainer({ requests, limits }: ContainerSize): Amounts {
  return { ...nothing, pods: 1n, cpu: parseCpu(requests.cpu), memory: parseBytes(requests.memory), memoryLimit: parseBytes(limits.memory) };
}

export function ofQuota({ pods, cpu, memory, memoryLimit, gpus, storage }: Omit<ProjectQuota, "claims">): Amounts {
  return {
    pods: BigInt(pods),
    cpu: parseCpu(cpu),
    memory: parseBytes(memory),
    memoryLimit: parseBytes(memoryLimit),
    gpus: BigInt(gpus),
    storage: parseBytes(storage),
  };
}

const names: Readonly<Record<Resource, string>> = {
  pods: "pods",
  cpu: "CPU",
  memory: "of memory",
  memoryLimit: "of memory limits",
  gpus: "GPUs",
  storage: "of storage",
};

/** For people, without the name of the resource: `0.25`, `8.5Gi`. */
export function readable(resource: Resource, amount: bigint): string {
  switch (resource) {
    case "cpu":
      return readableCpu(amount);
    case "memory":
    case "memoryLimit":
    case "storage":
      return readableBytes(amount);
    case "pods":
    case "gpus":
      return String(amount);
  }
}

/** For people: `12 GPUs`, `1 pod`, `8.5Gi of memory`. */
export function said(resource: Resource, amount: bigint): string {
  const name = amount === 1n && (resource === "gpus" || resource === "pods") ? names[resource].slice(0, -1) : names[resource];
  return `${readable(resource, amount)} ${name}`;
}

/** As the configuration takes it. */
export function configured(resource: Resource, amount: bigint): string | number {
  switch (resource) {
    case "cpu":
      return formatCpu(amount);
    case "memory":
    case "memoryLimit":
    case "storage":
      return formatBytes(amount);
    case "pods":
    case "gpus":
      return Number(amount);
  }
}
