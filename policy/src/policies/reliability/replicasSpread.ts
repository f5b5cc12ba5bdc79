/** No node whose loss takes a whole service away. */
import { podsOf } from "../../pods";
import { problem, stackPolicy } from "../../policy";
import type { View } from "../../values";
import { rolloutOf, scaledKinds, scaleOf } from "../../workloads";

const ways = ["podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution", "podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution"];

export const replicasSpread = stackPolicy({
  number: 49,
  name: "replicas-spread",
  title: "workloads have more than one replica, spread over nodes or zones, in production",
  why: "With one replica each drain of its node is an outage, and with two on one node so is its loss.",
  fix: "set replicas (or the autoscaler's minimum) to 2 or more, and topologySpreadConstraints by kubernetes.io/hostname or zone",
  group: "reliability",
  severity: "medium",
  controls: { nist: ["SI-13(5)"] },
  parameters: { minimum: { type: "integer", description: "fewest replicas", default: 2, minimum: 1 } },
  // A Rollout by reference is looked at where its pods are: at the Deployment.
  subjects: (stack, { settings }) => (settings.environment === "production" ? stack.ofKind(...scaledKinds).filter((object) => podsOf(object).length > 0) : []),
  check: (subject, view, stack, { parameters }) => {
    const { min, max } = scaleOf(subject, stack);
    // Switched off, and nobody switches it on by itself.
    if (max === 0) return [];
    const where = rolloutOf(subject, stack) === undefined ? "" : ", of the Rollout that runs it,";
    const few =
      min < parameters.minimum ? [problem(view, "spec.replicas", `must be at least ${parameters.minimum}${where} or the minimum of its autoscaler`, min)] : [];
    const crowded = podsOf(subject).flatMap(({ spec }) =>
      spreads(spec) ? [] : [problem(spec, "topologySpreadConstraints", "must spread the replicas over nodes or zones")],
    );
    return [...few, ...crowded];
  },
});

function spreads(spec: View): boolean {
  return spec.list("topologySpreadConstraints").length > 0 || ways.some((way) => spec.list(`affinity.${way}`).length > 0);
}
