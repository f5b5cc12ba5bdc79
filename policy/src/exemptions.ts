/**
 * Exemptions: what may violate a policy, for how long, why, and who answers for it. A file of them is reviewed like code. An expired one exempts nothing and is a
 * finding itself; so is one that nothing needs.
 */
import { didYouMean, InputError } from "./input";
import { environments, type Environment } from "./levels";
import type { KubeObject } from "./objects";
import { isFields, shown, type Value } from "./values";

export interface Exemption {
  /** Name of one policy. */
  readonly policy: string;
  /** `Kind namespace/name` or a URN; `*` stands for anything. */
  readonly resource: string;
  readonly reason: string;
  readonly owner: string;
  /** YYYY-MM-DD, the last day on which it holds, in UTC. */
  readonly expires: string;
  /** Where it is looked at. @default all */
  readonly environments?: readonly Environment[];
}

export type ExemptionState = "used" | "unused" | "expired";

const required = ["policy", "resource", "reason", "owner", "expires"] as const;
const known = [...required, "environments"];

/** Checks a list of exemptions, as a file or a configuration has it. @param where names it in messages @throws InputError with all that is wrong */
export function exemptionsFrom(value: Value, where: string, policyNames: readonly string[]): readonly Exemption[] {
  const list = isFields(value) && Object.hasOwn(value, "exemptions") ? value.exemptions : value;
  if (list === undefined || list === null) return [];
  if (!Array.isArray(list)) throw new InputError([`${where}: ${shown(list)}; allowed: a list of exemptions, each with ${required.join(", ")}`]);
  const entries: readonly Value[] = list;
  const problems = entries.flatMap((one, i) => problemsOf(one, `${where}[${i}]`, policyNames));
  if (problems.length > 0) throw new InputError(problems);
  return entries as unknown as readonly Exemption[];
}

function problemsOf(one: Value, where: string, policyNames: readonly string[]): readonly string[] {
  if (!isFields(one)) return [`${where}: ${shown(one)}; allowed: an exemption with ${required.join(", ")}`];
  const text = (key: string) => (typeof one[key] === "string" && one[key].trim() !== "" ? one[key] : undefined);
  const unknown = Object.keys(one).filter((key) => !known.includes(key));
  const policy = text("policy");
  const expires = text("expires");
  const own = one.environments;
  return [
    ...unknown.map((key) => `${where}.${key}: no such field; allowed: ${known.join(", ")}${didYouMean(key, known)}`),
    ...required.filter((key) => text(key) === undefined).map((key) => `${where}.${key}: ${shown(one[key])}; allowed: a text, and it must be there`),
    ...(policy === undefined || policyNames.includes(policy)
      ? []
      : [`${where}.policy: "${policy}"; allowed: the name of a policy, openshift-ai-policy list shows them${didYouMean(policy, policyNames)}`]),
    ...(expires === undefined || isDay(expires) ? [] : [`${where}.expires: "${expires}"; allowed: a day as YYYY-MM-DD`]),
    ...(own === undefined || (Array.isArray(own) && own.length > 0 && own.every((name) => environments.includes(name as Environment)))
      ? []
      : [`${where}.environments: ${shown(own)}; allowed: a list of ${environments.join(", ")}`]),
  ];
}

function isDay(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const day = new Date(`${text}T00:00:00Z`);
  // 30 February is taken for 1 March.
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
}

/** Exemptions as they are used up by the results of one run. */
export class Exemptions {
  private readonly used = new Set<Exemption>();
  private readonly here: readonly Exemption[];

  /** @param today YYYY-MM-DD, in UTC */
  constructor(
    exemptions: readonly Exemption[],
    private readonly today: string,
    environment: Environment,
  ) {
    this.here = exemptions.filter((one) => one.environments?.includes(environment) ?? true);
  }

  /** The exemption that a violation has, which is then used; an expired one is none. */
  of(policy: string, object: KubeObject): Exemption | undefined {
    const found = this.here.filter((one) => one.policy === policy && (matches(one.resource, object.title) || matches(one.resource, object.source.id)));
    for (const one of found) this.used.add(one);
    return found.find((one) => !this.isExpired(one));
  }

  /** All that concern this environment. Expired prevails over used: it has to go or to be renewed either way. */
  states(): readonly (Exemption & { readonly state: ExemptionState })[] {
    return this.here.map((one) => ({ ...one, state: this.isExpired(one) ? "expired" : this.used.has(one) ? "used" : "unused" }));
  }

  private isExpired({ expires }: Exemption): boolean {
    return expires < this.today;
  }
}

/** Whether a text matches a pattern in which `*` stands for anything; case counts. */
export function matches(pattern: string, text: string): boolean {
  const parts = pattern.split("*");
  const [first = "", ...rest] = parts;
  const last = rest.pop();
  if (last === undefined) return pattern === text;
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length) return false;
  // Without backtracking: the first place that fits leaves most for what follows.
  let at = first.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return at <= text.length - last.length;
}

/** What is wrong with an exemption that is expired or unused, for people. */
export function complaint(one: Exemption & { readonly state: ExemptionState }): string | undefined {
  const it = `the exemption of ${one.resource} from ${one.policy} (${one.owner}: ${one.reason})`;
  if (one.state === "expired") return `${it} expired on ${one.expires}. Fix: put the resource right, or have the exemption reviewed and renewed`;
  return one.state === "unused" ? `${it} is not needed: nothing it names violates the policy. Fix: remove it, or correct what it names` : undefined;
}
