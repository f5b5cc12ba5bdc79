/** How the pack is set up: what its own settings say, else what the platform's configuration says, else the defaults. All mistakes are told at once. */
import { exemptionsFrom, type Exemption } from "./exemptions";
import { InputError, didYouMean } from "./input";
import { layers } from "./layers";
import { environments, levelOf, type Level } from "./levels";
import type { Parameter, Policy } from "./policy";
import { defaultSettings, type Settings } from "./settings";
import { isFields, shown, type Fields, type Value } from "./values";

/** `disabled`: not looked at. */
export type ChosenLevel = Level | "disabled";

export interface Configuration {
  readonly settings: Settings;
  readonly exemptions: readonly Exemption[];
  /** Values of parameters, by policy. */
  readonly parameters: Readonly<Record<string, Readonly<Record<string, Value>>>>;
  /** Levels that differ from the table of levels.ts, by policy. */
  readonly levels: Readonly<Record<string, ChosenLevel>>;
  /** Folder or address of the policies' pages. */
  readonly pages: string;
}

export interface ConfigurationInput {
  /** The pack's own settings by key, without the prefix. */
  readonly own: Fields;
  /** What is said elsewhere, and prevails over the defaults only. */
  readonly derived?: Partial<Settings>;
  /** How keys are named in messages. @default "" */
  readonly prefix?: string;
  /** Reads a file of exemptions. @throws InputError */
  readonly readExemptions: (path: string) => Value;
}

type Check = (value: Value) => string | undefined;

const oneOf =
  (allowed: readonly string[]): Check =>
  (value) =>
    typeof value === "string" && allowed.includes(value) ? undefined : `${allowed.join(", ")}${typeof value === "string" ? didYouMean(value, allowed) : ""}`;
const texts: Check = (value) =>
  Array.isArray(value) && value.every((one) => typeof one === "string" && one !== "") ? undefined : "a list of texts, none of them empty";
const mapOf =
  (what: string, is: (value: Value) => boolean): Check =>
  (value) =>
    isFields(value) && Object.values(value).every(is) ? undefined : what;

const checks: Readonly<Record<keyof Settings, Check>> = {
  environment: oneOf(environments),
  platform: oneOf(["openshift", "kubernetes"]),
  layers: (value) => {
    const names = Object.keys(layers);
    return Array.isArray(value) && value.every((one) => names.includes(one as string)) ? undefined : `a list of ${names.join(", ")}`;
  },
  gpuResources: texts,
  nodeGpus: mapOf("a map of resource names to numbers of GPUs, 0 or more", (count) => typeof count === "number" && count >= 0),
  gpuSharing: mapOf("a map of resource names to whole, timeSlicing or mig", (kind) => ["whole", "timeSlicing", "mig"].includes(kind as string)),
  registries: texts,
  licences: texts,
  kubernetesVersion: (value) => (typeof value === "string" && /^\d+\.\d+$/.test(value) ? undefined : `major.minor as a text, e.g. "1.33"`),
};
const others = ["exemptions", "parameters", "levels", "pages"] as const;

/** All settings that there are. */
export const settingNames: readonly string[] = [...Object.keys(checks), ...others];

/** @throws InputError with all that is wrong */
export function configurationOf({ own, derived = {}, prefix = "", readExemptions }: ConfigurationInput, policies: readonly Policy[]): Configuration {
  const named = (key: string) => `${prefix}${key}`;
  const problems = Object.keys(own)
    .filter((key) => !settingNames.includes(key))
    .map((key) => `${named(key)}: no such setting; allowed: ${settingNames.join(", ")}${didYouMean(key, settingNames)}`);
  const given = (key: string) => (Object.hasOwn(own, key) && own[key] !== null ? own[key] : undefined);

  const settings = Object.fromEntries(
    Object.entries(checks).flatMap(([key, check]) => {
      const value = given(key);
      if (value === undefined) return [];
      const allowed = check(value);
      if (allowed !== undefined) problems.push(`${named(key)}: ${shown(value)}; allowed: ${allowed}`);
      return [[key, value]];
    }),
  ) as Partial<Settings>;

  const pages = given("pages") ?? "docs/policies";
  if (typeof pages !== "string") problems.push(`${named("pages")}: ${shown(pages)}; allowed: a folder or an address`);
  const parameters = given("parameters") ?? {};
  problems.push(...parameterProblems(parameters, named("parameters"), policies));
  const levels = given("levels") ?? {};
  problems.push(...levelProblems(levels, named("levels"), policies));
  const exemptions = collected(problems, () => exemptionsOf(given("exemptions"), named("exemptions"), policies, readExemptions));
  if (problems.length > 0) throw new InputError(problems);
  return {
    settings: { ...defaultSettings, ...derived, ...settings },
    exemptions: exemptions ?? [],
    parameters: parameters as Configuration["parameters"],
    levels: levels as Configuration["levels"],
    pages: (pages as string).replace(/\/+$/, ""),
  };
}

/** How a violation of a policy counts. */
export function levelIn(policy: Pick<Policy, "name" | "severity">, { settings, levels }: Configuration): ChosenLevel {
  return (Object.hasOwn(levels, policy.name) ? levels[policy.name] : undefined) ?? levelOf(policy, settings.environment);
}

/** The page of a policy. */
export function pageOf(name: string, { pages }: Configuration): string {
  return `${pages}/${name}.md`;
}

function exemptionsOf(value: Value, where: string, policies: readonly Policy[], read: (path: string) => Value): readonly Exemption[] {
  const names = policies.map(({ name }) => name);
  return typeof value === "string" ? exemptionsFrom(read(value), value, names) : exemptionsFrom(value, where, names);
}

function collected<T>(problems: string[], work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    problems.push(...error.problems);
    return undefined;
  }
}

/** What is wrong with values of policies' parameters. */
function parameterProblems(value: Value, where: string, policies: readonly Policy[]): readonly string[] {
  if (!isFields(value)) return [`${where}: ${shown(value)}; allowed: a map of policies to their parameters`];
  return Object.entries(value).flatMap(([name, values]) => {
    const policy = policies.find((one) => one.name === name);
    if (policy === undefined) return [unknownPolicy(`${where}.${name}`, name, policies)];
    const own = policy.parameters ?? {};
    if (!isFields(values)) return [`${where}.${name}: ${shown(values)}; allowed: a map of parameters: ${Object.keys(own).join(", ") || "it has none"}`];
    return Object.entries(values).flatMap(([key, one]) => {
      const parameter = Object.hasOwn(own, key) ? own[key] : undefined;
      if (parameter === undefined)
        return [`${where}.${name}.${key}: no such parameter; allowed: ${Object.keys(own).join(", ") || "it has none"}${didYouMean(key, Object.keys(own))}`];
      return fits(one, parameter) ? [] : [`${where}.${name}.${key}: ${shown(one)}; allowed: ${allowedFor(parameter)}`];
    });
  });
}

function levelProblems(value: Value, where: string, policies: readonly Policy[]): readonly string[] {
  if (!isFields(value)) return [`${where}: ${shown(value)}; allowed: a map of policies to advisory, mandatory or disabled`];
  const check = oneOf(["advisory", "mandatory", "disabled"]);
  return Object.entries(value).flatMap(([name, level]) => {
    if (!policies.some((one) => one.name === name)) return [unknownPolicy(`${where}.${name}`, name, policies)];
    const allowed = check(level);
    return allowed === undefined ? [] : [`${where}.${name}: ${shown(level)}; allowed: ${allowed}`];
  });
}

function unknownPolicy(where: string, name: string, policies: readonly Policy[]): string {
  const near = didYouMean(name, policies.map((one) => one.name)); // prettier-ignore
  return `${where}: no such policy; openshift-ai-policy list shows all${near}`;
}

function fits(value: Value, parameter: Parameter): boolean {
  switch (parameter.type) {
    case "integer":
    case "number":
      return typeof value === "number" && (parameter.type === "number" || Number.isInteger(value)) && value >= (parameter.minimum ?? -Infinity);
    case "strings":
      return Array.isArray(value) && value.every((one) => typeof one === "string");
    case "string":
    case "boolean":
      return typeof value === parameter.type;
  }
}

function allowedFor(parameter: Parameter): string {
  if (parameter.type === "strings") return "a list of texts";
  const least = "minimum" in parameter && parameter.minimum !== undefined ? ` of at least ${parameter.minimum}` : "";
  return `${{ integer: "a whole number", number: "a number", string: "a text", boolean: "true or false" }[parameter.type]}${least}`;
}
