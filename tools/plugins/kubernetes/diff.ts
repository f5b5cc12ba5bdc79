/** What changed between the state (cut to what the program had set) and what the program sets now. */
import type { Change, ChangeKind, Difference } from "../lib/provider";
import { at, hasUnknown, isList, isMap, isUnknown, mapAt, plainMap, textAt, type Value, type ValueMap } from "../lib/values";
import { forceNewFields, METADATA, replaces, type Mutability } from "./force-new";
import { isTrue, nameOf, namespaceOf, normalize, prune, toApi, withMetadata } from "./objects";
import { parseState } from "./state";

type Path = readonly (string | number)[];

/** `spec.template.spec.containers[0].image`, `metadata.labels["app.kubernetes.io/name"]` */
export function pathText(path: Path): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === "number") return `${text}[${part}]`;
    if (/[."[\]]/.test(part)) return `${text}["${part.replaceAll('"', '\\"')}"]`;
    return text ? `${text}.${part}` : part;
  }, "");
}

/** Whether an `ignoreChanges` path (`spec.replicas`, `metadata.annotations["a/b"]`, `*` for any) covers a changed path. */
export function covers(ignored: string, path: Path): boolean {
  const parts = [...ignored.matchAll(/\["((?:[^"\\]|\\.)*)"\]|\[(\d+|\*)\]|([^.[\]]+)/g)].map(
    (match) => match[1]?.replaceAll('\\"', '"') ?? match[2] ?? match[3] ?? "",
  );
  return parts.length <= path.length && parts.every((part, i) => part === "*" || part === String(path[i]));
}

/** Each leaf that differs. `null` and "not there" are the same to the API. */
export function compare(before: Value | undefined, after: Value | undefined, path: Path = []): { path: Path; kind: ChangeKind }[] {
  if (isUnknown(after)) return [{ path, kind: before === undefined ? "add" : "update" }];
  const [old, now] = [before ?? undefined, after ?? undefined];
  if (old === undefined && now === undefined) return [];
  if (old === undefined) return isMap(now) && Object.keys(now).length === 0 ? [] : [{ path, kind: "add" }];
  if (now === undefined) return [{ path, kind: "delete" }];
  if (isMap(old) && isMap(now)) return [...new Set([...Object.keys(old), ...Object.keys(now)])].flatMap((key) => compare(old[key], now[key], [...path, key]));
  if (isList(old) && isList(now)) return Array.from({ length: Math.max(old.length, now.length) }, (_, i) => compare(old[i], now[i], [...path, i])).flat();
  return old === now ? [] : [{ path, kind: "update" }];
}

export interface DiffOptions extends Mutability {
  /** Whether the kind lives in a namespace; undefined where the server does not know it yet. */
  readonly namespaced: boolean | undefined;
  readonly ignoreChanges: readonly string[];
  /** A patch can be moved to another object only by a new one; all else changes in place. */
  readonly patch?: boolean;
}

export function diffObject(state: ValueMap, checked: ValueMap, options: DiffOptions): Difference {
  const { inputs: oldInputs, live } = parseState(state);
  const known = plainMap(checked);
  const news = toApi(hasUnknown(known) ? known : normalize(known));
  let before = prune(live, normalize(oldInputs));
  let after = news;
  const place = (object: ValueMap): ValueMap =>
    withMetadata(object, (metadata) => {
      // "" is the namespace `default`; what has none is compared without.
      if (options.namespaced === false) delete metadata.namespace;
      else metadata.namespace = textAt(object, "metadata", "namespace") || (isUnknown(metadata.namespace) ? (metadata.namespace ?? "default") : "default");
    });
  before = place(withMetadata(before, (metadata) => (metadata.name = nameOf(live))));
  after = place(after);
  const fields = options.patch ? METADATA : forceNewFields(after, options);
  const changes = new Map<string, Change>();
  for (const { path, kind } of compare({ ...before, apiVersion: at(live, "apiVersion") ?? null, kind: at(live, "kind") ?? null }, after)) {
    if (options.ignoreChanges.some((ignored) => covers(ignored, path))) continue;
    changes.set(pathText(path), { kind, replace: replaces(path, fields) });
  }
  if (isTrue(after, "pulumi.com/replaceUnready") && isUnfinishedJob(live)) {
    changes.set('metadata.annotations["pulumi.com/replaceUnready"]', { kind: "update", replace: true });
  }
  const mustReplace = [...changes.values()].some((change) => change.replace);
  // A name that the program gives can't be in use twice: the old object goes first.
  const sameName = nameOf(after) !== "" && nameOf(after) === nameOf(live) && namespaceOf(after) === (namespaceOf(live) || namespaceOf(before));
  return { changes, deleteBeforeReplace: mustReplace && sameName && !isTrue(after, "pulumi.com/autonamed") && mapAt(after, "metadata").name !== undefined };
}

/** A Job that has not completed, most often because it failed: a Job does not start again by itself. */
function isUnfinishedJob(live: ValueMap): boolean {
  if (textAt(live, "kind") !== "Job") return false;
  const conditions = at(live, "status", "conditions");
  return !(isList(conditions) && conditions.some((one) => isMap(one) && one.type === "Complete" && one.status === "True"));
}
