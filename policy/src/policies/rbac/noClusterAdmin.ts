/** Nobody owns the cluster by way of a program. */
import { all, each } from "../../each";
import { objectPolicy, problem } from "../../policy";
import { bindingKinds } from "./rules";

export const noClusterAdmin = objectPolicy({
  number: 39,
  name: "no-cluster-admin",
  title: "no binding gives cluster-admin, or anything to system:masters",
  why: "cluster-admin reads every secret and changes every object, policies and audit included; what system:masters has can't even be taken away.",
  fix: "bind a role with the rights that are needed",
  group: "rbac",
  severity: "critical",
  controls: { cis: ["5.1.1", "5.1.7"], nsa: ["RBAC"], nist: ["AC-6(5)"] },
  parameters: {
    roles: {
      type: "strings",
      description: "ClusterRoles that own the cluster; on OpenShift, sudoer may act as system:admin",
      default: ["cluster-admin", "sudoer"],
    },
    subjects: {
      type: "strings",
      description: "groups and users that own the cluster whatever is bound to them",
      default: ["system:masters", "system:cluster-admins", "system:admin"],
    },
  },
  applies: (_, __, object) => object.is(...bindingKinds),
  check: (view, { parameters }) =>
    all(
      () =>
        view.string("roleRef.kind") !== "Role" && parameters.roles.includes(view.string("roleRef.name") ?? "")
          ? [problem(view, "roleRef.name", `must not be ${parameters.roles.join(" or ")}`)]
          : [],
      () =>
        each(view.list("subjects"), (subject) =>
          subject.string("kind") !== "ServiceAccount" && parameters.subjects.includes(subject.string("name") ?? "")
            ? [problem(subject, "name", `must not be ${parameters.subjects.join(" or ")}`)]
            : [],
        ),
    ),
});
