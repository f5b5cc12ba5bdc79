/** Nobody is root, and on OpenShift nobody chooses a user. */
import { containerPolicy, problem, problemIf, type Problem } from "../../policy";
import type { View } from "../../values";

/**
 * As the restricted Pod Security Standard, which newer versions relax in pods with a user namespace (`hostUsers: false`). That is not followed: whether a node gives one
 * is up to its kernel and runtime.
 */
export const nonRoot = containerPolicy({
  number: 13,
  name: "non-root",
  title: "containers run as another user than root; on OpenShift the platform assigns it",
  why: "Root in a container is root on its node if it gets out. On OpenShift a fixed user is refused by the security context constraint, so no pod starts.",
  fix: "set securityContext.runAsNonRoot to true on the pod or its containers; leave runAsUser out on OpenShift, and elsewhere set it to what the image can run as",
  group: "workload",
  severity: "high",
  controls: { cis: ["5.2.7"], nsa: ["non-root"], nist: ["AC-6"] },
  check: (container, { settings }) => {
    const nonRoot = container.security("runAsNonRoot");
    const contexts = [container.view, container.pod.spec];
    return [
      ...problemIf(nonRoot.boolean("") !== true, nonRoot, "", "must be true, on the container or its pod"),
      ...contexts.flatMap((context) => userOf(context, settings.platform === "openshift")),
    ];
  },
});

/** Also where the container overrides its pod: the next container would be root. */
function userOf(context: View, assigned: boolean): readonly Problem[] {
  const user = context.number("securityContext.runAsUser");
  if (user === 0) return [problem(context, "securityContext.runAsUser", "must not be 0, which is root")];
  return user !== undefined && assigned ? [problem(context, "securityContext.runAsUser", "must be left out: OpenShift assigns it")] : [];
}
