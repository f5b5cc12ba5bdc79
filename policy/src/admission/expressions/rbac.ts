/** Rights, in CEL. */
import { intoPods, podsEverywhere, powers, type Power } from "../../policies/rbac/noEscalationRights";
import { holds, listed, texts, type Resources, type RuleOf } from "../rule";

const group = "rbac.authorization.k8s.io";
// OpenShift's authorization.openshift.io hands its roles on to this group.
const roles: readonly Resources[] = [
  { group, version: "v1", resources: ["roles"] },
  { group, version: "v1", resources: ["clusterroles"], cluster: true },
];
const bindings: readonly Resources[] = [
  { group, version: "v1", resources: ["rolebindings"] },
  { group, version: "v1", resources: ["clusterrolebindings"], cluster: true },
];

// A role without rules, as one that is aggregated, has null.
const rules = "(dyn(object).?rules.orValue(null) == null ? [] : object.rules)";
const field = (name: string) => `r.?${name}.orValue([])`;
const named = `size(${field("resourceNames")}) > 0`;
const anyOf = (name: string, values: readonly string[]) => `${field(name)}.exists(x, x in ${listed(values)})`;

/** Whether a rule `r` gives one of some verbs on one of some resources, as RBAC reads it. */
function gives(apiGroup: string, resources: readonly string[], verbs: readonly string[]): string {
  const subresources = resources.flatMap((one) => (one.includes("/") ? [`*/${one.split("/")[1] ?? ""}`] : []));
  return [anyOf("verbs", ["*", ...verbs]), anyOf("apiGroups", ["*", apiGroup]), anyOf("resources", ["*", ...resources, ...subresources])].join(" && ");
}

function given({ group: apiGroup, resources, verbs, byName = false }: Power): string {
  return `(${gives(apiGroup, resources, verbs)}${byName ? ` && !(${named})` : ""})`;
}

/** No rule gives one of some powers. */
function noneGiven(given_: readonly Power[]): string {
  return `!${rules}.exists(r, ${given_.map(given).join(" || ")})`;
}

export const rbacRules: Readonly<Record<string, RuleOf>> = {
  "no-wildcard-rights": () => ({
    on: roles,
    reads: ["rules"],
    validations: [
      holds(
        `!${rules}.exists(r, [${["apiGroups", "resources", "verbs", "nonResourceURLs"].map(field).join(", ")}].exists(f, f.exists(x, x == '*' || x.startsWith('*/') || x == '/*')))`,
        "rules must not have a wildcard for apiGroups, resources, verbs or nonResourceURLs",
      ),
    ],
  }),

  "no-cluster-admin": ({ parameters }) => ({
    on: bindings,
    reads: ["roleRef", "subjects"],
    validations: [
      holds(
        `object.roleRef.kind == 'Role' || !(object.roleRef.name in ${listed(texts(parameters.roles))})`,
        `roleRef.name must not be ${texts(parameters.roles).join(" or ")}`,
      ),
      holds(
        `!object.?subjects.orValue([]).exists(s, s.kind != 'ServiceAccount' && s.name in ${listed(texts(parameters.subjects))})`,
        `subjects must not have ${texts(parameters.subjects).join(" or ")}`,
      ),
    ],
  }),

  "secrets-by-name": ({ parameters }) => ({
    on: roles,
    reads: ["rules"],
    when: `!(object.kind == 'Role' && object.metadata.?name.orValue('') in ${listed(texts(parameters.managers))})`,
    validations: [
      holds(
        `!${rules}.exists(r, ${gives("", ["secrets"], ["get", "list", "watch"])} && !(${named}))`,
        "rules that get, list or watch secrets must name them in resourceNames",
      ),
    ],
  }),

  "no-escalation-rights": ({ parameters }) => {
    const operator = `object.metadata.?name.orValue('') in ${listed(texts(parameters.operatorRoles))}`;
    return {
      on: roles,
      reads: ["rules"],
      validations: [
        ...powers.map((power) => holds(noneGiven([power]), said(power))),
        holds(`(${operator}) || ${noneGiven(intoPods)}`, "rules must not allow a way into pods: it gives what a pod knows and may"),
        holds(
          `(${operator}) || object.kind == 'Role' || ${noneGiven(podsEverywhere)}`,
          "rules of a ClusterRole must not allow to create pods or what makes pods: it gives the secrets and service accounts of all projects",
        ),
      ],
    };
  },
};

function said({ resources, verbs, gives: what }: Power): string {
  return `rules must not allow ${verbs.join(", ")} on ${resources.join(", ")}: it gives ${what}`;
}
