/** NetworkPolicies as Kubernetes reads them. */
import { named } from "../../each";
import type { KubeObject } from "../../objects";
import { indexed, perStack } from "../../perStack";
import type { Stack } from "../../stack";
import type { View } from "../../values";

export const networkPolicyKind = "networking.k8s.io/NetworkPolicy";
export const directions = [
  { type: "Ingress", rules: "ingress", peers: "from" },
  { type: "Egress", rules: "egress", peers: "to" },
] as const;
export type Direction = (typeof directions)[number];

const byNamespace = indexed([networkPolicyKind], ({ namespace }) => namespace);
const withoutNamespace = perStack((stack) => byNamespace(stack, ""));

/** The policies of a namespace. */
export function policiesOf(stack: Stack, namespace: string): readonly KubeObject[] {
  return byNamespace(stack, namespace);
}

/** Before a policy is said to be missing: none may turn out to be of this namespace. @throws NotDecided */
export function noneUnknown(stack: Stack): void {
  named(withoutNamespace(stack));
}

/** Whether a policy restricts a direction: `policyTypes`, and without them ingress always, egress where it has rules. @throws NotDecided, Malformed */
export function isolates(policy: View, { type, rules }: Direction): boolean {
  if (policy.has("spec.policyTypes")) return policy.strings("spec.policyTypes").includes(type);
  return type === "Ingress" || policy.list(`spec.${rules}`).length > 0;
}

/** Whether a policy selects all pods of its namespace. */
export function selectsAll(policy: View): boolean {
  const selector = policy.view("spec.podSelector");
  return selector.entries("matchLabels").length === 0 && selector.list("matchExpressions").length === 0;
}

/** What a rule leaves open: its peers (anybody, where none is named) or its ports (all, where one has no number). */
export function openIn(rule: View, { peers }: Direction): readonly ("peers" | "ports")[] {
  const ports = rule.list("ports");
  return [
    ...(rule.list(peers).length > 0 ? [] : (["peers"] as const)),
    ...(ports.length > 0 && ports.every((port) => port.has("port")) ? [] : (["ports"] as const)),
  ];
}
