/** Looking at objects to find what a policy is about: never throws, and leaves what is unknown or malformed to the check of the object that it is in. */
import { UNKNOWN, isFields, type Value } from "./values";

/** What stands at a path; UNKNOWN where that, or what leads there, is known only after `up`; undefined where there is nothing. */
export function peek(value: Value, ...keys: readonly string[]): Value {
  let inner = value;
  for (const key of keys) {
    if (inner === UNKNOWN) return UNKNOWN;
    if (!isFields(inner) || !Object.hasOwn(inner, key)) return undefined;
    inner = inner[key];
  }
  return inner ?? undefined;
}
