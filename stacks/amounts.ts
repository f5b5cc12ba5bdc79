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
  /** Those that are counted under the cluster's name for them. */
  readonly gpus: bigint;
  readonly storage: bigint;
  /** GPUs that are counted under another name than the cluster's, by that name: `nvidia.com/mig-1g.10gb`. Undefined: none. */
  readonly further?: Readonly<Record<string, bigint>>;
}
export type Resource = Exclude<keyof Amounts, "further">;

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
  return { ...amounts((resource) => sum(all.map((one) => one[resource]))), ...further(all, (name) => sum(all.map((one) => furtherOf(one, name)))) };
}

export function times(one: Amounts, factor: bigint): Amounts {
  return { ...amounts((resource) => one[resource] * factor), ...further([one], (name) => furtherOf(one, name) * factor) };
}

/** What is left of something; nothing where more is taken than there is. */
export function less(one: Amounts, taken: Amounts): Amounts {
  const rest = (has: bigint, takes: bigint) => (has > takes ? has - takes : 0n);
  return {
    ...amounts((resource) => rest(one[resource], taken[resource])),
    ...further([one], (name) => rest(furtherOf(one, name), furtherOf(taken, name))),
  };
}

/** Some of the GPUs, under the name that they are counted by. @param own the cluster's name for them */
export function ofGpus(count: number, name: string, own: string): Pick<Amounts, "gpus" | "further"> {
  return name === own || count === 0 ? { gpus: BigInt(count) } : { gpus: 0n, further: { [name]: BigInt(count) } };
}

export function withoutGpus({ further: _, ...one }: Amounts): Amounts {
  return { ...one, gpus: 0n };
}

/** GPUs under whatever name. */
export function allGpus(one: Amounts): bigint {
  return one.gpus + sum(Object.values(one.further ?? {}));
}

export function furtherOf(one: Amounts, name: string): bigint {
  return one.further?.[name] ?? 0n;
}

/** Names of GPUs besides the cluster's, each once. */
export function furtherNames(all: readonly Amounts[]): readonly string[] {
  return [...new Set(all.flatMap((one) => Object.keys(one.further ?? {})))];
}

function further(all: readonly Amounts[], make: (name: string) => bigint): Pick<Amounts, "further"> {
  const names = furtherNames(all);
  return names.length === 0 ? {} : { further: Object.fromEntries(names.map((name) => [name, make(name)])) };
}

/** A pod of one container. */
export function ofContainer({ requests, limits }: ContainerSize): Amounts {
  return { ...nothing, pods: 1n, cpu: parseCpu(requests.cpu), memory: parseBytes(requests.memory), memoryLimit: parseBytes(limits.memory) };
}

export function ofQuota({ pods, cpu, memory, memoryLimit, gpus, furtherGpus, storage }: Omit<ProjectQuota, "claims">): Amounts {
  return {
    pods: BigInt(pods),
    cpu: parseCpu(cpu),
    memory: parseBytes(memory),
    memoryLimit: parseBytes(memoryLimit),
    gpus: BigInt(gpus),
    storage: parseBytes(storage),
    ...(furtherGpus === undefined ? {} : { further: Object.fromEntries(Object.entries(furtherGpus).map(([name, count]) => [name, BigInt(count)])) }),
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

/** All kinds of GPUs, for people: `1 GPU`, `2 nvidia.com/mig-1g.10gb`, `4 GPUs and 8 nvidia.com/gpu.shared`. */
export function saidGpus(one: Amounts): string {
  const others = Object.entries(one.further ?? {}).map(([name, count]) => `${count} ${name}`);
  return [...(one.gpus === 0n && others.length > 0 ? [] : [said("gpus", one.gpus)]), ...others].join(" and ");
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
