/**
 * The corpus: cases of each policy, with the outcome that is right. The pack, the check of rendered files and admission are all run on it, and have to agree.
 *
 * One file per policy, `<name>.yaml`, a list of cases:
 *   case      what it is, unique within `expect` and `docs`
 *   expect    passed | violated | not decided | not applicable
 *   base      an object of bases.yaml to start from, with `set` and `unset` by path; or `objects`, in full
 *   path      violated, not decided: where the first problem stands, if it is worth saying
 *   message   violated: the first problem's message, where its wording says which branch decided
 *   settings  what differs from the default settings
 *   parameters values for the policy's own parameters
 *   docs      good | bad: shown on the policy's page
 * `!unknown` is a value that is known only after `up`.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse, type ScalarTag } from "yaml";
import type { Outcome } from "../src/evaluate";
import { kubeObject, type KubeObject } from "../src/objects";
import type { Settings } from "../src/settings";
import { isFields, plain, segments, UNKNOWN, type Value } from "../src/values";

export interface Case {
  readonly policy: string;
  readonly case: string;
  readonly expect: Exclude<Outcome, "error"> | "not applicable";
  readonly objects: readonly Value[];
  readonly path?: string;
  readonly message?: string;
  readonly settings?: Partial<Settings>;
  readonly parameters?: Readonly<Record<string, Value>>;
  readonly docs?: "good" | "bad";
}

interface Written extends Omit<Case, "policy" | "objects"> {
  readonly base?: string;
  readonly set?: Readonly<Record<string, unknown>>;
  readonly unset?: readonly string[];
  readonly objects?: readonly unknown[];
}

const fields = ["case", "expect", "base", "set", "unset", "objects", "path", "message", "settings", "parameters", "docs"];
const unknownTag: ScalarTag = { tag: "!unknown", resolve: () => UNKNOWN };
const read = (file: string): unknown => parse(readFileSync(join(__dirname, file), "utf8"), { customTags: [unknownTag], merge: true });

/** All cases, by the file names' order. @throws where a file names a field or a base that there is none of */
export function corpus(): readonly Case[] {
  const bases = read("bases.yaml") as Readonly<Record<string, unknown>>;
  return readdirSync(__dirname)
    .filter((file) => file.endsWith(".yaml") && file !== "bases.yaml")
    .sort()
    .flatMap((file) => (read(file) as readonly Written[]).map((written) => completed(file, written, bases)));
}

/** The objects of a case as the evaluation takes them. */
export function objectsOf({ policy, objects }: Case): readonly KubeObject[] {
  return objects.map((value, i) => kubeObject(value, { id: `${policy}#${i}` })).filter((object) => object !== undefined);
}

function completed(file: string, written: Written, bases: Readonly<Record<string, unknown>>): Case {
  const policy = file.replace(/\.yaml$/, "");
  const where = `${file}: ${written.case}`;
  for (const key of Object.keys(written)) if (!fields.includes(key)) throw new Error(`${where}: no field ${key}; allowed: ${fields.join(", ")}`);
  const { base, set = {}, unset = [], objects = [], ...rest } = written;
  if (base !== undefined && !Object.hasOwn(bases, base)) throw new Error(`${where}: no base ${base}; there are ${Object.keys(bases).join(", ")}`);
  const first = base === undefined ? [] : [changed(structuredCloneKnown(bases[base]), set, unset)];
  return { policy, ...rest, objects: [...first, ...objects].map(plain) };
}

/** Clones with UNKNOWN kept: structuredClone takes no symbols. */
function structuredCloneKnown(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(structuredCloneKnown);
  if (typeof value === "object" && value !== null) return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, structuredCloneKnown(inner)]));
  return value;
}

function changed(object: unknown, set: Readonly<Record<string, unknown>>, unset: readonly string[]): unknown {
  const at = (path: string): { parent: Record<string | number, unknown>; key: string | number } => {
    const keys = segments(path);
    let parent = object as Record<string | number, unknown>;
    for (const [i, key] of keys.slice(0, -1).entries()) {
      parent[key] ??= typeof keys[i + 1] === "number" ? [] : {};
      parent = parent[key] as Record<string | number, unknown>;
    }
    return { parent, key: keys.at(-1) ?? "" };
  };
  for (const [path, value] of Object.entries(set)) {
    const { parent, key } = at(path);
    parent[key] = value;
  }
  for (const path of unset) {
    const { parent, key } = at(path);
    delete parent[key];
  }
  return object;
}

/** Whether a value holds one that is known only after `up`: no rendered file and no API request does. */
export function hasUnknown(value: Value): boolean {
  if (value === UNKNOWN) return true;
  if (Array.isArray(value)) return value.some(hasUnknown);
  return isFields(value) && Object.values(value).some(hasUnknown);
}
