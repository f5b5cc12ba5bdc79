/** Autoscalers that can work, and don't work against each other. */
import type { KubeObject } from "../../objects";
import { problem, stackPolicy, type Problem } from "../../policy";
import type { Stack } from "../../stack";
import type { View } from "../../values";
import { autoscalerKinds, autoscalerOf, refersTo, type Autoscaler } from "../../workloads";

export const autoscalerSane = stackPolicy({
  number: 51,
  name: "autoscaler-sane",
  title: "an autoscaler has sane bounds and a target that exists, and none other acts on the same target",
  why: "Two autoscalers undo each other's decisions for ever: a VPA that evicts pods changes the very use that an HPA scales on.",
  fix: "correct minimum, maximum and target; set the VPA's updateMode to Off or Initial where an HPA scales on CPU or memory",
  group: "reliability",
  severity: "medium",
  controls: { nist: ["SC-6"] },
  parameters: { maximum: { type: "integer", description: "most replicas that an autoscaler may ask for", default: 100, minimum: 1 } },
  subjects: (stack) => stack.ofKind(...autoscalerKinds),
  check: (subject, view, stack, { parameters }) => {
    const scaler = autoscalerOf(subject, view);
    return [...bounds(scaler, view, parameters.maximum), ...targets(scaler, view, stack), ...fights(scaler, view, stack)];
  },
});

function bounds({ object, min, max }: Autoscaler, view: View, maximum: number): readonly Problem[] {
  const [least, most] = object.is("ScaledObject") ? ["spec.minReplicaCount", "spec.maxReplicaCount"] : ["spec.minReplicas", "spec.maxReplicas"];
  // KEDA scales to nothing and back on its triggers; an HPA at 0 never comes back by itself.
  const lowest = object.is("ScaledObject") ? 0 : 1;
  return [
    ...(min < lowest ? [problem(view, least ?? "", `must be at least ${lowest}`, min)] : []),
    ...(min > max ? [problem(view, least ?? "", `must not be more than the maximum, ${max}`, min)] : []),
    ...(max > maximum ? [problem(view, most ?? "", `must be at most ${maximum}`, max)] : []),
  ];
}

function targets({ object, target }: Autoscaler, view: View, stack: Stack): readonly Problem[] {
  const kind = target.string("kind") ?? "Deployment";
  return stack.ofKind(kind).some((one) => refersTo(target, object, one))
    ? []
    : [problem(view, "spec.scaleTargetRef", `must name a ${kind} of namespace ${object.namespace}: there is no ${target.string("name") ?? "(no name)"}`)];
}

function fights({ object, target }: Autoscaler, view: View, stack: Stack): readonly Problem[] {
  const same = (other: View, from: KubeObject) =>
    from.namespace === object.namespace &&
    other.string("name") === target.string("name") &&
    (other.string("kind") ?? "Deployment") === (target.string("kind") ?? "Deployment");
  const others = stack.ofKind(...autoscalerKinds).filter((one) => one !== object && same(one.view().view("spec.scaleTargetRef"), one));
  const vertical = stack
    .ofKind("autoscaling.k8s.io/VerticalPodAutoscaler")
    .filter((one) => same(one.view().view("spec.targetRef"), one) && acts(one.view()) && scalesOnResources(object, view));
  return [
    ...others.map(({ title }) => problem(view, "spec.scaleTargetRef", `must be scaled by this one alone, but ${title} scales it too`)),
    ...vertical.map((one) => ({
      ...problem(one.view(), "spec.updatePolicy.updateMode", `must be Off or Initial: ${object.title} scales the same target on CPU or memory`),
      object: one,
    })),
  ];
}

/** A VPA changes pods that run, unless it is told not to: its default is Recreate, or Auto in older releases. */
function acts(view: View): boolean {
  return !["Off", "Initial"].includes(view.string("spec.updatePolicy.updateMode") ?? "Auto");
}

function scalesOnResources(object: KubeObject, view: View): boolean {
  if (object.is("ScaledObject")) return view.list("spec.triggers").some((trigger) => ["cpu", "memory"].includes(trigger.string("type") ?? ""));
  const metrics = view.list("spec.metrics");
  // Without metrics an HPA scales on CPU.
  return metrics.length === 0 || metrics.some((metric) => ["Resource", "ContainerResource"].includes(metric.string("type") ?? ""));
}
