import type { Problem } from "../problems";

/** @param value as it stands in the configuration */
export function problem(field: string, value: unknown, allowed: string, fix: string): Problem {
  return { field, value: JSON.stringify(value ?? null), allowed, fix };
}
