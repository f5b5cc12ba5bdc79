/** The metrics that rules and dashboard read, and where each comes from. Tests compare them with what the exporters print. Pure. */

/** Of the model proxy beside each model server. */
export const sidecarMetrics = {
  up: "model_server_up",
  firstToken: "gen_ai_server_time_to_first_token_seconds",
  perToken: "gen_ai_server_time_per_output_token_seconds",
  tokens: "gen_ai_client_token_usage",
  requests: "model_server_requests_total",
  slots: "model_server_slots",
  draining: "model_server_draining",
  loaded: "model_server_model_loaded",
  memory: "model_server_model_memory_bytes",
} as const;

/** Of the router in front of each pool. */
export const routerMetrics = {
  requests: "model_router_requests_total",
  inFlight: "model_router_requests_in_flight",
  queued: "model_router_requests_queued",
  queueWait: "model_router_queue_wait_seconds",
  replicas: "model_router_replicas",
  retries: "model_router_retries_total",
} as const;

/** Of NVIDIA's DCGM exporter: all are among its default counters. */
export const gpuMetrics = {
  /** percent; not there on MIG instances */
  use: "DCGM_FI_DEV_GPU_UTIL",
  /** share of 1; on MIG instances too */
  engine: "DCGM_FI_PROF_GR_ENGINE_ACTIVE",
  /** MiB */
  memoryUsed: "DCGM_FI_DEV_FB_USED",
  memoryFree: "DCGM_FI_DEV_FB_FREE",
  /** number of the last error, not how many there were */
  lastXid: "DCGM_FI_DEV_XID_ERRORS",
  /** °C */
  temperature: "DCGM_FI_DEV_GPU_TEMP",
  /** W */
  power: "DCGM_FI_DEV_POWER_USAGE",
} as const;

/** Of Argo Rollouts' controller and of kube-state-metrics. */
export const clusterMetrics = { rollout: "rollout_info", jobFailed: "kube_job_status_failed" } as const;

/** Histograms among them: on the page they are `_bucket`, `_sum` and `_count`. */
export const histograms: readonly string[] = [sidecarMetrics.firstToken, sidecarMetrics.perToken, sidecarMetrics.tokens, routerMetrics.queueWait];

/** Bounds of the time to the first token, in seconds, as the model proxy has them. */
export const firstTokenBounds: readonly number[] = [
  0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 2.5, 3, 4, 5, 7.5, 10, 15, 20, 30, 60,
];

/** The bound by which a promise is kept: the largest that is not above it, so that an alert is never too late; else the smallest. */
export function promisedBound(seconds: number): number {
  return firstTokenBounds.filter((bound) => bound <= seconds).at(-1) ?? firstTokenBounds[0] ?? seconds;
}
