/** When pods are added and taken away. Pure. */
import type { types } from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";

export interface Scale {
  /** Fewest pods. */
  readonly min: number;
  /** Most pods. */
  readonly max: number;
  /** CPU and memory of the requests, on average over the pods, above which pods are added. */
  readonly cpuPercent: number;
  readonly memoryPercent: number;
}

/**
 * By half within a minute, once the load has lasted for 5 minutes; down by a quarter within a minute, 10 minutes after the last peak: a model takes minutes to
 * load, and its cache of prompts is lost with its pod.
 * @param deployment its name
 */
export function scalerSpec(deployment: pulumi.Input<string>, scale: Scale): types.input.autoscaling.v2.HorizontalPodAutoscalerSpec {
  const metric = (name: string, averageUtilization: number) => ({
    type: "Resource",
    resource: { name, target: { type: "Utilization", averageUtilization } },
  });
  const policies = (value: number) => [{ type: "Percent", value, periodSeconds: 60 }];
  return {
    scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: deployment },
    minReplicas: scale.min,
    maxReplicas: scale.max,
    metrics: [metric("cpu", scale.cpuPercent), metric("memory", scale.memoryPercent)],
    behavior: {
      scaleUp: { stabilizationWindowSeconds: 300, policies: policies(50) },
      scaleDown: { stabilizationWindowSeconds: 600, policies: policies(25) },
    },
  };
}
