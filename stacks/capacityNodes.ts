/** Which pods find a place on the declared machines: whole pods on whole machines, first-fit. Pure. */
import { add, allGpus, furtherNames, furtherOf, nothing, ofGpus, times, type Amounts } from "./amounts";
import { allocatableOf, resourceOfGroup, type NodeGroup } from "./gpu";
import { parseBytes, parseCpu, smallest } from "./quantities";
import type { StackConfig } from "./schema";

/** Equal pods. */
export interface Batch {
  readonly name: string;
  readonly each: Amounts;
  readonly count: number;
  /** Class of the machines that they run on. Undefined: any. */
  readonly gpuClass?: string | undefined;
}

type Cluster = Pick<StackConfig, "cluster">;

/** Machines with the same room left. */
interface Room {
  readonly free: Amounts;
  readonly count: bigint;
  readonly gpuClass: string | undefined;
}

/** What a machine gives to pods. */
const counted = ["pods", "cpu", "memory", "gpus"] as const;

export function ofNode(group: NodeGroup, config: Cluster): Amounts {
  const { cpu, memory, pods } = group;
  const gpus = ofGpus(allocatableOf(group), resourceOfGroup(group, config), config.cluster.gpuResource);
  return { ...nothing, pods: BigInt(pods), cpu: parseCpu(cpu), memory: parseBytes(memory), ...gpus };
}

/** Sum of the declared machines; undefined when none are declared. */
export function nodesTotal(config: Cluster): Amounts | undefined {
  const { nodes } = config.cluster;
  return nodes.length === 0 ? undefined : add(nodes.map((group) => times(ofNode(group, config), BigInt(group.count))));
}

export function isRoomFor(pod: Amounts, machine: Amounts): boolean {
  return (
    counted.every((resource) => pod[resource] <= machine[resource]) && furtherNames([pod]).every((name) => furtherOf(pod, name) <= furtherOf(machine, name))
  );
}

/** Groups of machines that pods of a class may run on. */
export function groupsFor({ gpuClass }: Pick<Batch, "gpuClass">, { cluster: { nodes } }: Cluster): readonly NodeGroup[] {
  return nodes.filter(({ gpu }) => gpuClass === undefined || gpu?.class === gpuClass);
}

/**
 * How many pods of each batch find no place; empty when all do, or no machines are declared. Those of a class come first, then those with the most GPUs, on
 * the machines with the fewest, so that pods without GPUs leave the GPUs alone where they can. A volume that one machine mounts keeps all pods on one machine:
 * the best one counts. Other labels and taints are not declared, so `nodeSelector` is not looked at.
 */
export function unplaced(batches: readonly Batch[], config: Pick<StackConfig, "cluster" | "storage">): ReadonlyMap<string, number> {
  const { nodes } = config.cluster;
  if (nodes.length === 0) return new Map();
  const bound = ({ gpuClass }: Batch) => Number(gpuClass !== undefined);
  const ordered = batches.filter(({ count }) => count > 0).sort((a, b) => bound(b) - bound(a) || compare(b.each, a.each));
  const rooms = nodes
    .map((group): Room => ({ free: ofNode(group, config), count: BigInt(group.count), gpuClass: group.gpu?.class }))
    .sort((a, b) => compare(a.free, b.free));
  const tries = config.storage.models.accessMode === "ReadWriteMany" ? [rooms] : rooms.map((room) => [{ ...room, count: 1n }]);
  const missing = tries.map((machines) => placeAll(ordered, machines));
  const total = (one: ReadonlyMap<string, number>): number => [...one.values()].reduce((pods, count) => pods + count, 0);
  return missing.reduce((best, one) => (total(one) < total(best) ? one : best));
}

function placeAll(batches: readonly Batch[], machines: readonly Room[]): ReadonlyMap<string, number> {
  const missing = new Map<string, number>();
  let rooms = machines;
  for (const batch of batches) {
    const placed = place(batch, rooms);
    rooms = placed.rooms;
    if (placed.missing > 0n) missing.set(batch.name, Number(placed.missing));
  }
  return missing;
}

/** Fills one machine after another: for equal pods no other order places more of them. */
function place({ each, count, gpuClass }: Batch, machines: readonly Room[]): { readonly missing: bigint; readonly rooms: readonly Room[] } {
  let missing = BigInt(count);
  const rooms = machines.flatMap((room): Room[] => {
    const most = gpuClass === undefined || gpuClass === room.gpuClass ? smallest(missing, podsIn(room.free, each)) : 0n;
    if (most === 0n) return [room];
    const full = smallest(room.count, missing / most);
    const rest = full < room.count ? missing - full * most : 0n;
    missing -= full * most + rest;
    const left: Room[] = [
      { ...room, free: without(room.free, each, most), count: full },
      { ...room, free: without(room.free, each, rest), count: rest > 0n ? 1n : 0n },
      { ...room, count: room.count - full - (rest > 0n ? 1n : 0n) },
    ];
    return left.filter((one) => one.count > 0n);
  });
  return { missing, rooms };
}

/** How many equal pods a machine has room for; each takes one of `pods` at least. */
function podsIn(free: Amounts, each: Amounts): bigint {
  const named = furtherNames([each]).map((name) => [furtherOf(free, name), furtherOf(each, name)] as const);
  const all = [...counted.map((resource) => [free[resource], each[resource]] as const), ...named];
  return all.filter(([, takes]) => takes > 0n).reduce((pods, [has, takes]) => smallest(pods, has / takes), free.pods);
}

function without(free: Amounts, each: Amounts, pods: bigint): Amounts {
  return add([free, times(each, -pods)]);
}

function compare(a: Amounts, b: Amounts): number {
  return Number(allGpus(a) - allGpus(b)) || Number(a.cpu - b.cpu) || Number(a.memory - b.memory);
}
