/**
 * What a HorizontalPodAutoscaler makes of a recommendation: how long it waits and how fast it goes, as Kubernetes does it: normalizeDesiredReplicasWithBehaviors
 * in pkg/controller/podautoscaler/horizontal.go of k8s.io/kubernetes v1.36.3, whose names stand here beside ours. Times in seconds.
 */
import type { ScalingBehavior, ScalingRules } from "../../../stacks/scaling/behavior";

/** --horizontal-pod-autoscaler-sync-period */
export const syncSeconds = 15;

/** A number of replicas: recommended, added or taken away. */
export interface Timed {
  readonly at: number;
  readonly replicas: number;
}

export class Autoscaler {
  private recommendations: readonly Timed[] | undefined;
  private readonly ups: Timed[] = [];
  private readonly downs: Timed[] = [];

  constructor(
    private readonly behavior: ScalingBehavior,
    private readonly min: number,
    private readonly max: number,
  ) {}

  /** One look, reconcileAutoscaler. @param recommended what the metrics ask for; undefined: nothing may be done @returns the number of pods from now on */
  decide(now: number, current: number, recommended: () => number | undefined): number {
    if (current === 0) return 0; // scaled to nothing by hand: switched off
    this.recommendations ??= [{ at: now, replicas: current }]; // recordInitialRecommendation: a new one does not jump
    const next = current > this.max ? this.max : current < this.min ? this.min : this.normalized(now, current, recommended());
    if (next > current) this.ups.push({ at: now, replicas: next - current });
    if (next < current) this.downs.push({ at: now, replicas: current - next });
    return next;
  }

  private normalized(now: number, current: number, recommended: number | undefined): number {
    if (recommended === undefined) return current;
    const { behavior, min, max, ups, downs } = this;
    const before = this.recommendations ?? [];
    this.recommendations = [...before.filter(({ at }) => at > now - longestWindow(behavior)), { at: now, replicas: recommended }];
    return rateLimited(behavior, { min, max, ups, downs }, now, current, stabilized(behavior, before, now, current, recommended));
  }
}

/** stabilizeRecommendationWithBehaviors: up to the lowest recommendation of the window, down to the highest. */
export function stabilized({ scaleUp, scaleDown }: ScalingBehavior, before: readonly Timed[], now: number, current: number, recommended: number): number {
  const since = (seconds: number) => before.filter(({ at }) => at > now - seconds).map(({ replicas }) => replicas);
  const up = Math.min(recommended, ...since(scaleUp.stabilizationWindowSeconds));
  const down = Math.max(recommended, ...since(scaleDown.stabilizationWindowSeconds));
  return Math.min(Math.max(current, up), down);
}

export interface Limits {
  readonly min: number;
  readonly max: number;
  /** What was added and taken away before. */
  readonly ups: readonly Timed[];
  readonly downs: readonly Timed[];
}

/** convertDesiredReplicasWithBehaviorRate */
export function rateLimited({ scaleUp, scaleDown }: ScalingBehavior, limits: Limits, now: number, current: number, wanted: number): number {
  const { min, max, ups, downs } = limits;
  const changed = (events: readonly Timed[], seconds: number) => events.filter(({ at }) => at > now - seconds).reduce((sum, { replicas }) => sum + replicas, 0);
  const allowed = ({ policies }: ScalingRules, way: 1 | -1) =>
    policies.map(({ type, value, periodSeconds }) => {
      const start = current - changed(ups, periodSeconds) + changed(downs, periodSeconds);
      if (type === "Pods") return start + way * value;
      // Up is rounded up, or one pod would stay one; down is cut off.
      return way === 1 ? Math.ceil(start * (1 + value / 100)) : Math.trunc(start * (1 - value / 100));
    });
  if (wanted > current) return Math.min(wanted, max, Math.max(current, furthest(scaleUp, allowed(scaleUp, 1), "up")));
  if (wanted < current) return Math.max(wanted, min, Math.min(current, furthest(scaleDown, allowed(scaleDown, -1), "down")));
  return wanted;
}

/** calculateScaleUpLimitWithScalingRules and calculateScaleDownLimitWithBehaviors: of several policies the one that allows most, or least. */
function furthest({ selectPolicy = "Max" }: ScalingRules, allowed: readonly number[], way: "up" | "down"): number {
  return (selectPolicy === "Max") === (way === "up") ? Math.max(...allowed) : Math.min(...allowed);
}

function longestWindow({ scaleUp, scaleDown }: ScalingBehavior): number {
  return Math.max(scaleUp.stabilizationWindowSeconds, scaleDown.stabilizationWindowSeconds);
}
