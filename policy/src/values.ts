/**
 * The values that policies read: plain JSON, and UNKNOWN where a preview can't know a value yet. Reading through a View never crashes on malformed input and never takes
 * an unknown for an absent one: it throws NotDecided or Malformed, which the evaluation turns into an outcome of its own.
 */

/** A value that is known only after `up`. */
export const UNKNOWN: unique symbol = Symbol("unknown until up");

export type Value = undefined | null | boolean | number | string | typeof UNKNOWN | readonly Value[] | Fields;
export interface Fields {
  readonly [key: string]: Value;
}

/** What a policy asked for is not known before `up`. */
export class NotDecided extends Error {
  constructor(readonly path: string) {
    super(`${path} is known only after up`);
  }
}

/** A field holds something of another type than Kubernetes allows; the API server would refuse it. */
export class Malformed extends Error {
  constructor(
    readonly path: string,
    readonly value: Value,
    readonly expected: string,
  ) {
    super(`${path} is ${shown(value)}, but must be ${expected}`);
  }
}

/** What was read, for the report's evidence: path → value. */
export type Trace = Map<string, Value>;

/** A part of an object, and where it stands in it. Paths are as in `kubectl explain`, with indexes: `spec.containers[0].image`. */
export class View {
  /** @param path from the root of the object; empty for the root @param trace filled with what is read */
  constructor(
    readonly value: Value,
    readonly path = "",
    readonly trace?: Trace,
  ) {}

  /** The value at a path below this one, `undefined` where it or what leads to it is absent or null. @throws NotDecided, Malformed */
  get(path: string): Value {
    return this.at(...segments(path)).known();
  }

  /** The part at a path below this one; its value may be absent. @throws NotDecided where something on the way is unknown */
  view(path: string): View {
    return this.at(...segments(path));
  }

  /** As `view`, for keys that hold dots or slashes: `labels.at("app.kubernetes.io/name")`. */
  at(...keys: readonly (string | number)[]): View {
    let value: Value = this.value;
    let path = this.path;
    for (const key of keys) {
      if (value === UNKNOWN) throw new NotDecided(path);
      value = child(value, key, path);
      path = joined(path, key);
    }
    this.trace?.set(path, value);
    return new View(value, path, this.trace);
  }

  has(path: string): boolean {
    const value = this.get(path);
    return value !== undefined;
  }

  string(path: string): string | undefined {
    return this.typed(path, "a string", (value) => typeof value === "string");
  }

  boolean(path: string): boolean | undefined {
    return this.typed(path, "true or false", (value) => typeof value === "boolean");
  }

  number(path: string): number | undefined {
    return this.typed(path, "a number", (value) => typeof value === "number");
  }

  /** A string or a number, as quantities and ports may be written; as text. */
  text(path: string): string | undefined {
    const value = this.typed<string | number>(path, "a string or a number", (value) => typeof value === "string" || typeof value === "number");
    return value === undefined ? undefined : String(value);
  }

  /** The items of a list; none where it is absent. Unknown items are Views of UNKNOWN: reading one throws. */
  list(path: string): readonly View[] {
    const list = this.view(path);
    const value = list.known();
    if (value === undefined) return [];
    if (!Array.isArray(value)) throw new Malformed(list.path, value, "a list");
    return value.map((_, i) => list.at(i));
  }

  /** The strings of a list. */
  strings(path: string): readonly string[] {
    return this.list(path).map((item) => item.string("") ?? refuse(item, "a string"));
  }

  /** The fields of a map, by key; none where it is absent. */
  entries(path: string): readonly (readonly [string, View])[] {
    const map = this.view(path);
    const value = map.known();
    if (value === undefined) return [];
    if (!isFields(value)) throw new Malformed(map.path, value, "a map");
    return Object.keys(value).map((key) => [key, map.at(key)]);
  }

  /** A map of strings, e.g. labels. */
  map(path: string): Readonly<Record<string, string>> {
    return Object.fromEntries(this.entries(path).map(([key, item]) => [key, item.string("") ?? refuse(item, "a string")]));
  }

  /** The value here. @throws NotDecided */
  known(): Exclude<Value, typeof UNKNOWN | null> {
    if (this.value === UNKNOWN) throw new NotDecided(this.path);
    return this.value ?? undefined;
  }

  private typed<T extends Value>(path: string, expected: string, is: (value: Value) => boolean): T | undefined {
    const part = this.view(path);
    const value = part.known();
    if (value === undefined) return undefined;
    if (!is(value)) throw new Malformed(part.path, value, expected);
    return value as T;
  }
}

/** A value as a reader is shown it; long ones are cut. */
export function shown(value: Value): string {
  if (value === undefined || value === null) return "not set";
  if (value === UNKNOWN) return "known only after up";
  const text = JSON.stringify(value, (_, inner: Value) => (inner === UNKNOWN ? "known only after up" : inner));
  return text.length > 120 ? `${text.slice(0, 117)}...` : text;
}

export function isFields(value: Value): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * A copy as plain data without prototypes, so that a key like `__proto__` is a key. What throws on reading is UNKNOWN: so does Pulumi's policy SDK tell of a value
 * that a preview does not know.
 */
export function plain(input: unknown): Value {
  if (input === undefined || input === null || typeof input === "boolean" || typeof input === "number" || typeof input === "string" || input === UNKNOWN)
    return input;
  if (typeof input !== "object") return undefined;
  const read = (key: string | number): Value => {
    let value: unknown;
    try {
      value = (input as Record<string | number, unknown>)[key];
    } catch {
      return UNKNOWN;
    }
    return plain(value);
  };
  if (Array.isArray(input)) return Array.from({ length: input.length }, (_, i) => read(i));
  const copy = Object.create(null) as Record<string, Value>;
  for (const key of Object.keys(input)) copy[key] = read(key);
  return copy;
}

function child(value: Value, key: string | number, path: string): Value {
  if (value === undefined || value === null) return undefined;
  if (typeof key === "number") {
    if (!Array.isArray(value)) throw new Malformed(path, value, "a list");
    return (value as readonly Value[])[key];
  }
  if (!isFields(value)) throw new Malformed(path, value, "a map");
  return Object.hasOwn(value, key) ? value[key] : undefined;
}

export function segments(path: string): readonly (string | number)[] {
  if (path === "") return [];
  return [...path.matchAll(/\["([^"]+)"\]|\[(\d+)\]|([^.[\]]+)/g)].map(([, quoted, index, plain]) =>
    index === undefined ? (quoted ?? plain ?? "") : Number(index),
  );
}

/** The path of a child, as Views write it. */
export function joined(path: string, key: string | number): string {
  if (typeof key === "number") return `${path}[${key}]`;
  if (/[.[\]/]/.test(key)) return `${path}["${key}"]`;
  return path === "" ? key : `${path}.${key}`;
}

function refuse(view: View, expected: string): never {
  throw new Malformed(view.path, view.value, expected);
}
