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

/** The parts of a JSON schema that are read here. */
interface JsonSchema {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly description?: string;
  readonly examples?: readonly unknown[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly items?: JsonSchema;
  readonly oneOf?: readonly JsonSchema[];
  readonly anyOf?: readonly JsonSchema[];
}
type Path = readonly PropertyKey[];

/** The schema of the input side as JSON schema, with descriptions and examples. */
export function jsonSchemaOf(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as JsonSchema;
}

/** All problems of a failed parse, in the order of the fields. @param input what was parsed */
export function problemsOf(error: z.ZodError, input: unknown, schema: JsonSchema): readonly Problem[] {
  return error.issues.flatMap((issue) => {
    if (issue.code === "unrecognized_keys") return issue.keys.map((key) => unknownKey([...issue.path, key], input, at(schema, issue.path, input)));
    const field = at(schema, issue.path, input);
    const value = valueAt(input, issue.path);
    const said = issue.code === "invalid_format" && issue.message !== "" ? issue.message : undefined;
    return [problem(issue.path, value, said === undefined || /^Invalid/.test(said) ? allowedBy(field) : said, fixFor(field, value, issue.path))];
  });
}

function problem(path: Path, value: unknown, allowed: string, fix: string): Problem {
  return { field: fieldOf(path), value: value === undefined ? undefined : JSON.stringify(value), allowed, fix };
}

function unknownKey(path: Path, input: unknown, parent: JsonSchema | undefined): Problem {
  const key = String(path.at(-1));
  const known = Object.keys(parent?.properties ?? {});
  const meant = nearest(key, known);
  return problem(path, valueAt(input, path), `no such field; there are ${known.join(", ")}`, meant ? `did you mean "${meant}"?` : "remove it");
}

function fixFor(field: JsonSchema | undefined, value: unknown, path: Path): string {
  const choices = choicesOf(field);
  const meant = typeof value === "string" && choices ? nearest(value, choices.map(String)) : undefined;
  if (meant) return `did you mean "${meant}"?`;
  const example = choices?.[0] ?? field?.examples?.[0];
  const verb = value === undefined ? "add it" : "change it";
  return example === undefined ? `${verb}: ${String(path.at(-1))} is ${field?.description ?? "needed"}` : `${verb}, for example ${JSON.stringify(example)}`;
}

/** What a field may be, in words. */
export function allowedBy(field: JsonSchema | undefined): string {
  const about = field?.description ? ` (${field.description})` : "";
  const choices = choicesOf(field);
  if (choices) return `${choices.map((choice) => JSON.stringify(choice)).join(" or ")}${about}`;
  const { minimum, maximum, minItems, maxItems } = field ?? {};
  switch (field?.type) {
    case "integer":
    case "number":
      return `a whole number from ${minimum ?? "-∞"} to ${maximum ?? "∞"}${about}`;
    case "boolean":
      return `true or false${about}`;
    case "array":
      return `a list of ${minItems ?? 0} to ${maxItems ?? "any number of"} entries${about}`;
    case "object":
      return field.properties ? `a map with ${Object.keys(field.properties).join(", ")}${about}` : `a map${about}`;
    case undefined:
    default:
      return `text${about}`;
  }
}

function choicesOf(field: JsonSchema | undefined): readonly unknown[] | undefined {
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
    .sort((a, b) => a.distance - b.distance);
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
