/** No container has the node's rights. */
import { containerPolicy, problemIf } from "../../policy";

export const notPrivileged = containerPolicy({
  number: 11,
  name: "not-privileged",
  title: "no container is privileged",
  why: "A privileged container is root on its node: it reads the data and the models of all others there.",
  fix: "leave securityContext.privileged out, or set it to false",
  group: "workload",
  severity: "critical",
  controls: { cis: ["5.2.2"], nsa: ["pod security"], nist: ["CM-7", "AC-6"] },
  check: ({ view }) => problemIf(view.boolean("securityContext.privileged") === true, view, "securityContext.privileged", "must not be true"),
});
