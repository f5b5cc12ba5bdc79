/** Parts that stand in other places than in a Kubernetes pod, read as if they stood there. Each keeps its own path: messages say where it really is. */
import { isFields, UNKNOWN, View, type Trace, type Value } from "./values";

/** A view some of whose fields stand elsewhere, or under other names. */
export class Assembled extends View {
  /** @param elsewhere by field: where it stands */
  constructor(
    value: Value,
    path: string,
    trace: Trace | undefined,
    private readonly elsewhere: Readonly<Record<string, View>>,
  ) {
    super(value, path, trace);
  }

  override at(...keys: readonly (string | number)[]): View {
    const [first = "", ...rest] = keys;
    if (typeof first !== "string" || !Object.hasOwn(this.elsewhere, first)) return super.at(...keys);
    const part = this.elsewhere[first];
    return part === undefined ? super.at(...keys) : part.at(...rest);
  }
}

/**
 * What a part is together with its defaults: maps by field, lists of named items by name, all else whole. Unknown defaults leave the whole unknown, since any field may
 * be among them.
 */
export function inherited(own: Value, defaults: Value): Value {
  if (own === undefined || own === null) return defaults;
  if (defaults === UNKNOWN) return UNKNOWN;
  if (Array.isArray(own) && Array.isArray(defaults)) return joinedByName(own as readonly Value[], defaults as readonly Value[]);
  if (!isFields(own) || !isFields(defaults)) return own;
  const fields = Object.create(null) as Record<string, Value>;
  for (const key of new Set([...Object.keys(own), ...Object.keys(defaults)])) fields[key] = inherited(own[key], defaults[key]);
  return fields;
}

/** Environment variables and mounts are joined; a list of plain values, as capabilities are, replaces its default. */
function joinedByName(own: readonly Value[], defaults: readonly Value[]): readonly Value[] {
  if (!own.every(isFields) || !defaults.every(isFields)) return own;
  const names = new Set(own.map(nameOf));
  return [...own, ...defaults.filter((item) => !names.has(nameOf(item)))];
}

function nameOf(item: Value): string {
  const { name, mountPath }: { readonly name?: Value; readonly mountPath?: Value } = isFields(item) ? item : {};
  return JSON.stringify([mountPath ?? name ?? item]);
}

/** The part at some keys, also where what leads there is unknown or malformed: then that, which is found out when it is read. */
export function lenient(view: View, ...keys: readonly (string | number)[]): View {
  let part = view;
  for (const key of keys) {
    if (part.value === undefined || part.value === null) return new View(undefined, part.path, part.trace);
    if (typeof key === "string" ? !isFields(part.value) : !Array.isArray(part.value)) return part;
    part = part.at(key);
  }
  return part;
}
