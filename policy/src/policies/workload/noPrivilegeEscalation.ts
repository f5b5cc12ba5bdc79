/** No process gets more rights than its container was started with. */
import { containerPolicy, problemIf } from "../../policy";

export const noPrivilegeEscalation = containerPolicy({
  number: 12,
  name: "no-privilege-escalation",
  title: "no container can gain privileges",
  why: "Nothing said means allowed: a set-user-ID program in the image then makes a hole in a server a hole with root's rights.",
  fix: "set securityContext.allowPrivilegeEscalation to false",
  group: "workload",
  severity: "high",
  controls: { cis: ["5.2.6"], nsa: ["pod security"], nist: ["AC-6"] },
  // The API server refuses the field in pods of Windows.
  applies: ({ pod }) => !pod.windows,
  check: ({ view }) =>
    problemIf(view.boolean("securityContext.allowPrivilegeEscalation") !== false, view, "securityContext.allowPrivilegeEscalation", "must be false"),
});
