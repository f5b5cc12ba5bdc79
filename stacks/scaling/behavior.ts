/** How fast an autoscaler may go, and how long it waits before it does. The same numbers in the HorizontalPodAutoscaler, in KEDA's, and in the simulation. Pure. */

export interface ScalingPolicy {
  readonly type: "Percent" | "Pods";
  readonly value: number;
  /** The change of the last so many seconds is what `value` limits. */
  readonly periodSeconds: number;
}

export interface ScalingRules {
  /** Of the recommendations of so many seconds, the one that changes least is followed. */
  readonly stabilizationWindowSeconds: number;
  /** Which policy counts where several allow different numbers. @default "Max", the one that allows most (as the API server sets it) */
  readonly selectPolicy?: "Max" | "Min";
  readonly policies: readonly ScalingPolicy[];
}

export interface ScalingBehavior {
  readonly scaleUp: ScalingRules;
  readonly scaleDown: ScalingRules;
}

/** Down: by a quarter within a minute, 10 minutes after the last peak: a model takes minutes to load, and its cache of prompts is lost with its pod. */
const scaleDown: ScalingRules = { stabilizationWindowSeconds: 600, policies: [{ type: "Percent", value: 25, periodSeconds: 60 }] };

/** The guide's: up by half within a minute, once the load has lasted for 5 minutes. CPU is noisy, and a pod that comes for a peak of seconds comes in vain. */
export const guideBehavior: ScalingBehavior = {
  scaleUp: { stabilizationWindowSeconds: 300, policies: [{ type: "Percent", value: 50, periodSeconds: 60 }] },
  scaleDown,
};

/**
 * Where requests are counted: the same without the 5 minutes. A queue is no noise, and the wait would come on top of the minutes that the model takes to load
 * (docs/adr/0007-scale-up-at-once-on-requests.md).
 */
export const requestBehavior: ScalingBehavior = { ...guideBehavior, scaleUp: { ...guideBehavior.scaleUp, stabilizationWindowSeconds: 0 } };

/** `none`: the metrics are CPU and memory only. */
export function behaviorOf(customMetrics: "none" | "prometheus-adapter" | "keda"): ScalingBehavior {
  return customMetrics === "none" ? guideBehavior : requestBehavior;
}
