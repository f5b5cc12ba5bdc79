/**
 * What the analysis of a new version asks Prometheus. Each query gives one number, or nothing, or NaN: nothing and NaN mean that there was no traffic to
 * measure, which is never taken for good. Pure.
 */

/** How the use of GPUs is measured: as NVIDIA's exporter names it, and what makes it a share of 1. */
export type GpuMeasure = "utilization" | "engine";

export interface QueryArgs {
  readonly namespace: string;
  readonly pool: string;
  /** Hash of the version's pods: their label `rollouts-pod-template-hash`, and a part of their names. */
  readonly revision: string;
  /** Seconds over which rates are taken: at least four scrapes. @default 120, as in the guide */
  readonly windowSeconds?: number;
  /** @default none: the pool has no GPUs, or nobody measures them */
  readonly gpu?: GpuMeasure;
}

export interface AnalysisQueries {
  /** 95th percentile, seconds. */
  readonly firstToken: string;
  /** Requests that the server failed, of all; a share of 1. */
  readonly errorRatio: string;
  /** Average over the version's GPUs, a share of 1. */
  readonly gpu?: string;
}

export function analysisQueries({ namespace, pool, revision, windowSeconds = 120, gpu }: QueryArgs): AnalysisQueries {
  // Rates, so that the restart of a server is no jump down.
  const window = `[${windowSeconds}s]`;
  const pods = `namespace="${namespace}",pool="${pool}",revision="${revision}"`;
  const requests = (filter: string) => `sum(rate(model_server_requests_total{${pods}${filter}}${window}))`;
  return {
    firstToken: `histogram_quantile(0.95, sum by (le) (rate(gen_ai_server_time_to_first_token_seconds_bucket{${pods}}${window})))`,
    // A server that never failed has no series of failures: that is a zero. One that was asked nothing has 0/0, which is NaN, or no series at all.
    errorRatio: `(${requests(',status=~"5.."')} or vector(0)) / ${requests("")}`,
    ...(gpu === undefined ? {} : { gpu: gpuQuery(namespace, `${pool}-${revision}`, window, gpu) }),
  };
}

/**
 * The exporter runs in a namespace of its own: what it says about pods stands under exported_… (the GPU operator's ServiceMonitor has honorLabels false). It
 * knows no labels of pods, so the version's are told by their names: those of its ReplicaSet, and five characters.
 */
function gpuQuery(namespace: string, replicaSet: string, window: string, gpu: GpuMeasure): string {
  const pods = `{exported_namespace="${namespace}",exported_pod=~"${replicaSet}-[a-z0-9]+"}`;
  return gpu === "engine"
    ? `avg(avg_over_time(DCGM_FI_PROF_GR_ENGINE_ACTIVE${pods}${window}))` // a share already; the one that instances of MIG have
    : `avg(avg_over_time(DCGM_FI_DEV_GPU_UTIL${pods}${window})) / 100`;
}
