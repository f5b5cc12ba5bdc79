/** Which pods find a place on the declared machines: whole pods on whole machines, first-fit. Pure. */
import { nothing, add, times, type Amounts } from "./amounts";
import { parseBytes, parseCpu, smallest } from "./quantities";
import type { StackConfig } from "./schema";

/** Equal pods. */
export interface Batch {
  readonly name: string;
  readonly each: Amounts;
  readonly count: number;
}

type NodeGroup = StackConfig["cluster"]["nodes"][number];

/** Machines with the same room left. */
interface Room {
  readonly free: Amounts;
  readonly count: bigint;
}

/** What a machine gives to pods. */
const counted = ["pods", "cpu", "memory", "gpus"] as const;

export function ofNode({ cpu, memory, gpus, pods }: NodeGroup): Amounts {
  return { ...nothing, pods: BigInt(pods), cpu: parseCpu(cpu), memory: parseBytes(memory), gpus: BigInt(gpus) };
}

/** Sum of the declared machines; undefined when none are declared. */
export function nodesTotal({ cluster: { nodes } }: Pick<StackConfig, "cluster">): Amounts | undefined {
  return nodes.length === 0 ? undefined : add(nodes.map((group) => times(ofNode(group), BigInt(group.count))));
}

export function isRoomFor(pod: Amounts, machine: Amounts): boolean {
  return counted.every((resource) => pod[resource] <= machine[resource]);
}

/**
 * How many pods of each batch find no place; empty when all do, or no machines are declared. Those with the most GPUs come first, on the machines with
 * the fewest, so that pods without GPUs leave the GPUs alone where they can. A volume that one machine mounts keeps all pods on one machine: the best one counts.
 * Labels and taints are not declared, so `nodeSelector` is not looked at.
 */
export function unplaced(batches: readonly Batch[], { cluster: { nodes }, storage }: Pick<StackConfig, "cluster" | "storage">): ReadonlyMap<string, number> {
  if (nodes.length === 0) return new Map();
  const ordered = batches.filter(({ count }) => count > 0).sort((a, b) => compare(b.each, a.each));
  const rooms = nodes.map((group): Room => ({ free: ofNode(group), count: BigInt(group.count) })).sort((a, b) => compare(a.free, b.free));
  const tries = storage.models.accessMode === "ReadWriteMany" ? [rooms] : rooms.map(({ free }) => [{ free, count: 1n }]);
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
function place({ each, count }: Batch, machines: readonly Room[]): { readonly missing: bigint; readonly rooms: readonly Room[] } {
  let missing = BigInt(count);
  const rooms = machines.flatMap((room): Room[] => {
    const most = counted.filter((resource) => each[resource] > 0n).reduce((pods, resource) => smallest(pods, room.free[resource] / each[resource]), missing);
    if (most === 0n) return [room];
    const full = smallest(room.count, missing / most);
    const rest = full < room.count ? missing - full * most : 0n;
    missing -= full * most + rest;
    const left: Room[] = [
      { free: without(room.free, each, most), count: full },
      { free: without(room.free, each, rest), count: rest > 0n ? 1n : 0n },
      { free: room.free, count: room.count - full - (rest > 0n ? 1n : 0n) },
    ];
    return left.filter((one) => one.count > 0n);
  });
  return { missing, rooms };
}

function without(free: Amounts, each: Amounts, pods: bigint): Amounts {
  return add([free, times(each, -pods)]);
}

function compare(a: Amounts, b: Amounts): number {
  return Number(a.gpus - b.gpus) || Number(a.cpu - b.cpu) || Number(a.memory - b.memory);
}
