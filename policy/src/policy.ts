/** What a policy is. Each is one exported const in `policies/`, made by one of the functions below, and listed in `policies/index.ts`. */
import type { KubeObject } from "./objects";
import type { Container, Pod } from "./pods";
import type { Settings } from "./settings";
import type { Stack } from "./stack";
import type { Value, View } from "./values";
import type { Layer } from "./layers";

export type Severity = "low" | "medium" | "high" | "critical";
export type Group = "gpu" | "workload" | "images" | "network" | "rbac" | "data" | "reliability" | "governance";

/**
 * Controls that the policy supports, by their numbers in the primary texts; `frameworks.ts` cites each. A number that could not be read there is left out.
 */
export interface Controls {
  /** CIS Kubernetes Benchmark, section 5. */
  readonly cis?: readonly string[];
  /** Topics of the NSA/CISA Kubernetes Hardening Guide. */
  readonly nsa?: readonly string[];
  /** NIST SP 800-53 r5. */
  readonly nist?: readonly string[];
  /** Articles of the EU AI Act that a technical control can support. */
  readonly aiAct?: readonly string[];
}

/** One value that a policy can be tuned by. */
export type Parameter =
  | { readonly type: "integer" | "number"; readonly description: string; readonly default: number; readonly minimum?: number }
  | { readonly type: "string"; readonly description: string; readonly default: string }
  | { readonly type: "boolean"; readonly description: string; readonly default: boolean }
  | { readonly type: "strings"; readonly description: string; readonly default: readonly string[] };
export type Parameters = Readonly<Record<string, Parameter>>;
export type ValuesOf<P extends Parameters> = {
  readonly [K in keyof P]: P[K]["type"] extends "strings"
    ? readonly string[]
    : P[K]["type"] extends "boolean"
      ? boolean
      : P[K]["type"] extends "string"
        ? string
        : number;
};

/** What is wrong: where, what stands there, and what has to. */
export interface Problem {
  /** Path in the object, as in `kubectl explain`. */
  readonly path: string;
  /** What stands there. Never the content of a Secret. */
  readonly value: Value;
  /** Which state is required, in this case, and why if that isn't plain. Starts with a lower-case letter, without a full stop. */
  readonly message: string;
  /** The object, where it isn't the one that is looked at. */
  readonly object?: KubeObject;
}

export interface Context<P extends Parameters = Parameters> {
  readonly settings: Settings;
  readonly parameters: ValuesOf<P>;
}

interface Common<P extends Parameters> {
  /** Row in the table of docs/policies. */
  readonly number: number;
  /** Kebab case; unique; never renamed, since exemptions and configurations name it. */
  readonly name: string;
  /** The required state, one line. */
  readonly title: string;
  /** Why, in a sentence or two: what happens otherwise. */
  readonly why: string;
  /** How to get there, in a line. */
  readonly fix: string;
  readonly group: Group;
  readonly severity: Severity;
  readonly controls: Controls;
  /** The platform's layer that it is about; where that isn't built, the policy is not applicable, and counted as such. @default applies to all */
  readonly layer?: Layer;
  /** Tunables, each with its default. */
  readonly parameters?: P;
}

/** Units that a policy looks at one by one: what is unknown or malformed in one does not hide what is wrong in another. */
export interface ContainerPolicy<P extends Parameters = Parameters> extends Common<P> {
  readonly scope: "container";
  /** Whether the policy has something to say of this unit. @default yes, of each */
  readonly applies?: (unit: Container, context: Context<P>) => boolean;
  /** All that is wrong; nothing: as required. Reading what is unknown throws, which makes the outcome "not decided". */
  readonly check: (unit: Container, context: Context<P>) => readonly Problem[];
}
export interface PodPolicy<P extends Parameters = Parameters> extends Common<P> {
  readonly scope: "pod";
  readonly applies?: (unit: Pod, context: Context<P>) => boolean;
  readonly check: (unit: Pod, context: Context<P>) => readonly Problem[];
}
export interface ObjectPolicy<P extends Parameters = Parameters> extends Common<P> {
  readonly scope: "object";
  readonly applies: (unit: View, context: Context<P>, object: KubeObject) => boolean;
  readonly check: (unit: View, context: Context<P>, object: KubeObject) => readonly Problem[];
}
/** Sees all objects of the stack at once; runs when all are known to the engine. */
export interface StackPolicy<P extends Parameters = Parameters> extends Common<P> {
  readonly scope: "stack";
  /** The objects that the policy is about, e.g. each Service. */
  readonly subjects: (stack: Stack, context: Context<P>) => readonly KubeObject[];
  readonly check: (subject: KubeObject, view: View, stack: Stack, context: Context<P>) => readonly Problem[];
}

export type Policy = ContainerPolicy | PodPolicy | ObjectPolicy | StackPolicy;

/* Parameters of one policy are known to its own functions only; the list of all takes each as a Policy. */
export const containerPolicy = <P extends Parameters = Record<never, never>>(policy: Omit<ContainerPolicy<P>, "scope">): Policy =>
  ({ ...policy, scope: "container" }) as unknown as ContainerPolicy;
export const podPolicy = <P extends Parameters = Record<never, never>>(policy: Omit<PodPolicy<P>, "scope">): Policy =>
  ({ ...policy, scope: "pod" }) as unknown as PodPolicy;
export const objectPolicy = <P extends Parameters = Record<never, never>>(policy: Omit<ObjectPolicy<P>, "scope">): Policy =>
  ({ ...policy, scope: "object" }) as unknown as ObjectPolicy;
export const stackPolicy = <P extends Parameters = Record<never, never>>(policy: Omit<StackPolicy<P>, "scope">): Policy =>
  ({ ...policy, scope: "stack" }) as unknown as StackPolicy;

/** A problem at a path below a view. */
export function problem(view: View, path: string, message: string, value?: Value): Problem {
  const part = path === "" ? view : view.view(path);
  return { path: part.path, value: value === undefined ? part.value : value, message };
}

/** For conditions: the problem where it holds, else none. */
export function problemIf(condition: boolean, view: View, path: string, message: string): readonly Problem[] {
  return condition ? [problem(view, path, message)] : [];
}
