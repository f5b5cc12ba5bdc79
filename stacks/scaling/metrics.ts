/** What the autoscalers ask of Prometheus: names of External metrics, and queries over the recorded series. Pure. */
import { recorded } from "../observability/recording";

export type PoolMetric = "inFlight" | "queueWait";

/** Names under which external.metrics.k8s.io serves them; they are selected by the label `pool`. */
export const externalMetricName: Readonly<Record<PoolMetric, string>> = {
  inFlight: "pool_model_requests_in_flight",
  queueWait: "pool_model_queue_wait_seconds_p95",
};

/** Seconds; no answer to a client takes longer to wait for, and a query's result must be a finite number. */
const longestWait = 3600;

/**
 * In flight are the requests that the routers of a pool hold, those that wait included. `max`, as two Prometheus servers may have the same series. A wait that is
 * not a number (nobody asked) is 0 as long as the routers are read; where they are not, there is no result, and an autoscaler without a metric takes no pod away.
 * The adapter would turn NaN into a huge number.
 * @param matchers label matchers without braces: `namespace="a",pool="b"`
 */
export function poolQuery(metric: PoolMetric, matchers: string): string {
  const inFlight = `max(${recorded.inFlight}{${matchers}} >= 0)`;
  return metric === "inFlight" ? inFlight : `clamp_max(max(${recorded.queueWait}{${matchers}} >= 0), ${longestWait}) or ${inFlight} * 0`;
}

interface ExternalRule {
  readonly seriesQuery: string;
  readonly name: { readonly as: string };
  readonly resources: { readonly overrides: Readonly<Record<string, { readonly resource: string }>> };
  readonly metricsQuery: string;
}

/**
 * The part of prometheus-adapter's configuration that serves these metrics. `seriesQuery` is the series of the routers for both, so that the wait is a metric of
 * every pool that is read, also of one that nobody has asked yet.
 */
export function adapterRules(): { readonly externalRules: readonly ExternalRule[] } {
  const rule = (metric: PoolMetric): ExternalRule => ({
    seriesQuery: `${recorded.inFlight}{namespace!="",pool!=""}`,
    name: { as: externalMetricName[metric] },
    resources: { overrides: { namespace: { resource: "namespace" } } },
    metricsQuery: poolQuery(metric, "<<.LabelMatchers>>"),
  });
  return { externalRules: [rule("inFlight"), rule("queueWait")] };
}
