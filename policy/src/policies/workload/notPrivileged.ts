/** No container has the node's rights. */
import { containerPolicy, problemIf } from "../../policy";

export const notPrivileged = containerPolicy({
  number: 11,
  name: "not-privileged",
  title: "no container is privileged",
  why: "A privileged container is root on its node: it reads the data and the models of all others there.",
  fix: "leave securityContext.privileged out, or set it to false; on Windows the same of windowsOptions.hostProcess",
  group: "workload",
  severity: "critical",
  controls: { cis: ["5.2.2"], nsa: ["pod security"], nist: ["CM-7", "AC-6"] },
  check: (container) => {
    const host = container.security("windowsOptions.hostProcess");
    return [
      ...problemIf(container.view.boolean("securityContext.privileged") === true, container.view, "securityContext.privileged", "must not be true"),
      ...problemIf(host.boolean("") === true, host, "", "must not be true: it is what privileged is on Windows"),
    ];
  },
});
