/** Runs policies over objects. One unit's unknown or malformed field decides nothing about another unit, and one policy's own error nothing about another policy. */
import type { KubeObject } from "./objects";
import { podsOf, type Container, type Pod } from "./pods";
import type { Context, Parameters, Policy, Problem } from "./policy";
import type { Settings } from "./settings";
import type { Stack } from "./stack";
import { Malformed, NotDecided, type Trace, type Value } from "./values";

export type Outcome = "passed" | "violated" | "not decided" | "error";

/** What a policy says of one object, or of one container or pod in it. */
export interface Result {
  readonly policy: Policy;
  readonly object: KubeObject;
  readonly outcome: Outcome;
  /** Where the unit stands in the object: `spec.template.spec.containers[0]`; "" for the object itself. */
  readonly unit: string;
  /** Violated: what is wrong. Not decided: what is unknown. Error: the policy's own. */
  readonly problems: readonly Problem[];
  /** What was read, where it was asked for. */
  readonly evidence?: Trace;
}

export interface Options {
  readonly settings: Settings;
  /** Values for the parameters of policies, by policy; what is left out has its default. */
  readonly parameters?: Readonly<Record<string, Readonly<Record<string, Value>>>>;
  /** Whether results carry what was read. @default false */
  readonly evidence?: boolean;
}

/** Whether the layer of a policy is built. Where it isn't, the policy has no results. */
export function isApplicable(policy: Policy, settings: Settings): boolean {
  return policy.layer === undefined || settings.layers.includes(policy.layer);
}

/** Results of a policy of scope container, pod or object over one object. None: the policy does not concern it. */
export function evaluateObject(policy: Exclude<Policy, { scope: "stack" }>, object: KubeObject, options: Options): readonly Result[] {
  if (!isApplicable(policy, options.settings)) return [];
  const context = contextOf(policy, options);
  const trace: Trace | undefined = options.evidence ? new Map() : undefined;
  const run = (unit: string, applies: () => boolean, check: () => readonly Problem[]) =>
    resultOf(policy, object, unit, trace, () => (applies() ? check() : undefined));

  if (policy.scope === "object") {
    const view = object.view(trace);
    return run("", () => policy.applies(view, context, object), () => policy.check(view, context, object)); // prettier-ignore
  }
  const ofContainer = (unit: Container) =>
    run(
      unit.view.path,
      () => policy.scope === "container" && (policy.applies?.(unit.present(), context) ?? true),
      () => (policy.scope === "container" ? policy.check(unit.present(), context) : []),
    );
  const ofPod = (pod: Pod) =>
    policy.scope === "pod"
      ? run(pod.template.path, () => policy.applies?.(pod, context) ?? true, () => policy.check(pod, context)) // prettier-ignore
      : guarded(policy, object, pod.template.path, trace, () => pod.containers().flatMap(ofContainer));
  return guarded(policy, object, "", trace, () => podsOf(object, trace).flatMap(ofPod));
}

/** Results of a policy that sees the whole stack. */
export function evaluateStack(policy: Extract<Policy, { scope: "stack" }>, stack: Stack, options: Options): readonly Result[] {
  if (!isApplicable(policy, options.settings)) return [];
  const context = contextOf(policy, options);
  const subjects = ((): readonly KubeObject[] | Error => {
    try {
      return policy.subjects(stack, context);
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  })();
  if (subjects instanceof Error) {
    const object = stack.objects[0];
    return object === undefined ? [] : guarded(policy, object, "", undefined, () => { throw subjects; }); // prettier-ignore
  }
  return subjects.flatMap((subject) => {
    const trace: Trace | undefined = options.evidence ? new Map() : undefined;
    return resultOf(policy, subject, "", trace, () => policy.check(subject, subject.view(trace), stack, context));
  });
}

/** Results of all policies over all objects. */
export function evaluate(policies: readonly Policy[], stack: Stack, options: Options): readonly Result[] {
  return policies.flatMap((policy) =>
    policy.scope === "stack" ? evaluateStack(policy, stack, options) : stack.objects.flatMap((object) => evaluateObject(policy, object, options)),
  );
}

/** The values of a policy's parameters. */
export function contextOf(policy: Policy, { settings, parameters }: Options): Context {
  const given = parameters?.[policy.name] ?? {};
  const own: Parameters = policy.parameters ?? {};
  const values = Object.fromEntries(Object.entries(own).map(([key, parameter]) => [key, Object.hasOwn(given, key) ? given[key] : parameter.default]));
  return { settings, parameters: values as Context["parameters"] };
}

function resultOf(policy: Policy, object: KubeObject, unit: string, trace: Trace | undefined, check: () => readonly Problem[] | undefined): readonly Result[] {
  trace?.clear();
  return guarded(policy, object, unit, trace, () => {
    const problems = check();
    if (problems === undefined) return [];
    const outcome: Outcome = problems.length > 0 ? "violated" : "passed";
    return [{ policy, object, unit, outcome, problems, ...(trace ? { evidence: new Map(trace) } : {}) }];
  });
}

function guarded(policy: Policy, object: KubeObject, unit: string, trace: Trace | undefined, run: () => readonly Result[]): readonly Result[] {
  try {
    return run();
  } catch (error) {
    const evidence = trace ? { evidence: new Map(trace) } : {};
    const result = (outcome: Outcome, problem: Problem): readonly Result[] => [{ policy, object, unit, outcome, problems: [problem], ...evidence }];
    if (error instanceof NotDecided) return result("not decided", { path: error.path, value: undefined, message: error.message });
    // Refused, not passed over: the API server takes no such object, and a policy that can't read it can't vouch for it.
    if (error instanceof Malformed) return result("violated", { path: error.path, value: error.value, message: `must be ${error.expected}` });
    return result("error", { path: unit, value: undefined, message: `the policy itself failed: ${error instanceof Error ? error.message : String(error)}` });
  }
}
