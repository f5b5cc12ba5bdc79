/** What autoscaling, alerts, dashboard and people ask of a pool again and again. Each series is of one namespace and one pool. Pure. */
import { burnWindows } from "./burnRate";
import { routerMetrics, sidecarMetrics } from "./metrics";
import { quantile, series, share, sumBy } from "./promql";
import type { RecordingRule } from "./types";

export const recorded = {
  inFlight: "pool:model_requests_in_flight:sum",
  waiting: "pool:model_requests_queued:sum",
  queueWait: "pool:model_queue_wait_seconds:p95",
  firstToken: "pool:model_time_to_first_token_seconds:p95",
  errors: "pool:model_error_ratio:rate5m",
  replicas: "pool:model_replicas:count",
  /** share of requests whose first token came too late, for a window */
  slow: (window: string) => `pool:model_first_token_slow:ratio_rate${window}`,
  /** share of requests that were refused or failed, for a window */
  unavailable: (window: string) => `pool:model_unavailable:ratio_rate${window}`,
} as const;

export const poolLabels = ["namespace", "pool"] as const;

/** Answers that the platform is to blame for. */
export const failed = /5../;
/** Those, and requests that found the queue full. */
export const refused = /5..|429/;

/** @param namespace the rules of one project leave the others alone: two stacks may share a Prometheus */
export function recordingRules(namespace: string): readonly RecordingRule[] {
  const own = { namespace };
  const { inFlight, queued, queueWait, requests, replicas } = routerMetrics;
  const ratio = (part: RegExp, window: string) => share(requests, own, { status: part }, poolLabels, window);
  return [
    { record: recorded.inFlight, expr: sumBy(poolLabels, `${series(inFlight, own)} + ${series(queued, own)}`) },
    { record: recorded.waiting, expr: sumBy(poolLabels, series(queued, own)) },
    {
      record: recorded.queueWait,
      // Where nobody left the queue nobody waited: NaN is dropped, since autoscaling takes it for "unknown" and never scales down.
      expr: `${quantile(0.95, queueWait, own, poolLabels, "2m")} >= 0 or 0 * ${sumBy(poolLabels, series(queued, own))}`,
    },
    { record: recorded.firstToken, expr: quantile(0.95, sidecarMetrics.firstToken, own, poolLabels, "5m") },
    { record: recorded.errors, expr: ratio(failed, "5m") },
    // As the routers see it: replicas that get requests. Those of a new version that waits for its promotion are none.
    { record: recorded.replicas, expr: `max by (${poolLabels.join(", ")}) (${series(replicas, { ...own, state: "ready" })})` },
    ...burnWindows.map((window) => ({ record: recorded.unavailable(window), expr: ratio(refused, window) })),
  ];
}
