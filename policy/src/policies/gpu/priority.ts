/** Who gets GPUs first is said. */
import { mayHold, usesGpu } from "../../gpu";
import { isInteractive, isServing, roleParameters } from "../../interactive";
import { podsOf, type Pod } from "../../pods";
import { problem, stackPolicy, type Problem } from "../../policy";
import type { Stack } from "../../stack";

/** Classes that every cluster has. */
const builtIn: Readonly<Record<string, number>> = { "system-cluster-critical": 2_000_000_000, "system-node-critical": 2_000_001_000 };

export const gpuPriority = stackPolicy({
  number: 10,
  name: "gpu-priority",
  title: "pods with GPUs have a priority class, and workspaces none above that of serving",
  why: "Where GPUs are short, the scheduler takes them by priority: without classes, or with a workspace above the model servers, one notebook can stop answers for everybody.",
  fix: "set priorityClassName; give workspaces a class whose value is that of the serving class or less",
  group: "gpu",
  severity: "medium",
  controls: { nist: ["SC-6"] },
  parameters: roleParameters,
  subjects: (stack, { settings, parameters }) =>
    stack.objects.filter((object) => podsOf(object).some((pod) => mayHold(() => usesGpu(pod, settings) || isInteractive(pod, parameters.interactive)))),
  check: (subject, view, stack, { settings, parameters }) =>
    podsOf(subject, view.trace).flatMap((pod) => [
      ...(usesGpu(pod, settings) && !pod.spec.string("priorityClassName") ? [problem(pod.spec, "priorityClassName", "must be set: the pod uses a GPU")] : []),
      ...(isInteractive(pod, parameters.interactive) ? notAbove(pod, stack, parameters.serving) : []),
    ]),
});

function notAbove(pod: Pod, stack: Stack, components: readonly string[]): readonly Problem[] {
  // One that nobody knows can't be said to be above.
  const own = priorityOf(pod, stack) ?? -Infinity;
  const serving = stack
    .allPods()
    .filter((other) => isServing(other, components))
    .map((other) => priorityOf(other, stack))
    .filter((value) => value !== undefined);
  const least = Math.min(...serving);
  return own > least ? [problem(pod.spec, "priorityClassName", `must be a class of ${least} or less, as that of model servers is, not of ${own}`)] : [];
}

/** Value of a pod's class; undefined where it has none, or one that the stack does not make. */
function priorityOf(pod: Pod, stack: Stack): number | undefined {
  const name = pod.spec.string("priorityClassName") ?? "";
  if (Object.hasOwn(builtIn, name)) return builtIn[name];
  return stack.find("PriorityClass", "", name)?.view().number("value");
}
