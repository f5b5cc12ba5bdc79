/** Roles as RBAC reads them. */
import type { KubeObject } from "../../objects";
import type { View } from "../../values";

export function isRole(object: KubeObject): boolean {
  return object.is("rbac.authorization.k8s.io/Role", "rbac.authorization.k8s.io/ClusterRole", "authorization.openshift.io/Role", "authorization.openshift.io/ClusterRole"); // prettier-ignore
}

export const bindingKinds = ["rbac.authorization.k8s.io/RoleBinding", "rbac.authorization.k8s.io/ClusterRoleBinding"] as const;

export function rulesOf(role: View): readonly View[] {
  return role.list("rules");
}

/** Which of some verbs a rule gives; `*` gives all of them. @throws NotDecided, Malformed */
export function verbsOf(rule: View, wanted: readonly string[]): readonly string[] {
  const verbs = rule.strings("verbs");
  return verbs.includes("*") ? wanted : wanted.filter((verb) => verbs.includes(verb));
}

/** Whether a rule is about a resource of an API group: by name, as `*`, or, for a subresource, as `*` of it. @throws NotDecided, Malformed */
export function covers(rule: View, group: string, resource: string): boolean {
  const groups = rule.strings("apiGroups");
  const resources = rule.strings("resources");
  const [, sub] = resource.split("/");
  return (
    (groups.includes("*") || groups.includes(group)) &&
    (resources.includes("*") || resources.includes(resource) || (sub !== undefined && resources.includes(`*/${sub}`)))
  );
}

/** Whether a rule is limited to objects that it names. */
export function isNamed(rule: View): boolean {
  return rule.strings("resourceNames").length > 0;
}
