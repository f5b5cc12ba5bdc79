/** Budgets: those of the configuration, and what administrators set in their place or beside them. */
import { usage } from "../errors";
import { guard } from "../guard";
import { table } from "../output";
import type { Result, Run } from "../types";
import { gatewayOf } from "./api";

export type Scope = "key" | "user" | "team";
type Period = "day" | "month";

export interface BudgetOptions {
  readonly budgetTokens?: number;
  readonly budgetCost?: number;
  readonly period: Period;
}

/** As the gateway lists them; null: not bounded in that. */
interface Budget {
  readonly scope: Scope;
  readonly name: string;
  readonly period: Period;
  readonly source: "config" | "override";
  readonly tokens: number | null;
  readonly spentTokens: number;
  readonly leftTokens: number | null;
  readonly cost: number | null;
  readonly spentCost: number;
  readonly leftCost: number | null;
  readonly currency?: string;
  readonly renews: string;
}

/** What the options bound, as the gateway takes it. */
export function boundOf({ budgetTokens, budgetCost, period }: BudgetOptions) {
  return { period, ...(budgetTokens === undefined ? {} : { tokens: budgetTokens }), ...(budgetCost === undefined ? {} : { cost: budgetCost }) };
}

export async function listBudgets(run: Run): Promise<Result> {
  const gateway = await gatewayOf(run);
  const { budgets } = await gateway.call<{ readonly budgets: readonly Budget[] }>("GET", "budgets");
  const money = (amount: number | null, { currency = "" }: Budget) => (amount === null ? undefined : `${amount.toFixed(2)} ${currency}`);
  const text = table(
    ["SCOPE", "NAME", "PERIOD", "TOKENS", "SPENT", "LEFT", "COST", "SPENT", "LEFT", "RENEWS", "FROM"],
    budgets.map((one) => [
      one.scope,
      one.name,
      one.period,
      one.tokens ?? undefined,
      one.spentTokens,
      one.leftTokens ?? undefined,
      money(one.cost, one),
      money(one.spentCost, one),
      money(one.leftCost, one),
      one.renews,
      one.source === "config" ? "configuration" : "aictl",
    ]),
  );
  return { data: { budgets }, text };
}

export async function setBudget(run: Run, scope: Scope, name: string, options: BudgetOptions): Promise<Result> {
  scoped(scope);
  if (options.budgetTokens === undefined && options.budgetCost === undefined) {
    throw usage("a budget bounds tokens, cost or both", "--budget-tokens N, --budget-cost AMOUNT, or both");
  }
  const bound = boundOf(options);
  const what = `the budget of ${scope} ${name} for a ${options.period}`;
  await guard(run, `changes ${what}`);
  if (run.settings.dryRun) return { data: { wouldSet: { scope, name, ...bound } }, text: `would change ${what}\n` };
  const gateway = await gatewayOf(run);
  const set = await gateway.call<object>("PUT", path(scope, name), bound);
  return { data: set, text: `${what} holds from now on\n` };
}

export async function removeBudget(run: Run, scope: Scope, name: string, period: Period): Promise<Result> {
  scoped(scope);
  const what = `the budget of ${scope} ${name} for a ${period} that was set by aictl`;
  await guard(run, `removes ${what}`);
  if (run.settings.dryRun) return { data: { wouldRemove: { scope, name, period } }, text: `would remove ${what}\n` };
  const gateway = await gatewayOf(run);
  await gateway.call("DELETE", `${path(scope, name)}?period=${period}`);
  return { data: { removed: { scope, name, period } }, text: `removed ${what}: what the configuration says holds again\n` };
}

function path(scope: Scope, name: string): string {
  return `budgets/${scope}/${encodeURIComponent(name)}`;
}

function scoped(scope: string): void {
  if (!["key", "user", "team"].includes(scope)) throw usage(`${scope}: no such scope`, "one of key, user, team");
}
