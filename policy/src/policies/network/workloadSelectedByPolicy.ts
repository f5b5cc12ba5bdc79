/** Each pod's connections are written down, and only these. */
import { each } from "../../each";
import type { KubeObject } from "../../objects";
import { podsOf } from "../../pods";
import { problem, stackPolicy, type Problem } from "../../policy";
import { selects, type Stack } from "../../stack";
import type { View } from "../../values";
import { directions, isolates, networkPolicyKind, noneUnknown, openIn, policiesOf } from "./networkPolicies";

export const workloadSelectedByPolicy = stackPolicy({
  number: 32,
  name: "workload-selected-by-policy",
  title: "each workload is selected by network policies for both directions, and each of their rules names peers and ports",
  why: "A pod that no policy selects talks to all; a rule without peers is open to everybody, and one without ports opens what nobody thought of.",
  fix: "add a NetworkPolicy that selects the pods and names who may connect, and the ports; for no connection at all, one without rules",
  group: "network",
  severity: "high",
  controls: { cis: ["5.3.2"], nsa: ["network policies"], nist: ["SC-7"] },
  subjects: (stack) => stack.objects.filter((object) => object.is(networkPolicyKind) || podsOf(object).length > 0),
  check: (subject, view, stack) => (subject.is(networkPolicyKind) ? loose(view) : unselected(subject, stack)),
});

/** Rules that name no peers, or no ports. */
function loose(view: View): readonly Problem[] {
  return each(
    directions.flatMap((direction) => view.list(`spec.${direction.rules}`).map((rule) => ({ direction, rule }))),
    ({ direction, rule }) =>
      openIn(rule, direction).map((open) =>
        open === "peers"
          ? problem(rule, direction.peers, "must name its peers: without any it is open to everybody")
          : problem(rule, "ports", "must name its ports: without a number it opens all"),
      ),
  );
}

/** Directions in which no policy selects a pod. */
function unselected(subject: KubeObject, stack: Stack): readonly Problem[] {
  // A namespace that is unknown is no namespace to look for policies in.
  subject.view().get("metadata.namespace");
  return each(podsOf(subject), (pod) => {
    const labels = pod.labels();
    const policies = policiesOf(stack, subject.namespace)
      .map((policy) => policy.view())
      .filter((policy) => selects(policy.view("spec.podSelector"), labels));
    const missing = directions.filter((direction) => !policies.some((policy) => isolates(policy, direction)));
    if (missing.length > 0) noneUnknown(stack);
    return missing.map(({ rules }) => problem(pod.metadata, "labels", `must be selected by a NetworkPolicy for ${rules}`));
  });
}
