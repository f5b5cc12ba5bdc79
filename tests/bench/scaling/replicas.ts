/**
 * How many pods each metric of a HorizontalPodAutoscaler asks for, as Kubernetes reckons it: pkg/controller/podautoscaler/replica_calculator.go of
 * k8s.io/kubernetes v1.36.3, whose names stand here beside ours. Pure. Times in seconds.
 */

/** --horizontal-pod-autoscaler-tolerance, -cpu-initialization-period, -initial-readiness-delay: the controller manager's defaults. */
export const tolerance = 0.1;
const cpuInitializationSeconds = 300;
const initialReadinessSeconds = 30;

export interface PodSample {
  readonly phase: "Pending" | "Running";
  readonly startedAt: number;
  readonly ready: boolean;
  /** When `ready` became what it is. */
  readonly readyChangedAt: number;
  /** Thousandths of the request; absent where metrics-server has none yet. */
  readonly usage?: { readonly at: number; readonly windowSeconds: number; readonly value: number };
  /** In the unit of `usage`. */
  readonly request: number;
}

const within = (ratio: number) => ratio >= 1 - tolerance && ratio <= 1 + tolerance;

/** GetResourceReplicas. @param target percent of the requests @returns undefined where there are no metrics: an error to the controller */
export function resourceReplicas(resource: "cpu" | "memory", current: number, target: number, pods: readonly PodSample[], now: number): number | undefined {
  const groups = groupPods(resource, pods, now);
  const measured = groups.ready.map(({ usage, request }) => ({ value: usage?.value ?? 0, request }));
  if (measured.length === 0) return undefined;
  const ratio = utilization(measured) / target;

  const scaleUpWithUnready = groups.unready.length > 0 && ratio > 1;
  if (!scaleUpWithUnready && groups.missing.length === 0) return within(ratio) ? current : Math.ceil(ratio * groups.ready.length);

  // On the way down what is not known counts as busy, on the way up as idle.
  if (ratio < 1) measured.push(...groups.missing.map(({ request }) => ({ value: (request * Math.max(100, target)) / 100, request })));
  if (ratio > 1) measured.push(...groups.missing.map(({ request }) => ({ value: 0, request })));
  if (scaleUpWithUnready) measured.push(...groups.unready.map(({ request }) => ({ value: 0, request })));
  const next = utilization(measured) / target;
  if (within(next) || (ratio < 1 && next > 1) || (ratio > 1 && next < 1)) return current;
  const replicas = Math.ceil(next * measured.length);
  return (next < 1 && replicas > current) || (next > 1 && replicas < current) ? current : replicas;
}

/** GetExternalPerPodMetricReplicas: type AverageValue. @param replicas of the workload, ready or not @param usage over all of them */
export function averageValueReplicas(replicas: number, target: number, usage: number): number {
  return within(usage / (target * replicas)) ? replicas : Math.ceil(usage / target);
}

/** GetExternalMetricReplicas: type Value, in proportion to the pods that are ready. */
export function valueReplicas(current: number, target: number, usage: number, ready: number): number {
  const ratio = usage / target;
  return within(ratio) ? current : Math.ceil(ratio * ready);
}

/**
 * computeReplicasForMetrics: the most that any metric asks for. @param proposals undefined where the metric could not be had
 * @returns undefined where nothing may be done: no metric, or one is missing and the others would scale down
 */
export function proposedReplicas(current: number, proposals: readonly (number | undefined)[]): number | undefined {
  const known = proposals.filter((proposal) => proposal !== undefined);
  const most = Math.max(...known);
  return known.length === 0 || (known.length < proposals.length && most < current) ? undefined : most;
}

/** GetResourceUtilizationRatio: whole percent, cut off. */
function utilization(measured: readonly { readonly value: number; readonly request: number }[]): number {
  const total = (of: "value" | "request") => measured.reduce((sum, one) => sum + one[of], 0);
  return Math.trunc((total("value") * 100) / total("request"));
}

function groupPods(resource: "cpu" | "memory", pods: readonly PodSample[], now: number) {
  const groups = { ready: [] as PodSample[], unready: [] as PodSample[], missing: [] as PodSample[] };
  for (const pod of pods) {
    if (pod.phase === "Pending") groups.unready.push(pod);
    else if (pod.usage === undefined) groups.missing.push(pod);
    else if (resource === "cpu" && isUnready(pod, pod.usage, now)) groups.unready.push(pod);
    else groups.ready.push(pod);
  }
  return groups;
}

function isUnready({ ready, readyChangedAt, startedAt }: PodSample, usage: NonNullable<PodSample["usage"]>, now: number): boolean {
  return startedAt + cpuInitializationSeconds > now
    ? !ready || usage.at < readyChangedAt + usage.windowSeconds
    : !ready && startedAt + initialReadinessSeconds > readyChangedAt;
}
