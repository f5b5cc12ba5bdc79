/** What a compliance report says, whatever it is written as: worked out once from the results of a run, in one order. */
import { controlOf, frameworks, type Control, type Framework } from "../frameworks";
import type { ExemptionEntry, ObjectEntry, PolicyEntry, ResultEntry, Results } from "./input";
import { evidenceOf } from "./evidence";
import { byText, counted } from "./text";
import { verdictOf, type Verdict } from "./verdict";

/** What the results don't know: of whom and when. */
export interface Facts {
  /** When it was checked: an instant in UTC, `2026-01-31T12:00:00Z`. */
  readonly time: string;
  /** Whose report it is, where somebody says so. */
  readonly by?: string;
  /** Commit of the program, and whether files differ from it. */
  readonly commit?: { readonly hash: string; readonly changed: boolean };
  /** Versions of what checked: engine, pack. */
  readonly versions: Readonly<Record<string, string>>;
}

/** How often each outcome was had. */
export interface Counts {
  readonly passed: number;
  readonly violated: number;
  readonly exempted: number;
  readonly notDecided: number;
  readonly errors: number;
}

/** A result with what it refers to. */
export interface Row extends Omit<ResultEntry, "policy" | "object" | "evidence"> {
  readonly policy: PolicyEntry;
  readonly object: ObjectEntry;
  /** Fields that were read, and how many more were. */
  readonly evidence: ReturnType<typeof evidenceOf>;
}

/** Worst first. `not applicable`: no result says anything of it. */
export const states = ["failed", "not decided", "exempted", "passed", "not applicable"] as const;
export type State = (typeof states)[number];

export interface PolicyReport {
  readonly policy: PolicyEntry;
  readonly counts: Counts;
  readonly state: State;
  /** Why it is not applicable. */
  readonly reason?: string;
  readonly rows: readonly Row[];
}

export interface ControlReport {
  readonly control: Control;
  /** Policies that support it; those that are not applicable are among them. */
  readonly policies: readonly PolicyReport[];
  readonly counts: Counts;
  readonly notApplicable: number;
  /** `passed` says of the policies that all checks passed; never that the control is met. Something that is not decided, exempted or failed prevails over it. */
  readonly state: State;
}

export interface FrameworkReport {
  readonly framework: Framework;
  /** Those that a policy supports. */
  readonly controls: readonly ControlReport[];
  /** Confirmed ones that no policy supports. */
  readonly unsupported: readonly Control[];
}

export interface Report {
  readonly facts: Facts;
  readonly results: Results;
  readonly verdict: Verdict;
  readonly counts: Counts;
  readonly rows: readonly Row[];
  readonly policies: readonly PolicyReport[];
  readonly frameworks: readonly FrameworkReport[];
  readonly exemptions: readonly ExemptionEntry[];
  /** Controls that policies name and that are not confirmed; they are left out. */
  readonly unconfirmed: readonly string[];
}

/** Works the report out. @throws Error where a result names a policy or an object that there is none of */
export function reportOf(given: Results, facts: Facts): Report {
  const results = inOrder(given);
  const rows = rowsOf(results);
  const byPolicy = Map.groupBy(rows, ({ policy }) => policy.name);
  const policies = results.policies.map((policy) => policyReport(policy, byPolicy.get(policy.name) ?? []));
  return {
    facts,
    results,
    verdict: verdictOf(results, rows),
    counts: countsOf(rows),
    rows,
    policies,
    frameworks: frameworks.map((framework) => frameworkReport(framework, policies)),
    exemptions: results.exemptions,
    unconfirmed: unconfirmedOf(results.policies),
  };
}

/** Whether a violation counts as a failure: an advisory one is told, and fails nothing. */
export function isFailure(row: Row): boolean {
  return row.outcome === "error" || (row.outcome === "violated" && row.policy.level === "mandatory");
}

export function isAdvice(row: Row): boolean {
  return row.outcome === "violated" && row.policy.level !== "mandatory";
}

/** What was read, a line per field. */
export function evidenceLines({ evidence: { fields, more } }: Row): readonly string[] {
  return [...fields.map(({ path, value }) => `${path} = ${value}`), ...(more > 0 ? [`and ${counted(more, "more field")}`] : [])];
}

/** What is wrong or not known, a line per problem. */
export function problemLines({ problems }: Row): readonly string[] {
  return problems.map(({ path, value, message }) => `${path || "(the object)"}: ${message} (is: ${value})`);
}

export function countsOf(rows: readonly Row[]): Counts {
  const count = (outcome: ResultEntry["outcome"]) => rows.reduce((sum, row) => sum + (row.outcome === outcome ? 1 : 0), 0);
  return { passed: count("passed"), violated: count("violated"), exempted: count("exempted"), notDecided: count("not decided"), errors: count("error") };
}

/** The same results in one order, whatever order the engine came to them in: policies by number, then objects by title, then units. */
function inOrder(results: Results): Results {
  const policies = [...results.policies].sort((a, b) => a.number - b.number);
  const numbers = new Map(policies.map(({ name }, i) => [name, i]));
  const titles = new Map(results.objects.map(({ id, title }) => [id, title]));
  const key = ({ object, unit }: ResultEntry) => JSON.stringify([titles.get(object) ?? "", object, unit]);
  return {
    ...results,
    policies,
    objects: [...results.objects].sort(byText(({ title, id }) => JSON.stringify([title, id]))),
    results: results.results
      .map((result) => ({ result, key: key(result), number: numbers.get(result.policy) ?? -1 }))
      .sort((a, b) => a.number - b.number || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
      .map(({ result }) => result),
    exemptions: [...results.exemptions].sort(byText((one) => JSON.stringify([one.policy, one.resource, one.expires]))),
  };
}

function rowsOf(results: Results): readonly Row[] {
  const policies = new Map(results.policies.map((policy) => [policy.name, policy]));
  const objects = new Map(results.objects.map((object) => [object.id, object]));
  return results.results.map((result) => {
    const [policy, object] = [policies.get(result.policy), objects.get(result.object)];
    if (policy === undefined || object === undefined)
      throw new Error(`a result names the ${policy === undefined ? `policy ${result.policy}` : `object ${result.object}`}, which the results don't list`);
    return { ...result, policy, object, evidence: evidenceOf(result.evidence ?? []) };
  });
}

function stateOf(counts: Counts): State {
  if (counts.violated + counts.errors > 0) return "failed";
  if (counts.notDecided > 0) return "not decided";
  if (counts.exempted > 0) return "exempted";
  return counts.passed > 0 ? "passed" : "not applicable";
}

function policyReport(policy: PolicyEntry, rows: readonly Row[]): PolicyReport {
  const counts = countsOf(rows);
  const state = stateOf(counts);
  if (state !== "not applicable") return { policy, counts, state, rows };
  const reason = policy.applicable
    ? "nothing in this stack that it is about"
    : policy.layer === undefined
      ? "switched off"
      : `layer not built: ${policy.layer}`;
  return { policy, counts, state, reason, rows };
}

function frameworkReport(framework: Framework, policies: readonly PolicyReport[]): FrameworkReport {
  const all = framework.controls.map((control) => ({
    control,
    policies: policies.filter(({ policy }) => (policy.controls[framework.id] ?? []).includes(control.id)),
  }));
  const naturally = new Intl.Collator("en", { numeric: true });
  return {
    framework,
    controls: all
      .filter((one) => one.policies.length > 0)
      .sort((a, b) => naturally.compare(a.control.id, b.control.id))
      .map((one) => controlReport(one.control, one.policies)),
    unsupported: all.filter((one) => one.policies.length === 0).map(({ control }) => control),
  };
}

function controlReport(control: Control, policies: readonly PolicyReport[]): ControlReport {
  const sum = (key: keyof Counts) => policies.reduce((all, one) => all + one.counts[key], 0);
  const counts: Counts = {
    passed: sum("passed"),
    violated: sum("violated"),
    exempted: sum("exempted"),
    notDecided: sum("notDecided"),
    errors: sum("errors"),
  };
  return { control, policies, counts, notApplicable: policies.filter(({ state }) => state === "not applicable").length, state: stateOf(counts) };
}

function unconfirmedOf(policies: readonly PolicyEntry[]): readonly string[] {
  const named = policies.flatMap(({ controls }) =>
    frameworks.flatMap(({ id, name }) => (controls[id] ?? []).filter((one) => controlOf(id, one) === undefined).map((one) => `${name} ${one}`)),
  );
  return [...new Set(named)].sort();
}
