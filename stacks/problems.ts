/** Turns what zod found into problems that a person can act on: field, value, what is allowed, fix. */
import { z } from "zod";

export interface Problem {
  /** As it is written in the file: `serving.pools[0].replicas`. */
  readonly field: string;
  /** What stands there, as JSON; undefined when nothing does. */
  readonly value: string | undefined;
  readonly allowed: string;
  readonly fix: string;
}

/** The parts of a JSON schema that are read here and in the documentation. */
export interface JsonSchema {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly default?: unknown;
  readonly description?: string;
  readonly examples?: readonly unknown[];
  /** The form of a text in words. */
  readonly patternErrorMessage?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly propertyNames?: JsonSchema;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly items?: JsonSchema;
  readonly oneOf?: readonly JsonSchema[];
}
type Path = readonly PropertyKey[];

/** The schema of the input side as JSON schema, with descriptions and examples. */
export function jsonSchemaOf(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as JsonSchema;
}

/** Fields of earlier releases, with their names now. */
const renamed: Readonly<Record<string, string>> = { imagesLock: "images.lock" };

/** All problems of a failed parse, in the order of the fields. @param input what was parsed */
export function problemsOf(error: z.ZodError, input: unknown, schema: JsonSchema): readonly Problem[] {
  return error.issues.flatMap((issue) => {
    if (issue.code === "unrecognized_keys") return issue.keys.map((key) => unknownKey([...issue.path, key], input, at(schema, issue.path, input)));
    const field = at(schema, issue.path, input);
    const value = valueAt(input, issue.path);
    if (issue.code === "invalid_key")
      return [
        problem(issue.path, value, ownWords(issue.issues[0]?.message) ?? "another key", `write the key ${JSON.stringify(issue.path.at(-1))} in this form`),
      ];
    return [problem(issue.path, value, ownWords(issue.message) ?? allowedBy(field), fixFor(field, value, issue.path))];
  });
}

/** Messages of the schema begin with a small letter or a character of the form that they show, zod's own with a capital. */
function ownWords(message: string | undefined): string | undefined {
  return message === undefined || message === "" || /^[A-Z]/.test(message) ? undefined : message;
}

function problem(path: Path, value: unknown, allowed: string, fix: string): Problem {
  return { field: fieldOf(path), value: value === undefined ? undefined : JSON.stringify(value), allowed, fix };
}

function unknownKey(path: Path, input: unknown, parent: JsonSchema | undefined): Problem {
  const key = String(path.at(-1));
  const known = Object.keys(parent?.properties ?? {});
  const meant = nearest(key, known);
  const now = renamed[fieldOf(path)];
  const fix = now ? `it is ${now} now` : meant ? `did you mean "${meant}"?` : "remove it";
  return problem(path, valueAt(input, path), `no such field; there are ${known.join(", ")}`, fix);
}

function fixFor(field: JsonSchema | undefined, value: unknown, path: Path): string {
  const choices = choicesOf(field);
  const meant = typeof value === "string" && choices ? nearest(value, choices.map(String)) : undefined;
  if (meant) return `did you mean "${meant}"?`;
  const example = choices?.[0] ?? field?.examples?.[0];
  const verb = value === undefined ? "add it" : "change it";
  return example === undefined ? `${verb}: docs/configuration.md shows what ${fieldOf(path)} has` : `${verb}, for example ${JSON.stringify(example)}`;
}

/** What a field may be, in words. */
export function allowedBy(field: JsonSchema | undefined): string {
  return `${typeOf(field)}${field?.description ? ` (${field.description})` : ""}`;
}

/** Type, range and form of a field, in words. */
export function typeOf(field: JsonSchema | undefined): string {
  const choices = choicesOf(field);
  if (choices) return choices.map((choice) => JSON.stringify(choice)).join(" or ");
  if (field?.patternErrorMessage) return field.patternErrorMessage;
  const { minimum, maximum, minItems = 0, maxItems } = field ?? {};
  switch (field?.type) {
    case "integer":
      return `a whole number from ${minimum ?? "-∞"} to ${maximum ?? "∞"}`;
    case "number":
      return `a number from ${minimum ?? "-∞"} to ${maximum ?? "∞"}`;
    case "boolean":
      return "true or false";
    case "array":
      return maxItems === undefined ? `a list of ${minItems} or more entries` : `a list of ${minItems} to ${maxItems} entries`;
    case "object":
      return field.properties ? `a map with ${Object.keys(field.properties).join(", ")}` : "a map";
    case undefined:
    default:
      return field?.minLength ? "text, not empty" : "text";
  }
}

export function choicesOf(field: JsonSchema | undefined): readonly unknown[] | undefined {
  if (field?.enum) return field.enum;
  if (field?.const !== undefined) return [field.const];
  const kinds = field?.oneOf?.map((branch) => branch.properties?.kind?.const).filter((kind) => kind !== undefined);
  return kinds && kinds.length > 0 ? kinds : undefined;
}

/** The schema at a path; of a union, the branch that the value's `kind` picks. */
function at(schema: JsonSchema, path: Path, input: unknown): JsonSchema | undefined {
  let node: JsonSchema | undefined = schema;
  let value = input;
  for (const step of path) {
    node = branchOf(node, value);
    const next: JsonSchema | boolean | undefined = typeof step === "number" ? node?.items : (node?.properties?.[String(step)] ?? node?.additionalProperties);
    if (next === undefined && step === "kind") return node; // the field that picks the branch
    node = typeof next === "object" ? next : undefined;
    value = valueAt(value, [step]);
  }
  return branchOf(node, value);
}

function branchOf(node: JsonSchema | undefined, value: unknown): JsonSchema | undefined {
  const kind = valueAt(value, ["kind"]);
  return node?.oneOf?.find((branch) => branch.properties?.kind?.const === kind) ?? node;
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((node, step) => (typeof node === "object" && node !== null ? (node as Record<PropertyKey, unknown>)[step] : undefined), value);
}

/** `["serving", "pools", 0, "name"]` → `serving.pools[0].name` */
export function fieldOf(path: Path): string {
  return path.map((step, i) => (typeof step === "number" ? `[${step}]` : `${i > 0 ? "." : ""}${String(step)}`)).join("");
}

/** The candidate that a typing mistake of at most a third of the word could have meant. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const ranked = candidates
    .map((candidate) => ({ candidate, distance: distance(word.toLowerCase(), candidate.toLowerCase()) }))
    // "gpu" is as near to "cpu" as to "gpus", but not as likely meant.
    .sort((a, b) => a.distance - b.distance || Number(b.candidate.startsWith(word)) - Number(a.candidate.startsWith(word)));
  const best = ranked[0];
  return best && best.distance <= Math.max(2, Math.floor(word.length / 3)) ? best.candidate : undefined;
}

/** Levenshtein's distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substitution, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
