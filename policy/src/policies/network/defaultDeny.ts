/** Nothing connects unless a rule says so. */
import { stackPolicy, problem } from "../../policy";
import { directions, isolates, noneUnknown, openIn, policiesOf, selectsAll } from "./networkPolicies";

export const defaultDeny = stackPolicy({
  number: 31,
  name: "default-deny",
  title: "each project denies ingress and egress by default",
  why: "Without a policy that selects all its pods, every pod of the cluster may talk to a project's pods, and these to all of the internet.",
  fix: "add a NetworkPolicy with podSelector {}, policyTypes [Ingress, Egress] and no rules to the namespace",
  group: "network",
  severity: "high",
  controls: { cis: ["5.3.2"], nsa: ["network policies"], nist: ["SC-7(5)"] },
  subjects: (stack) => stack.namespaces,
  check: (_, view, stack) => {
    const name = view.string("metadata.name") ?? "";
    const policies = policiesOf(stack, name).map((policy) => policy.view());
    // A policy that selects all pods denies what its rules leave out; one whose rule names nobody and no port leaves nothing out.
    const missing = directions.filter(
      (direction) =>
        !policies.some(
          (policy) =>
            isolates(policy, direction) && selectsAll(policy) && policy.list(`spec.${direction.rules}`).every((rule) => openIn(rule, direction).length < 2),
        ),
    );
    if (missing.length > 0) noneUnknown(stack);
    return missing.map(({ rules }) => problem(view, "metadata.name", `needs a NetworkPolicy in ${name} that selects all pods and denies ${rules}`));
  },
});
