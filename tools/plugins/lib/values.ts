/** Property values as the engine sends them: JSON, plus markers for secrets and for values that are not known yet. */
import { Struct, type JavaScriptValue } from "google-protobuf/google/protobuf/struct_pb";

export type Value = null | boolean | number | string | readonly Value[] | ValueMap;
export interface ValueMap {
  readonly [key: string]: Value;
}
/** A map that is being built. */
export type MutableMap = Record<string, Value>;

// Markers of Pulumi's wire format (pulumi/sdk, resource/sig.go).
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";
/** Stands for a value that is known only after another resource was made. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
/** The other unknown markers: bool, number, array, asset, archive, object. */
const UNKNOWNS: ReadonlySet<string> = new Set([
  UNKNOWN,
  "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
  "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
  "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
  "030794c1-ac77-496b-92df-f27374a8bd58",
  "e48ece36-62e2-4504-bad9-02848725956a",
  "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
]);

export const isMap = (value: Value | undefined): value is ValueMap => typeof value === "object" && value !== null && !Array.isArray(value);
export const isList = (value: Value | undefined): value is readonly Value[] => Array.isArray(value);
export const isUnknown = (value: Value | undefined): boolean => typeof value === "string" && UNKNOWNS.has(value);
/** A value with a secret mark. */
export interface SecretValue extends ValueMap {
  readonly value: Value;
}
export const isSecret = (value: Value | undefined): value is SecretValue => isMap(value) && value[SIGNATURE] === SECRET;
export const makeSecret = (value: Value): Value => (isSecret(value) ? value : { [SIGNATURE]: SECRET, value });

/** What `a.b.c` of a map is, undefined where it is not there. */
export function at(value: Value | undefined, ...path: readonly string[]): Value | undefined {
  let here = value;
  for (const key of path) {
    if (!isMap(here)) return undefined;
    here = here[key];
  }
  return here;
}
export const textAt = (value: Value | undefined, ...path: readonly string[]): string | undefined => {
  const found = at(value, ...path);
  return typeof found === "string" ? found : undefined;
};
export const numberAt = (value: Value | undefined, ...path: readonly string[]): number | undefined => {
  const found = at(value, ...path);
  return typeof found === "number" ? found : undefined;
};
export const mapAt = (value: Value | undefined, ...path: readonly string[]): ValueMap => {
  const found = at(value, ...path);
  return isMap(found) ? found : {};
};
export const listAt = (value: Value | undefined, ...path: readonly string[]): readonly Value[] => {
  const found = at(value, ...path);
  return isList(found) ? found : [];
};

/** The value without secret marks. Unknowns stay. */
export function plain(value: Value): Value {
  if (isList(value)) return value.map(plain);
  if (!isMap(value)) return value;
  if (isSecret(value)) return plain(value.value);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}
export const plainMap = (value: ValueMap): ValueMap => {
  const result = plain(value);
  return isMap(result) ? result : {};
};

/** Whether any part of it is not known yet. */
export function hasUnknown(value: Value): boolean {
  if (isUnknown(value)) return true;
  if (isList(value)) return value.some(hasUnknown);
  return isMap(value) && Object.values(value).some(hasUnknown);
}

/** Whether any part of it is marked secret. */
export function hasSecret(value: Value): boolean {
  if (isSecret(value)) return true;
  if (isList(value)) return value.some(hasSecret);
  return isMap(value) && Object.values(value).some(hasSecret);
}

/** The map without some of its keys. */
export const without = (map: ValueMap, ...keys: readonly string[]): ValueMap => Object.fromEntries(Object.entries(map).filter(([key]) => !keys.includes(key)));
/** A scalar as text, anything else as JSON. */
export const asText = (value: Value): string => (typeof value === "string" ? value : JSON.stringify(value));

/** Equal apart from key order and secret marks. */
export function same(a: Value | undefined, b: Value | undefined): boolean {
  if (a === b) return true;
  if (isSecret(a)) return same(a.value, b);
  if (isSecret(b)) return same(a, b.value);
  if (isList(a) && isList(b)) return a.length === b.length && a.every((item, i) => same(item, b[i]));
  if (!isMap(a) || !isMap(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => key in b && same(a[key], b[key]));
}

/**
 * Marks in `outs` what is secret in `ins`. Maps are followed, so that one secret does not hide a whole object; a list with
 * a secret in it becomes secret as a whole, since the server may reorder it.
 */
export function copySecrets(outs: ValueMap, ins: ValueMap): ValueMap {
  const result: MutableMap = { ...outs };
  for (const [key, input] of Object.entries(ins)) {
    const out = result[key];
    if (out === undefined) continue;
    if (isMap(out) && isMap(input) && !isSecret(out) && !isSecret(input)) result[key] = copySecrets(out, input);
    else if (hasSecret(input)) result[key] = makeSecret(out);
  }
  return result;
}

/** A message's properties as a map; {} when there are none. */
export function fromStruct(struct: Struct | undefined): ValueMap {
  return struct ? struct.toJavaScript() : {};
}

/** A map as message properties. `undefined` is left out, as JSON does. */
export function toStruct(map: ValueMap): Struct {
  return Struct.fromJavaScript(JSON.parse(JSON.stringify(map)) as Record<string, JavaScriptValue>);
}
