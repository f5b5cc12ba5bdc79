/** Workloads that keep a number of pods running, and who decides that number. */
import type { KubeObject } from "./objects";
import type { Stack } from "./stack";
import type { View } from "./values";

/** Kinds with `replicas`. */
export const scaledKinds = ["apps/Deployment", "apps/StatefulSet", "argoproj.io/Rollout"] as const;

export interface Scale {
  /** Fewest and most pods. */
  readonly min: number;
  readonly max: number;
}

/** An autoscaler: what it scales, and between what. */
export interface Autoscaler {
  readonly object: KubeObject;
  readonly target: View;
  readonly min: number;
  readonly max: number;
}

/** HorizontalPodAutoscalers, and KEDA's ScaledObjects. @throws NotDecided, Malformed */
export function autoscalerOf(object: KubeObject, view: View): Autoscaler {
  return object.is("ScaledObject")
    ? { object, target: view.view("spec.scaleTargetRef"), min: view.number("spec.minReplicaCount") ?? 0, max: view.number("spec.maxReplicaCount") ?? 100 }
    : { object, target: view.view("spec.scaleTargetRef"), min: view.number("spec.minReplicas") ?? 1, max: view.number("spec.maxReplicas") ?? 1 };
}

export const autoscalerKinds = ["autoscaling/HorizontalPodAutoscaler", "keda.sh/ScaledObject"] as const;

/** Whether a reference (`kind`, `name`; Deployment where KEDA's has no kind) is to an object. */
export function refersTo(target: View, from: KubeObject, object: KubeObject): boolean {
  return object.namespace === from.namespace && target.string("name") === object.name && (target.string("kind") ?? "Deployment") === object.kind;
}

/** The Rollout that runs the pods of a Deployment in its place, by `workloadRef`. */
export function rolloutOf(object: KubeObject, stack: Stack): KubeObject | undefined {
  return stack
    .ofKind("argoproj.io/Rollout")
    .find((rollout) => rollout.view().has("spec.workloadRef") && refersTo(rollout.view().view("spec.workloadRef"), rollout, object));
}

/** How many pods a workload has, fewest and most. @throws NotDecided, Malformed */
export function scaleOf(object: KubeObject, stack: Stack): Scale {
  const runs = rolloutOf(object, stack) ?? object;
  const scalers = stack.ofKind(...autoscalerKinds).map((one) => autoscalerOf(one, one.view()));
  const scaler = scalers.find((one) => refersTo(one.target, one.object, runs));
  if (scaler !== undefined) return { min: scaler.min, max: scaler.max };
  const replicas = runs.view().number("spec.replicas") ?? 1;
  return { min: replicas, max: replicas };
}
