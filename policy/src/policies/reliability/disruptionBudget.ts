/** Drains that go through, and leave somebody to answer. */
import type { KubeObject } from "../../objects";
import { podsOf } from "../../pods";
import { problem, stackPolicy, type Problem } from "../../policy";
import { selects, type Stack } from "../../stack";
import type { View } from "../../values";
import { scaledKinds, scaleOf } from "../../workloads";

export const disruptionBudget = stackPolicy({
  number: 50,
  name: "disruption-budget",
  title: "workloads of several replicas have one PodDisruptionBudget that allows a drain and keeps one replica up",
  why: "Without a budget a drain may evict all replicas at once; with one that allows none, no node can ever be drained; and with two budgets every eviction fails.",
  fix: "add one PodDisruptionBudget that selects the pods, with maxUnavailable 1",
  group: "reliability",
  severity: "medium",
  controls: { nist: ["SI-13(5)"] },
  subjects: (stack) => stack.ofKind(...scaledKinds).filter((object) => podsOf(object).length > 0),
  check: (subject, view, stack) => {
    const { min, max } = scaleOf(subject, stack);
    if (max < 2) return [];
    const budgets = budgetsOf(subject, stack);
    const [budget, ...others] = budgets;
    if (budget === undefined) return [problem(view, "metadata.name", "needs a PodDisruptionBudget that selects its pods")];
    if (others.length > 0)
      return [problem(view, "metadata.name", `must be selected by one PodDisruptionBudget, not by ${budgets.map(({ name }) => name).join(", ")}`)];
    // What is promised at the smallest scale holds at every other.
    return limits(budget, Math.max(min, 1));
  },
});

function budgetsOf(subject: KubeObject, stack: Stack): readonly KubeObject[] {
  return stack
    .ofKind("policy/PodDisruptionBudget")
    .filter((budget) => budget.namespace === subject.namespace)
    .filter((budget) => podsOf(subject).some((pod) => selects(budget.view().view("spec.selector"), pod.labels())));
}

function limits(budget: KubeObject, replicas: number): readonly Problem[] {
  const view = budget.view();
  const at = (path: string, message: string): readonly Problem[] => [{ ...problem(view, path, message), object: budget }];
  const least = podsAt(view, "spec.minAvailable", replicas);
  const most = podsAt(view, "spec.maxUnavailable", replicas);
  if (least === undefined && most === undefined) return at("spec", "must have maxUnavailable or minAvailable");
  // One pod alone can't both be drained and stay: it moves.
  if (most !== undefined) {
    if (most < 1) return at("spec.maxUnavailable", "must be 1 or more: else no node can be drained");
    return most >= replicas && replicas > 1 ? at("spec.maxUnavailable", `must leave one of ${replicas} replicas up`) : [];
  }
  if (least === undefined) return [];
  if (least >= replicas) return at("spec.minAvailable", `must be less than ${replicas}, the fewest replicas: else no node can be drained`);
  return least < 1 && replicas > 1 ? at("spec.minAvailable", "must be 1 or more: else all replicas may go at once") : [];
}

/** A number of pods, or a share of the replicas, rounded up as Kubernetes does. */
function podsAt(view: View, path: string, replicas: number): number | undefined {
  const text = view.text(path);
  if (text === undefined) return undefined;
  return text.endsWith("%") ? Math.ceil((Number(text.slice(0, -1)) * replicas) / 100) : Number(text);
}
