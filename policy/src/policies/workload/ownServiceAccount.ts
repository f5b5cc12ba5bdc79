/** Nobody shares an identity or a place by leaving a field out. */
import { all } from "../../each";
import { podPolicy, problem, problemIf, type Problem } from "../../policy";
import type { Pod } from "../../pods";

export const ownServiceAccount = podPolicy({
  number: 21,
  name: "own-service-account",
  title: "pods run under a service account of their own, in a project of their own",
  why: "Rights that one workload gets on the default service account are the rights of all that name none; and the default namespace has no quota, no isolation, no owner.",
  fix: "make a ServiceAccount for the workload and name it in serviceAccountName; put the workload into a project",
  group: "workload",
  severity: "medium",
  controls: { cis: ["5.1.5", "5.7.4"], nist: ["AC-6"] },
  check: (pod) => all(() => namespaceOf(pod), () => accountOf(pod)), // prettier-ignore
});

/** A namespace that is left out is whatever applies it decides: `kubectl -n`, a provider. */
function namespaceOf({ object, template }: Pod): readonly Problem[] {
  const view = object.view(template.trace);
  return problemIf(view.string("metadata.namespace") === "default", view, "metadata.namespace", "must be a project's, not default");
}

/** `serviceAccount` is the field's name of old, still read. */
function accountOf({ spec, whole }: Pod): readonly Problem[] {
  if (!whole) return [];
  const name = spec.string("serviceAccountName") || spec.string("serviceAccount") || "default";
  return name === "default" ? [problem(spec, "serviceAccountName", "must be set, to another than default")] : [];
}
