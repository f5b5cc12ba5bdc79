/** Bindings whose role and subjects are there. */
import { all, each, named } from "../../each";
import type { KubeObject } from "../../objects";
import { indexed, perStack, qualified } from "../../perStack";
import { problem, stackPolicy, type Problem } from "../../policy";
import type { Stack } from "../../stack";
import type { View } from "../../values";
import { bindingKinds } from "./rules";

const roles = indexed(["rbac.authorization.k8s.io/Role"], qualified);
const clusterRoles = indexed(["rbac.authorization.k8s.io/ClusterRole"], ({ name }) => name);
const accounts = indexed(["/ServiceAccount"], qualified);
const unnamed = perStack((stack) =>
  stack
    .ofKind("rbac.authorization.k8s.io/Role", "rbac.authorization.k8s.io/ClusterRole", "/ServiceAccount")
    .filter((object) => object.name === "" || (object.namespace === "" && object.kind !== "ClusterRole")),
);

export const bindingsResolve = stackPolicy({
  number: 42,
  name: "bindings-resolve",
  title: "the role and the subjects of every binding exist, and people are bound by group only",
  why: "A binding to what isn't there gives its rights to whoever makes it later. A person who is bound by name keeps the rights when the job changes.",
  fix: "make the role or the service account in the same program, name what the cluster has in the parameters, or bind a group",
  group: "rbac",
  severity: "medium",
  controls: { nsa: ["RBAC"], nist: ["AC-2"] },
  parameters: {
    clusterRoles: {
      type: "strings",
      description: "ClusterRoles that the cluster has; one that ends in a colon stands for all that begin so",
      default: ["admin", "cluster-admin", "cluster-monitoring-view", "cluster-reader", "edit", "system:", "view"],
    },
    serviceAccounts: {
      type: "strings",
      description: "service accounts that the cluster has, as namespace/name",
      default: ["keda/keda-operator", "openshift-ingress/router", "openshift-keda/keda-operator"],
    },
    users: { type: "strings", description: "users that may be bound by name, such as one for emergencies", default: [] },
  },
  subjects: (stack) => stack.ofKind(...bindingKinds),
  check: (binding, view, stack, { parameters }) =>
    all(
      () => role(binding, view, stack, parameters.clusterRoles),
      () => each(view.list("subjects"), (subject) => subjectOf(binding, subject, stack, parameters)),
    ),
});

function role(binding: KubeObject, view: View, stack: Stack, existing: readonly string[]): readonly Problem[] {
  const name = view.string("roleRef.name") ?? "";
  const cluster = view.string("roleRef.kind") === "ClusterRole";
  const found = cluster
    ? clusterRoles(stack, name).length > 0 || existing.some((one) => one === name || (one.endsWith(":") && name.startsWith(one)))
    : roles(stack, qualified({ namespace: binding.namespace, name })).length > 0;
  if (found) return [];
  named([binding, ...unnamed(stack)]);
  return [problem(view, "roleRef.name", cluster ? "must be a ClusterRole that exists" : "must be a Role of the same namespace")];
}

function subjectOf(
  binding: KubeObject,
  subject: View,
  stack: Stack,
  { serviceAccounts, users }: { readonly serviceAccounts: readonly string[]; readonly users: readonly string[] },
): readonly Problem[] {
  const kind = subject.string("kind");
  const name = subject.string("name") ?? "";
  if (kind === "User") return users.includes(name) ? [] : [problem(subject, "kind", "must be Group: people are bound by group only")];
  if (kind !== "ServiceAccount") return name === "" ? [problem(subject, "name", "must be set")] : [];
  const account = qualified({ namespace: subject.string("namespace") ?? binding.namespace, name });
  if (serviceAccounts.includes(account) || accounts(stack, account).length > 0) return [];
  named([binding, ...unnamed(stack)]);
  return [problem(subject, "name", `must be a service account that exists: there is no ${account}`)];
}
