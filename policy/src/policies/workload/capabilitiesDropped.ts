/** None of root's rights, one by one. */
import { containerPolicy, problem, problemIf } from "../../policy";

export const capabilitiesDropped = containerPolicy({
  number: 14,
  name: "capabilities-dropped",
  title: "containers drop all capabilities and add none but NET_BIND_SERVICE",
  why: "Runtimes leave a container some of root's rights, such as raw packets that impersonate its neighbours; a server needs none of them.",
  fix: "set securityContext.capabilities.drop to [ALL], and add nothing but NET_BIND_SERVICE",
  group: "workload",
  severity: "high",
  controls: { cis: ["5.2.8", "5.2.9", "5.2.10"], nsa: ["pod security"], nist: ["CM-7"] },
  // The API server refuses the field in pods of Windows.
  applies: ({ pod }) => !pod.windows,
  check: ({ view }) => {
    const added = view.list("securityContext.capabilities.add").filter((item) => item.string("") !== "NET_BIND_SERVICE");
    return [
      ...problemIf(!view.strings("securityContext.capabilities.drop").includes("ALL"), view, "securityContext.capabilities.drop", "must contain ALL"),
      ...added.map((item) => problem(item, "", "must not be added; allowed: NET_BIND_SERVICE")),
    ];
  },
});
