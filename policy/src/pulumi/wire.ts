/** Properties as the engine sends them, a protobuf Struct, to plain values: what is unknown before `up` is UNKNOWN, and where secrets stand is noted. */
import { joined, UNKNOWN, type Value } from "../values";

/** What is read of google.protobuf.Struct and its values. */
export interface Struct {
  getFieldsMap(): FieldsMap;
}
interface FieldsMap {
  forEach(each: (value: WireValue, key: string) => void): void;
  get(key: string): WireValue | undefined;
}
export interface WireValue {
  getKindCase(): number;
  getNumberValue(): number;
  getStringValue(): string;
  getBoolValue(): boolean;
  getStructValue(): Struct | undefined;
  getListValue(): { getValuesList(): readonly WireValue[] } | undefined;
}

/** Of `kind` in struct.proto. */
const kinds = { number: 2, string: 3, boolean: 4, struct: 5, list: 6 } as const;

/** From sdk/go/common/resource/plugin/rpc.go: what stands for a value that is not known yet, by its type. */
const unknowns = new Set([
  "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7", // boolean
  "3eeb2bf0-c639-47a8-9e75-3b44932eb421", // number
  "04da6b54-80e4-46f7-96ec-b56ff0331ba9", // string
  "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2", // list
  "030794c1-ac77-496b-92df-f27374a8bd58", // asset
  "e48ece36-62e2-4504-bad9-02848725956a", // archive
  "dd056dcd-154b-4c76-9bd3-c8f88648b5ff", // object
]);
/** From sdk/nodejs/runtime/rpc.ts: marks a map that stands for something else. */
const signature = "4dabf18193072939515e22adb298388d";
const secret = "1b47061264138c4ac30d75fd1eb44270";
const output = "d0e6a833031e9bbcd3f4e8bde6ca49a4";

export interface Plain {
  readonly value: Value;
  /** Paths of values that the program marks as secret. */
  readonly secrets: readonly string[];
}

export function plainOf(struct: Struct): Plain {
  const secrets: string[] = [];
  return { value: fieldsOf(struct, "", secrets), secrets };
}

function fieldsOf(struct: Struct, path: string, secrets: string[]): Value {
  // Without a prototype, so that a key like `__proto__` is a key.
  const fields = Object.create(null) as Record<string, Value>;
  struct.getFieldsMap().forEach((value, key) => (fields[key] = valueOf(value, joined(path, key), secrets)));
  return fields;
}

function valueOf(wire: WireValue, path: string, secrets: string[]): Value {
  switch (wire.getKindCase()) {
    case kinds.number:
      return wire.getNumberValue();
    case kinds.boolean:
      return wire.getBoolValue();
    case kinds.string: {
      const text = wire.getStringValue();
      return unknowns.has(text) ? UNKNOWN : text;
    }
    case kinds.list:
      return wire.getListValue()?.getValuesList().map((one, i) => valueOf(one, `${path}[${i}]`, secrets)); // prettier-ignore
    case kinds.struct:
      return structOf(wire.getStructValue(), path, secrets);
    default:
      return null;
  }
}

function structOf(struct: Struct | undefined, path: string, secrets: string[]): Value {
  const marked = struct?.getFieldsMap().get(signature)?.getStringValue();
  if (struct === undefined) return undefined;
  if (marked === undefined) return fieldsOf(struct, path, secrets);
  const inner = struct.getFieldsMap().get("value");
  if (marked === secret || (marked === output && struct.getFieldsMap().get("secret")?.getBoolValue() === true)) secrets.push(path);
  // An output without a value is not known yet. Assets and references to resources are in no Kubernetes object.
  return (marked === secret || marked === output) && inner !== undefined ? valueOf(inner, path, secrets) : UNKNOWN;
}
