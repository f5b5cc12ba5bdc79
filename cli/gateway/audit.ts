/** Who changed keys and budgets. */
import { table } from "../output";
import type { Result, Run } from "../types";
import { gatewayOf } from "./api";

interface Change {
  readonly at: string;
  readonly actor: string;
  readonly action: string;
  readonly target: string;
  readonly before?: unknown;
  readonly after?: unknown;
  readonly address: string;
}

export async function audit(run: Run, { from, limit }: { readonly from?: string; readonly limit: number }): Promise<Result> {
  const query = new URLSearchParams({ limit: String(limit), ...(from === undefined ? {} : { from }) });
  const gateway = await gatewayOf(run);
  const { changes } = await gateway.call<{ readonly changes: readonly Change[] }>("GET", `audit?${query.toString()}`);
  const text = table(
    ["AT", "WHO", "WHAT", "ON", "FROM"],
    changes.map(({ at, actor, action, target, address }) => [at, actor, action, target, address]),
  );
  return { data: { changes }, text };
}
