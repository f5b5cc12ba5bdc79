/** Rights that give more rights than they say. */
import { each } from "../../each";
import { objectPolicy, problem, type Problem } from "../../policy";
import type { View } from "../../values";
import { covers, isNamed, isRole, rulesOf, verbsOf } from "./rules";

const rbac = "rbac.authorization.k8s.io";
const changing = ["create", "update", "patch", "delete", "deletecollection"];
const anyVerb = ["get", "list", "watch", ...changing];

export interface Power {
  readonly group: string;
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  /** What the holder gets by it. */
  readonly gives: string;
  /** Whether it is harmless where it is limited to objects by name. @default false */
  readonly byName?: boolean;
}

/** Nobody needs these but the cluster itself. */
export const powers: readonly Power[] = [
  { group: rbac, resources: ["roles", "clusterroles"], verbs: ["escalate"], gives: "any right" },
  { group: rbac, resources: ["roles", "clusterroles"], verbs: ["bind"], gives: "the rights of any role", byName: true },
  { group: "", resources: ["users", "groups", "serviceaccounts"], verbs: ["impersonate"], gives: "the rights of anybody", byName: true },
  { group: "", resources: ["nodes/proxy"], verbs: anyVerb, gives: "commands in every pod of a node, past the audit log" },
  { group: "", resources: ["serviceaccounts/token"], verbs: ["create"], gives: "the rights of any service account", byName: true },
  { group: "certificates.k8s.io", resources: ["certificatesigningrequests/approval"], verbs: ["update", "patch"], gives: "certificates in any name" },
  {
    group: "admissionregistration.k8s.io",
    resources: ["mutatingwebhookconfigurations", "validatingwebhookconfigurations"],
    verbs: changing,
    gives: "every object that is written, secrets included",
  },
];

/** Ways into pods that run: for operators. */
export const intoPods: readonly Power[] = [
  { group: "", resources: ["pods/exec", "pods/attach"], verbs: ["create", "get"], gives: "what a pod knows and may" },
  { group: "", resources: ["pods/ephemeralcontainers"], verbs: ["update", "patch"], gives: "what a pod knows and may" },
];

/** In all projects at once, who makes pods has the rights of all their service accounts. */
export const podsEverywhere: readonly Power[] = (
  [
    ["", ["pods", "replicationcontrollers"]],
    ["apps", ["daemonsets", "deployments", "replicasets", "statefulsets"]],
    ["batch", ["cronjobs", "jobs"]],
  ] as const
).map(([group, resources]) => ({ group, resources, verbs: ["create"], gives: "the secrets and service accounts of all projects" }));

export const noEscalationRights = objectPolicy({
  number: 41,
  name: "no-escalation-rights",
  title: "no role may escalate, bind, impersonate, reach a node or make tokens; only operators get into pods",
  why: "With these rights somebody gives himself any other: they are cluster-admin by another name, and no review of roles shows it.",
  fix: "leave the right out, limit it by resourceNames, or give it to a role of operators",
  group: "rbac",
  severity: "critical",
  controls: { cis: ["5.1.4", "5.1.8", "5.1.10", "5.1.11", "5.1.12", "5.1.13"], nsa: ["RBAC"], nist: ["AC-6(10)"] },
  parameters: {
    operatorRoles: {
      type: "strings",
      description: "roles of operators: they may get into pods, and, as ClusterRoles, make pods in all projects",
      default: ["ai-operator", "ai-platform-admin"],
    },
  },
  applies: (_, __, object) => isRole(object),
  check: (view, { parameters }, object) => {
    const operators = parameters.operatorRoles.includes(object.name);
    const refused = [...powers, ...(operators ? [] : intoPods), ...(operators || object.kind === "Role" ? [] : podsEverywhere)];
    return each(rulesOf(view), (rule) => refused.flatMap((power) => given(rule, power)));
  },
});

function given(rule: View, { group, resources, verbs, gives, byName }: Power): readonly Problem[] {
  const found = verbsOf(rule, verbs);
  if (found.length === 0 || (byName && isNamed(rule))) return [];
  return resources
    .filter((resource) => covers(rule, group, resource))
    .map((resource) => problem(rule, "verbs", `must not allow ${found.join(", ")} on ${resource}: it gives ${gives}`));
}
