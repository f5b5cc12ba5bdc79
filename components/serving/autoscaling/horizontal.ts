/** What adds and takes away pods of a pool: a HorizontalPodAutoscaler, or KEDA's ScaledObject, which makes one. Pure. */
import type { types } from "@pulumi/kubernetes";
import { behaviorOf, type ScalingBehavior } from "../../../stacks/scaling/behavior";
import { externalMetricName, poolQuery, type PoolMetric } from "../../../stacks/scaling/metrics";
import type { PoolConfig } from "../../../stacks/schema";
import { autoscalerSpec, behaviorSpec, type Scale, type ScaleTarget } from "../../common/scaler";

export interface PoolScale extends Scale {
  /** Requests in flight for each pod, those that wait included, above which pods are added. */
  readonly requestsPerReplica: number;
  /** 95th percentile of the seconds in the queue above which pods are added. */
  readonly queueWaitSeconds: number;
}

/** Each pod has as many requests as a model answers at the same time, unless the configuration says otherwise. */
export function poolScale({ scale, parallel }: Pick<PoolConfig, "scale" | "parallel">): PoolScale | undefined {
  if (scale === undefined) return undefined;
  const { min, max, cpuPercent, memoryPercent, requestsPerReplica = parallel, queueWaitSeconds } = scale;
  return { min, max, cpuPercent, memoryPercent, requestsPerReplica, queueWaitSeconds };
}

type Metric = types.input.autoscaling.v2.MetricSpec;

/** The HorizontalPodAutoscaler; `external`: with the metrics that prometheus-adapter serves. */
export function poolScalerSpec(pool: string, target: ScaleTarget, scale: PoolScale, external: boolean, behavior?: ScalingBehavior) {
  const metric = (name: PoolMetric, value: object): Metric => ({
    type: "External",
    external: { metric: { name: externalMetricName[name], selector: { matchLabels: { pool } } }, target: value as { type: string } },
  });
  const metrics: readonly Metric[] = external
    ? [
        // Over all pods, those that still load a model too: a pod on its way is not asked for twice.
        metric("inFlight", { type: "AverageValue", averageValue: quantity(scale.requestsPerReplica) }),
        metric("queueWait", { type: "Value", value: quantity(scale.queueWaitSeconds) }),
      ]
    : [];
  return autoscalerSpec(target, scale, metrics, behavior ?? behaviorOf(external ? "prometheus-adapter" : "none"));
}

/** As the API server writes it, or a refresh would find a difference. */
function quantity(whole: number): string {
  return whole % 1000 === 0 ? `${whole / 1000}k` : String(whole);
}

/** How KEDA reaches Prometheus. */
export interface PrometheusAccess {
  readonly address: string;
  /** Name of the TriggerAuthentication, where a token is asked for; it sees one namespace only. */
  readonly authentication?: string;
}

/** Seconds between KEDA's looks, as the HorizontalPodAutoscaler's own. */
const pollingInterval = 15;

/** Spec of the ScaledObject (keda.sh/v1alpha1): the same metrics, targets and behaviour. */
export function scaledObjectSpec(pool: string, namespace: string, target: ScaleTarget, scale: PoolScale, prometheus: PrometheusAccess): object {
  const resource = (type: "cpu" | "memory", percent: number) => ({ type, metricType: "Utilization", metadata: { value: String(percent) } });
  const query = (metric: PoolMetric, metricType: "AverageValue" | "Value", threshold: number) => ({
    type: "prometheus",
    name: externalMetricName[metric].replaceAll("_", "-"),
    metricType,
    metadata: {
      serverAddress: prometheus.address,
      query: poolQuery(metric, `namespace="${namespace}",pool="${pool}"`),
      threshold: String(threshold),
      // A pool whose routers are not read is an error and the fallback's case, not a pool without requests.
      ignoreNullValues: "false",
      ...(prometheus.authentication === undefined ? {} : { authModes: "bearer", namespace }),
    },
    ...(prometheus.authentication === undefined ? {} : { authenticationRef: { name: prometheus.authentication } }),
  });
  return {
    scaleTargetRef: { ...target },
    minReplicaCount: scale.min,
    maxReplicaCount: scale.max,
    pollingInterval,
    // Without Prometheus: as many as there are, and never fewer than the fewest.
    fallback: { failureThreshold: 3, replicas: scale.min, behavior: "currentReplicasIfHigher" },
    advanced: { horizontalPodAutoscalerConfig: { behavior: behaviorSpec(behaviorOf("keda")) } },
    triggers: [
      resource("cpu", scale.cpuPercent),
      resource("memory", scale.memoryPercent),
      query("inFlight", "AverageValue", scale.requestsPerReplica),
      query("queueWait", "Value", scale.queueWaitSeconds),
    ],
  };
}
