/** Keys of the authenticated API. What a key is, is shown once, when it is made. */
import { usage } from "../errors";
import { guard } from "../guard";
import { ageText, pairs, table } from "../output";
import type { Result, Run } from "../types";
import { gatewayOf } from "./api";
import { boundOf, type BudgetOptions } from "./budgets";

/** As the gateway lists them. */
interface Key {
  readonly id: string;
  readonly name: string;
  readonly user?: string;
  readonly team: string;
  readonly models?: readonly string[];
  readonly requestsPerMinute?: number;
  readonly tokensPerMinute?: number;
  readonly sees: "own" | "team" | "all";
  readonly createdAt: string;
  readonly createdBy: string;
  readonly expiresAt?: string;
  readonly revokedAt?: string;
  readonly oldUntil?: string;
}

type MadeKey = Key & { readonly key: string };

export interface ListOptions {
  readonly user?: string;
  readonly team?: string;
  readonly all?: boolean;
}

export async function listKeys(run: Run, { user, team, all }: ListOptions): Promise<Result> {
  const query = new URLSearchParams({ ...(user === undefined ? {} : { user }), ...(team === undefined ? {} : { team }), ...(all ? { all: "true" } : {}) });
  const gateway = await gatewayOf(run);
  const { keys } = await gateway.call<{ readonly keys: readonly Key[] }>("GET", `keys?${query.toString()}`);
  const now = run.deps.clock.now();
  const text = table(
    ["ID", "NAME", "USER", "TEAM", "MODELS", "SEES", "AGE", "STATE"],
    keys.map((key) => [key.id, key.name, key.user, key.team, key.models?.join(","), key.sees, ageText(key.createdAt, now), stateOf(key, now)]),
  );
  return { data: { keys }, text };
}

function stateOf({ revokedAt, expiresAt, oldUntil }: Key, now: number): string {
  if (revokedAt !== undefined) return `revoked ${revokedAt}`;
  if (expiresAt !== undefined && Date.parse(expiresAt) <= now) return `expired ${expiresAt}`;
  if (oldUntil !== undefined && Date.parse(oldUntil) > now) return `rotated, the old one works until ${oldUntil}`;
  return expiresAt === undefined ? "works" : `works until ${expiresAt}`;
}

export interface CreateOptions extends BudgetOptions {
  readonly user: string;
  readonly team: string;
  readonly model?: readonly string[];
  readonly expires?: string;
  readonly requestsPerMinute?: number;
  readonly tokensPerMinute?: number;
  readonly sees: "own" | "team" | "all";
}

export async function createKey(run: Run, name: string, options: CreateOptions): Promise<Result> {
  const { user, team, model: models, expires, requestsPerMinute, tokensPerMinute, sees, budgetTokens, budgetCost } = options;
  const body = {
    name,
    user,
    team,
    ...(models === undefined ? {} : { models }),
    limits: { ...(requestsPerMinute === undefined ? {} : { requestsPerMinute }), ...(tokensPerMinute === undefined ? {} : { tokensPerMinute }) },
    budgets: budgetTokens === undefined && budgetCost === undefined ? [] : [boundOf(options)],
    ...(expires === undefined ? {} : { expires: momentOf(expires, run.deps.clock.now()) }),
    sees,
  };
  await guard(run, `makes key ${name} of ${user} in team ${team}`);
  if (run.settings.dryRun) return { data: { wouldCreate: body }, text: `would make key ${name} of ${user} in team ${team}\n` };
  const gateway = await gatewayOf(run);
  return shown(await gateway.call<MadeKey>("POST", "keys", body));
}

export async function rotateKey(run: Run, id: string, grace: string): Promise<Result> {
  const graceSeconds = secondsOf(grace, "--grace");
  await guard(run, `gives key ${id} another secret`);
  if (run.settings.dryRun)
    return { data: { wouldRotate: { id, graceSeconds } }, text: `would give key ${id} another secret; the old one works for ${graceSeconds} s\n` };
  const gateway = await gatewayOf(run);
  return shown(await gateway.call<MadeKey>("POST", `keys/${encodeURIComponent(id)}/rotate`, { graceSeconds }));
}

export async function revokeKey(run: Run, id: string): Promise<Result> {
  await guard(run, `ends key ${id}`);
  if (run.settings.dryRun) return { data: { wouldRevoke: id }, text: `would end key ${id}\n` };
  const gateway = await gatewayOf(run);
  await gateway.call("DELETE", `keys/${encodeURIComponent(id)}`);
  return { data: { revoked: id }, text: `key ${id} is refused from now on\n` };
}

function shown(made: MadeKey): Result {
  const { key, id, user, team, expiresAt, oldUntil } = made;
  const rows = pairs([
    ["key", key],
    ["id", id],
    ["user", user],
    ["team", team],
    ["expires", expiresAt ?? "never"],
    ...(oldUntil === undefined ? [] : [["old secret until", oldUntil] as const]),
  ]);
  return { data: made, text: `${rows}It is not shown again.\n` };
}

const units = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

/** `90d`, `1h` → seconds. @throws UserError */
function secondsOf(text: string, option: string): number {
  const [, amount, unit = "s"] = /^(\d+)([smhd])$/.exec(text) ?? [];
  if (amount === undefined) throw usage(`${option} ${text}: no duration`, "a number with s, m, h or d, such as 90d or 12h");
  return Number(amount) * units[unit as keyof typeof units];
}

/** `90d` from now, or the beginning of a day in UTC. @throws UserError */
function momentOf(text: string, now: number): string {
  if (/^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text))) return `${text}T00:00:00Z`;
  if (!/^\d+[smhd]$/.test(text)) throw usage(`--expires ${text}: no time`, "a duration such as 90d, or a day like 2027-01-31");
  return new Date(now + secondsOf(text, "--expires") * 1000).toISOString();
}
