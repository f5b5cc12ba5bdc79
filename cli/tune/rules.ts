/** Advice from measured use: each rule gives the number, what it is held against, the change and what to expect of it. What was not measured gives none. Pure. */
import type { PoolConfig } from "../../stacks/schema";
import { bytesText } from "../output";

/** Use of a pool over the last hours. undefined: not measured. */
export interface Measured {
  /** Share of 1, mean of its GPUs over an hour. */
  readonly gpuUse: number | undefined;
  /** 95th percentile of an hour, seconds. */
  readonly queueWaitSeconds: number | undefined;
  /** Requests at a time, mean of an hour. */
  readonly inFlight: number | undefined;
  /** Requests that all replicas answer at a time. */
  readonly slots: number | undefined;
  readonly replicas: number | undefined;
  /** Tokens of a request and its answer, 95th percentile of a day. */
  readonly tokens: number | undefined;
  readonly models: readonly ModelUse[];
  /** What the VPA would request, by container. */
  readonly recommended: readonly Recommendation[];
}

export interface ModelUse {
  readonly model: string;
  /** In memory of one replica. */
  readonly bytes: number | undefined;
  /** Bytes by which that grew in an hour, over six of them. */
  readonly growth: number | undefined;
  /** In a week. */
  readonly requests: number | undefined;
}

export interface Recommendation {
  readonly container: string;
  readonly resource: "cpu" | "memory";
  /** Cores or bytes. */
  readonly requested: number;
  readonly target: number;
}

export interface Advice {
  readonly pool: string;
  readonly rule: string;
  readonly found: string;
  /** What it is held against, and why. */
  readonly limit: string;
  /** Of the configuration: `serving.pools[ollama].parallel: 4 → 6`. */
  readonly change: string;
  readonly effect: string;
}

export type Rule = (pool: PoolConfig, measured: Measured) => readonly Advice[];

/** As much as the guide wants of a GPU. */
export const gpuTarget = 0.7;
const maxParallel = 64;

/** Waiting counts as such above this many seconds. */
const longWait = ({ scale }: PoolConfig) => scale?.queueWaitSeconds ?? 2;
const waits = (pool: PoolConfig, { queueWaitSeconds: wait }: Measured) => wait !== undefined && wait > longWait(pool);
const field = ({ name }: PoolConfig, path: string, from: unknown, to: unknown) => `serving.pools[${name}].${path}: ${String(from)} → ${String(to)}`;
const percent = (share: number) => `${Math.round(share * 100)} %`;

/** GPUs that idle while requests wait answer too few at a time; GPUs that idle while none waits are too many. */
export const gpuUse: Rule = (pool, measured) => {
  const use = measured.gpuUse;
  if (use === undefined || use >= gpuTarget || pool.gpusPerReplica === 0) return [];
  const base = { pool: pool.name, rule: "gpu-use", found: `GPUs are used ${percent(use)}`, limit: `${percent(gpuTarget)} and more` };
  if (waits(pool, measured)) {
    const parallel = Math.min(maxParallel, Math.max(pool.parallel + 1, Math.ceil(pool.parallel * 1.5)));
    if (parallel === pool.parallel) return [];
    return [
      {
        ...base,
        change: field(pool, "parallel", pool.parallel, parallel),
        effect: `requests wait ${measured.queueWaitSeconds?.toFixed(1)} s beside an idle GPU: ${parallel} at a time use it; the key/value cache grows by ${percent(parallel / pool.parallel - 1)}`,
      },
    ];
  }
  const fewest = pool.scale?.min ?? pool.replicas;
  const enough = Math.max(1, Math.ceil((fewest * use) / gpuTarget));
  if (enough >= fewest) return [];
  const path = pool.scale ? "scale.min" : "replicas";
  return [
    { ...base, change: field(pool, path, fewest, enough), effect: `${(fewest - enough) * pool.gpusPerReplica} GPUs are free for others, and nobody waits now` },
  ];
};

/** Requests that wait although the GPUs are busy need more of them. */
export const queueWait: Rule = (pool, measured) => {
  if (!waits(pool, measured)) return [];
  const { gpuUse: use, queueWaitSeconds: wait = 0 } = measured;
  const base = { pool: pool.name, rule: "queue-wait", found: `requests wait ${wait.toFixed(1)} s (p95)`, limit: `${longWait(pool)} s` };
  if (use !== undefined && use < gpuTarget) return []; // gpu-use has the better advice
  if (use === undefined && measured.slots !== undefined && measured.inFlight !== undefined && measured.inFlight < measured.slots * 0.8) {
    return [
      {
        ...base,
        change: "none",
        effect: `${measured.inFlight.toFixed(1)} of ${measured.slots} slots are in use on average: the wait comes from bursts; scale.min above the trough's need shortens it`,
      },
    ];
  }
  const most = pool.scale?.max ?? pool.replicas;
  const path = pool.scale ? "scale.max" : "replicas";
  return [{ ...base, change: field(pool, path, most, most + 1), effect: `${percent(1 / most)} more room; ${pool.gpusPerReplica} more GPUs of the quota` }];
};

/** A context that nobody fills costs memory for each request that is answered at the same time. */
export const context: Rule = (pool, { tokens }) => {
  if (tokens === undefined) return [];
  const base = { pool: pool.name, rule: "context", found: `requests and answers have ${Math.round(tokens)} tokens (p95)` };
  const round = (value: number) => Math.max(256, Math.ceil(value / 1024) * 1024);
  if (tokens > pool.contextLength * 0.9) {
    const more = round(tokens * 1.5);
    return [
      {
        ...base,
        limit: `90 % of contextLength ${pool.contextLength}: what is longer is cut off`,
        change: field(pool, "contextLength", pool.contextLength, more),
        effect: `nothing is cut off; the key/value cache grows by ${percent(more / pool.contextLength - 1)}`,
      },
    ];
  }
  const less = round(tokens * 1.5);
  if (less > pool.contextLength / 2) return [];
  return [
    {
      ...base,
      limit: `half of contextLength ${pool.contextLength}`,
      change: field(pool, "contextLength", pool.contextLength, less),
      effect: `the key/value cache shrinks by ${percent(1 - less / pool.contextLength)}: room for more requests at a time, or a smaller GPU`,
    },
  ];
};

/** Where requests wait for slots, a cache of half the size makes room for twice as many. */
export const kvCache: Rule = (pool, measured) => {
  if (!waits(pool, measured) || pool.kvCacheType !== "f16" || !pool.flashAttention) return [];
  return [
    {
      pool: pool.name,
      rule: "kv-cache",
      found: `requests wait ${(measured.queueWaitSeconds ?? 0).toFixed(1)} s (p95), with a key/value cache of f16`,
      limit: `${longWait(pool)} s`,
      change: field(pool, "kvCacheType", "f16", "q8_0"),
      effect: "the cache takes half the memory, which pays for more `parallel`; answers change slightly: check them with rollout.prompts",
    },
  ];
};

/** Memory that only grows is lost: no request holds it for hours. */
export const leak: Rule = (pool, { models }) =>
  models.flatMap(({ model, bytes, growth }) => {
    if (bytes === undefined || growth === undefined || bytes === 0 || growth / bytes <= 0.01) return [];
    return [
      {
        pool: pool.name,
        rule: "leak",
        found: `${model} grows by ${bytesText(growth)} an hour, from ${bytesText(bytes)}`,
        limit: "1 % of its memory an hour, over six hours",
        change: pool.keepAlive === "-1" ? field(pool, "keepAlive", "-1", "24h") : "none",
        effect: "a model that is loaded anew gives its memory back; report it with Ollama's version",
      },
    ];
  });

/** A model that nobody asks takes the memory of others. */
export const idleModel: Rule = (pool, { models }) =>
  models
    .filter(({ requests, model }) => requests !== undefined && requests < 1 && pool.models.some((name) => name === model) && pool.models.length > 1)
    .map(({ model, bytes }) => ({
      pool: pool.name,
      rule: "idle-model",
      found: `${model} had no request in a week`,
      limit: "one",
      change: `serving.pools[${pool.name}].models: without ${model}`,
      effect: `${bytes === undefined ? "its memory" : bytesText(bytes)} of each replica is free for context and parallel requests`,
    }));

/** Requests that are far from use waste nodes, or get pods killed. */
export const recommendation: Rule = (pool, { recommended }) =>
  recommended.flatMap(({ container, resource, requested, target }) => {
    if (requested === 0 || Math.abs(target / requested - 1) <= 0.25) return [];
    const text = (value: number) => (resource === "memory" ? bytesText(value) : `${Math.round(value * 1000)}m`);
    return [
      {
        pool: pool.name,
        rule: "vpa",
        found: `container ${container} uses ${text(target)} of ${resource}, and requests ${text(requested)}`,
        limit: "25 % around what the VerticalPodAutoscaler recommends",
        change: `${resource} request of ${container}: ${text(requested)} → ${text(target)} (stacks/sizing.ts)`,
        effect: target > requested ? "its pods are not crowded out, nor killed, when nodes are full" : "nodes have room for others",
      },
    ];
  });

export const rules: readonly Rule[] = [gpuUse, queueWait, context, kvCache, leak, idleModel, recommendation];

export function adviceFor(pool: PoolConfig, measured: Measured): readonly Advice[] {
  return rules.flatMap((rule) => rule(pool, measured));
}
