/** When pods are added and taken away. Pure. */
import type { types } from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { guideBehavior, type ScalingBehavior, type ScalingRules } from "../../stacks/scaling/behavior";

export interface Scale {
  /** Fewest pods. */
  readonly min: number;
  /** Most pods. */
  readonly max: number;
  /** CPU and memory of the requests, on average over the pods, above which pods are added. */
  readonly cpuPercent: number;
  readonly memoryPercent: number;
}

/** What has the number of pods. */
export interface ScaleTarget {
  readonly apiVersion: "apps/v1" | "argoproj.io/v1alpha1";
  readonly kind: "Deployment" | "Rollout";
  readonly name: pulumi.Input<string>;
}

type HpaSpec = types.input.autoscaling.v2.HorizontalPodAutoscalerSpec;
type Metric = types.input.autoscaling.v2.MetricSpec;

/** A HorizontalPodAutoscaler on CPU and memory, as the guide has it. @param metrics besides them; the one that asks for the most pods counts @param behavior one for all metrics: the API knows no other */
export function autoscalerSpec(target: ScaleTarget, scale: Scale, metrics: readonly Metric[] = [], behavior: ScalingBehavior = guideBehavior): HpaSpec {
  return {
    scaleTargetRef: { ...target },
    minReplicas: scale.min,
    maxReplicas: scale.max,
    metrics: [utilization("cpu", scale.cpuPercent), utilization("memory", scale.memoryPercent), ...metrics],
    behavior: behaviorSpec(behavior),
  };
}

export function behaviorSpec({ scaleUp, scaleDown }: ScalingBehavior): types.input.autoscaling.v2.HorizontalPodAutoscalerBehavior {
  const rules = ({ policies, ...rest }: ScalingRules) => ({ ...rest, policies: policies.map((policy) => ({ ...policy })) });
  return { scaleUp: rules(scaleUp), scaleDown: rules(scaleDown) };
}

function utilization(name: "cpu" | "memory", averageUtilization: number): Metric {
  return { type: "Resource", resource: { name, target: { type: "Utilization", averageUtilization } } };
}
