/**
 * What replicas say of themselves, as the routers of their pool tell it: they ask each replica once a second. Routers are asked through the pool's Service, as models
 * are, so that it takes no right to pods and no connection to them.
 */
import type { Pod } from "../kube/objects";
import { instanceLabel, paths, replicasOf, routersOf } from "../kube/paths";
import type { Client } from "../types";

/** A replica, and what is known of it. */
export interface Replica {
  readonly pool: string;
  readonly pod: string;
  /** undefined: no router knows it (the preview of a new version), or none reaches it */
  readonly status: ReplicaStatus | undefined;
}

/** What the sidecar of a replica says (images/model-proxy/internal/status). */
export interface ReplicaStatus {
  readonly draining: boolean;
  readonly inFlight: number;
  readonly queued: number;
  readonly slots: number;
  /** Models of its pool that are in memory. */
  readonly models: readonly string[];
  /** Bytes of each model in memory: all of it, and what of it is on GPUs. */
  readonly memory: readonly { readonly model: string; readonly total: number; readonly gpu: number }[];
}

/** What a router says. */
export interface RouterStatus {
  /** Name of its pod. */
  readonly router: string;
  /** Requests that wait there; each router has a queue of its own. */
  readonly queued: number;
  readonly replicas: readonly (ReplicaStatus & { readonly address: string; readonly state: "ready" | "draining" | "unreachable" })[];
}

export async function replicas(client: Client, namespace: string, pool?: string): Promise<readonly Replica[]> {
  const pods = await client.list<Pod>(paths.pods(namespace, replicasOf(pool)));
  const running = pods.filter(({ metadata, status }) => status.phase === "Running" && metadata.deletionTimestamp === undefined);
  const pools = [...new Set(running.map(poolOf))];
  const told = new Map(await Promise.all(pools.map(async (name) => [name, await routerStatus(client, namespace, name)] as const)));
  return running.map((pod) => {
    const addresses = pod.status.podIPs?.map(({ ip }) => ip) ?? [];
    const found = told.get(poolOf(pod))?.replicas.find(({ address }) => addresses.includes(address));
    return { pool: poolOf(pod), pod: pod.metadata.name, status: found?.state === "unreachable" ? undefined : found };
  });
}

/** Requests that wait in all routers of a pool; undefined: not each of them could be asked. */
export async function routerQueue(client: Client, namespace: string, pool: string): Promise<number | undefined> {
  const pods = await client.list<Pod>(paths.pods(namespace, routersOf(pool)));
  const routers = pods.filter(({ metadata, status }) => status.phase === "Running" && metadata.deletionTimestamp === undefined).length;
  const queues = new Map<string, number>();
  // The API server takes one of them by chance: 8 times as many questions as there are routers miss one of two in a run of 65,000.
  for (let asked = 0; queues.size < routers && asked < 8 * routers; asked++) {
    const status = await routerStatus(client, namespace, pool);
    if (!status) return undefined;
    queues.set(status.router, status.queued);
  }
  return routers === 0 || queues.size < routers ? undefined : [...queues.values()].reduce((sum, queued) => sum + queued, 0);
}

const poolOf = ({ metadata }: Pod): string => metadata.labels?.[instanceLabel] ?? "";

/** undefined: no answer, or none that is a router's. */
async function routerStatus(client: Client, namespace: string, pool: string): Promise<RouterStatus | undefined> {
  try {
    const { status, text } = await client.text(`${paths.service(namespace, pool, "http")}/status`);
    return status === 200 ? (JSON.parse(text) as RouterStatus) : undefined;
  } catch {
    return undefined;
  }
}
