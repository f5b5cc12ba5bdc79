/** Rights say what they give. */
import { each } from "../../each";
import { objectPolicy, problem } from "../../policy";
import { isRole, rulesOf } from "./rules";

const fields = ["apiGroups", "resources", "verbs", "nonResourceURLs"] as const;

export const noWildcardRights = objectPolicy({
  number: 38,
  name: "no-wildcard-rights",
  title: "no role has a wildcard for verbs, resources, API groups or URLs",
  why: "A wildcard gives what is there today and whatever is added tomorrow: new verbs such as escalate, new kinds, all secrets.",
  fix: "list the verbs, resources and groups that are needed",
  group: "rbac",
  severity: "high",
  controls: { cis: ["5.1.3"], nsa: ["RBAC"], nist: ["AC-6"] },
  applies: (_, __, object) => isRole(object),
  check: (view) =>
    each(
      rulesOf(view).flatMap((rule) => fields.map((field) => ({ rule, field }))),
      ({ rule, field }) => (rule.strings(field).some(isWildcard) ? [problem(rule, field, "must not have a wildcard")] : []),
    ),
});

/** `*`, a subresource of all kinds, all URLs. The URLs below one are not all. */
function isWildcard(value: string): boolean {
  return value === "*" || value.startsWith("*/") || value === "/*";
}
