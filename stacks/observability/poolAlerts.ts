/** Alerts on a pool's replicas, queue and models. Pure. */
import { alert } from "./alerts";
import { clusterMetrics, routerMetrics, sidecarMetrics } from "./metrics";
import { rate, series, sumBy } from "./promql";
import { poolLabels } from "./recording";
import type { AlertingRule, Monitored, MonitoredPool } from "./types";

export function poolAlerts(monitored: Monitored, pool: MonitoredPool): readonly AlertingRule[] {
  const own = { namespace: monitored.namespace, pool: pool.name };
  const loadSeconds = pool.loadTimeoutSeconds * pool.models.length;
  return [
    alert(monitored, pool, "ModelRequestsRefused", {
      severity: "warning",
      for: "5m",
      expr: `${sumBy(poolLabels, rate(series(routerMetrics.requests, { ...own, status: "429" }), "5m"))} > 0`,
      summary: `pool ${pool.name}: the queue is full, requests are refused`,
      description: "{{ $value | humanize }} requests per second got 429 with Retry-After for 5 minutes.",
    }),
    alert(monitored, pool, "ModelPoolHasNoReplica", {
      severity: "critical",
      for: "2m",
      expr: `max by (${poolLabels.join(", ")}) (${series(routerMetrics.replicas, { ...own, state: "ready" })}) == 0`,
      summary: `pool ${pool.name}: no replica takes requests`,
      description: "Requests wait in the routers' queue and are refused when their time is up.",
    }),
    alert(monitored, pool, "ModelReplicaDrainsForever", {
      severity: "warning",
      for: seconds(pool.drainSeconds + 300),
      expr: `max by (namespace, pool, pod) (${series(sidecarMetrics.draining, own)}) == 1`,
      summary: `pool ${pool.name}: replica {{ $labels.pod }} drains and does not end`,
      description: `Its streams had ${pool.drainSeconds} s to end. It takes no requests and keeps its GPUs.`,
    }),
    alert(monitored, pool, "ModelNotLoaded", {
      severity: "warning",
      for: seconds(loadSeconds + 300),
      expr: `min by (namespace, pool, pod, model) (${series(sidecarMetrics.loaded, own)}) == 0`,
      summary: `pool ${pool.name}: model {{ $labels.model }} is not in memory at replica {{ $labels.pod }}`,
      description: `Loading all models of the pool may take ${loadSeconds} s. Requests for it wait, or go to other replicas.`,
    }),
    ...(monitored.rollouts ? [rolloutAborted(monitored, pool)] : []),
    // What is not read fires nothing else: every other alert is blind then.
    ...[
      ["model-router", routerMetrics.replicas],
      ["model-server", sidecarMetrics.up],
    ].map(([component = "", metric = ""]) =>
      alert(monitored, pool, "ModelMetricsMissing", {
        severity: "warning",
        for: "15m",
        labels: { component },
        expr: `absent(${series(metric, own)})`,
        summary: `pool ${pool.name}: no metrics of any ${component}`,
        description: "Either no such pod runs, or Prometheus does not reach it. The pool's other alerts do not fire, and autoscaling on requests stands still.",
      }),
    ),
  ];
}

/** The Jobs that load models into the store are the project's: a model may be in several pools. */
export function loadFailed(monitored: Monitored): AlertingRule {
  return alert(monitored, undefined, "ModelLoadFailed", {
    severity: "warning",
    expr: `max by (namespace, job_name) (${series(clusterMetrics.jobFailed, { namespace: monitored.namespace, job_name: /load-.+/ })}) > 0`,
    summary: "loading a model into the store failed: Job {{ $labels.job_name }}",
    description: "Pods that need the model do not start; those that run go on.",
  });
}

function rolloutAborted(monitored: Monitored, pool: MonitoredPool): AlertingRule {
  const { namespace } = monitored;
  const degraded = series(clusterMetrics.rollout, { exported_namespace: namespace, name: pool.name, phase: "Degraded" });
  return alert(monitored, pool, "ModelRolloutAborted", {
    severity: "warning",
    for: "1m",
    expr: `max(${degraded}) == 1`,
    summary: `pool ${pool.name}: the rollout of a new version was aborted`,
    description: "Users still get the version before. The analysis says what was not good enough.",
  });
}

/** A duration as Prometheus writes it. */
function seconds(count: number): string {
  return `${Math.ceil(count / 60)}m`;
}
