/** Values as reports show them: the content of Secrets, and what the program marks as secret, never leaves the pack. */
import type { KubeObject } from "./objects";
import { isFields, joined, shown, type Value } from "./values";

const hidden = "(secret, not shown)";
/** What may be shown of a Secret: what it is, not what it holds. */
const shownOfSecret = /^(apiVersion|kind|type|immutable|metadata(\.(?!annotations).*)?)$/;

/** A value at a path of an object, cut to a line, without what is secret at or below it. */
export function told(object: KubeObject, path: string, value: Value): string {
  const secrets = object.source.secrets ?? [];
  const isSecret = object.kind === "Secret";
  if (!isSecret && secrets.length === 0) return shown(value);
  return shown(cleaned(value, path, (at) => secrets.some((one) => isAtOrBelow(at, one)) || (isSecret && at !== "" && !shownOfSecret.test(at))));
}

function cleaned(value: Value, path: string, isHidden: (path: string) => boolean): Value {
  if (value === undefined || value === null) return value;
  if (isHidden(path)) return hidden;
  if (Array.isArray(value)) return (value as readonly Value[]).map((one, i) => cleaned(one, `${path}[${i}]`, isHidden));
  if (!isFields(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, cleaned(one, joined(path, key), isHidden)]));
}

function isAtOrBelow(path: string, above: string): boolean {
  return path === above || (path.startsWith(above) && (above === "" || /^[.[]/.test(path.slice(above.length))));
}
