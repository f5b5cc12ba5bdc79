/** Who reads a secret was meant to read this one. */
import { each } from "../../each";
import { objectPolicy, problem } from "../../policy";
import { covers, isNamed, isRole, rulesOf, verbsOf } from "./rules";

export const secretsByName = objectPolicy({
  number: 40,
  name: "secrets-by-name",
  title: "secrets are readable by name only",
  why:
    "Who may get all secrets of a project has every key and password in it, also those that are made later; list and watch give their contents too. " +
    "With resourceNames, a list is allowed only where it asks for that one name.",
  fix: "name the secrets in resourceNames; for list and watch of all there is no such limit, so leave them out",
  group: "rbac",
  severity: "high",
  controls: { cis: ["5.1.2"], nsa: ["RBAC"], nist: ["AC-3"] },
  parameters: {
    managers: {
      type: "strings",
      description: "Roles of a project whose holders manage its secrets; never ClusterRoles",
      default: ["ai-platform-admin"],
    },
  },
  applies: (_, __, object) => isRole(object),
  check: (view, { parameters }, object) =>
    object.kind === "Role" && parameters.managers.includes(object.name)
      ? []
      : each(rulesOf(view), (rule) => {
          const verbs = verbsOf(rule, ["get", "list", "watch"]);
          return verbs.length > 0 && covers(rule, "", "secrets") && !isNamed(rule)
            ? [problem(rule, "resourceNames", `must name the secrets that ${verbs.join(", ")} ${verbs.length > 1 ? "are" : "is"} for`)]
            : [];
        }),
});
