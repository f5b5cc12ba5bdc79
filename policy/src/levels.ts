/** How a violation counts, by environment: one table. `disabled` is said in the policy configuration of a program only. */
import type { Policy, Severity } from "./policy";

export const environments = ["dev", "staging", "production"] as const;
export type Environment = (typeof environments)[number];
export type Level = "advisory" | "mandatory";

const bySeverity: Record<Environment, Record<Severity, Level>> = {
  dev: { low: "advisory", medium: "advisory", high: "advisory", critical: "advisory" },
  staging: { low: "advisory", medium: "advisory", high: "mandatory", critical: "mandatory" },
  production: { low: "mandatory", medium: "mandatory", high: "mandatory", critical: "mandatory" },
};

/** Policies that differ from the level of their severity. */
const byName: Readonly<Record<string, Partial<Record<Environment, Level>>>> = {};

export function levelOf(policy: Pick<Policy, "name" | "severity">, environment: Environment): Level {
  return byName[policy.name]?.[environment] ?? bySeverity[environment][policy.severity];
}
