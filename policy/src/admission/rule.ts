/** A policy as a ValidatingAdmissionPolicy says it: which objects it looks at, and expressions in CEL that are true where all is well. */
import type { Context } from "../policy";

/** API resources of one group and version that a rule looks at. */
export interface Resources {
  readonly group: string;
  readonly version: string;
  readonly resources: readonly string[];
  /** Objects that belong to no namespace: these are told apart by their own labels. @default false */
  readonly cluster?: boolean;
}

export interface Validation {
  /** CEL; true: as required. */
  readonly expression: string;
  /** CEL of a text: where, and which state is required. Without the fix, which is added. */
  readonly message: string;
}

export interface Rule {
  /** `pods`: every kind that carries one, with the variables that `carriers.ts` names. */
  readonly on: "pods" | readonly Resources[];
  /** Beside pods: kinds that say the same in another way. Expressions tell them by `object.kind`. */
  readonly also?: readonly Resources[];
  /** Further variables, in order; each may use those before it. */
  readonly variables?: Readonly<Record<string, string>>;
  readonly validations: readonly Validation[];
  /** CEL; where false, the policy has nothing to say of the object. @default always true */
  readonly when?: string;
  /** What of the policy admission does not see, for its page; undefined: nothing. What it refuses, the policy refuses too. */
  readonly partly?: string;
  /** Fields besides `spec` and labels that the rule reads: an update that changes none of them is let through. */
  readonly reads?: readonly string[];
}

/** A rule with the policy's parameters and the site's settings written into it. @returns undefined where these leave nothing to check */
export type RuleOf = (context: Context) => Rule | undefined;

/** A text as a CEL literal. */
export function quoted(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'").replaceAll("\n", "\\n")}'`;
}

/** A parameter that is a list of texts; policies of all parameters are one type here. */
export function texts(parameter: unknown): readonly string[] {
  return Array.isArray(parameter) ? parameter.filter((one) => typeof one === "string") : [];
}

/** Texts as a CEL list. */
export function listed(texts: readonly string[]): string {
  return `[${texts.map(quoted).join(", ")}]`;
}

/** Variables that list containers: those of `carriers.ts`, and a rule's own. */
export type ContainerLists = "containers" | "mainContainers" | "initContainers" | "started" | "servers";

/**
 * A rule of containers: `ok` is CEL over a container `c`.
 * @param required what every container must have, e.g. "securityContext.privileged must not be true"
 */
export function eachContainer(ok: string, required: string, of: ContainerLists = "containers"): Validation {
  return {
    expression: `variables.${of}.all(c, ${ok})`,
    message: `'containers ' + variables.${of}.filter(c, !(${ok})).map(c, c.name).join(', ') + ': ' + ${quoted(required)}`,
  };
}

/** A rule of the whole pod or object. @param required e.g. "spec.hostPID must not be true" */
export function holds(ok: string, required: string): Validation {
  return { expression: ok, message: quoted(required) };
}
