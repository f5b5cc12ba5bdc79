/** Names and addresses that a cluster takes on the host. All follow from its folder, so that two clones side by side never meet. Pure. */
import { createHash } from "node:crypto";
import { UserError } from "../lib/errors";

/** Eight hex digits of a cluster's folder. */
export function clusterId(folder: string): string {
  return createHash("sha256").update(folder).digest("hex").slice(0, 8);
}

/** The host's end of the cable into the cluster; 12 characters of the 15 that Linux allows. */
export function interfaceName(id: string): string {
  return `oap-${id}`;
}

/** Parent of every pod's cgroup, below the root of each hierarchy. */
export function cgroupName(id: string): string {
  return `/oap-${id}`;
}

/** A network in CIDR notation, for example `198.18.4.0/30`. */
export type Cidr = string;

/** Two host addresses: the host's end, and the node. */
export interface Subnet {
  readonly cidr: Cidr;
  readonly host: string;
  readonly node: string;
}

// RFC 2544 reserves it for benchmarks: nobody routes it, and no home or company network uses it.
const pool = { base: toNumber("198.18.0.0"), subnets: 2 ** 15 };

/** The /30 with this base address. */
export function subnetOf(base: string): Subnet {
  const first = toNumber(base);
  return { cidr: `${base}/30`, host: toAddress(first + 1), node: toAddress(first + 2) };
}

/**
 * The first free /30 at or after the place that the id says.
 * @param taken networks of the host's interfaces and routes; those wider than /16 (a default route, a VPN) don't count, since a /30 in them is the better match
 */
export function chooseSubnet(id: string, taken: readonly Cidr[]): Subnet {
  const ranges = taken.map(rangeOf).filter((range) => range.prefix >= 16);
  const start = parseInt(id, 16) % pool.subnets;
  for (let i = 0; i < pool.subnets; i++) {
    const first = pool.base + ((start + i) % pool.subnets) * 4;
    if (!ranges.some((range) => range.first <= first + 3 && range.last >= first)) return subnetOf(toAddress(first));
  }
  throw new UserError("no free network for the cluster: all of 198.18.0.0/15 is taken", { fix: "remove an interface or a route from that range (`ip route`)" });
}

/** Whether two networks share an address. */
export function overlaps(a: Cidr, b: Cidr): boolean {
  const [x, y] = [rangeOf(a), rangeOf(b)];
  return x.first <= y.last && x.last >= y.first;
}

function rangeOf(cidr: Cidr): { first: number; last: number; prefix: number } {
  const [address = "0.0.0.0", bits = "32"] = cidr.split("/");
  const size = 2 ** (32 - Number(bits));
  const first = Math.floor(toNumber(address) / size) * size;
  return { first, last: first + size - 1, prefix: Number(bits) };
}

function toNumber(address: string): number {
  return address.split(".").reduce((sum, byte) => sum * 256 + Number(byte), 0);
}

function toAddress(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join(".");
}
