/** What was used, of all keys. */
import { table } from "../output";
import type { Result, Run } from "../types";
import { gatewayOf } from "./api";

export interface UsageOptions {
  readonly from?: string;
  readonly to?: string;
  readonly by: string;
  readonly csv?: boolean;
}

interface Row extends Readonly<Record<string, string | number>> {
  readonly requests: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly gpuSeconds: number;
  readonly cost: number;
}

interface Report {
  readonly from: string;
  readonly to: string;
  readonly by: readonly string[];
  readonly currency: string;
  readonly rows: readonly Row[];
  /** false: there were more rows than a report has. */
  readonly complete: boolean;
}

export async function usageReport(run: Run, { from, to, by, csv }: UsageOptions): Promise<Result> {
  const query = new URLSearchParams({ by, ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }), ...(csv ? { format: "csv" } : {}) });
  const gateway = await gatewayOf(run);
  if (csv) {
    const text = await gateway.text(`usage?${query.toString()}`);
    return { data: { csv: text }, text };
  }
  const report = await gateway.call<Report>("GET", `usage?${query.toString()}`);
  const text = table(
    [...report.by.map((column) => column.toUpperCase()), "REQUESTS", "TOKENS IN", "TOKENS OUT", "GPU SECONDS", `COST, ${report.currency}`],
    report.rows.map((row) => [
      ...report.by.map((column) => row[column]),
      row.requests,
      row.inputTokens,
      row.outputTokens,
      row.gpuSeconds.toFixed(1),
      row.cost.toFixed(4),
    ]),
  );
  if (!report.complete) run.deps.terminal.note("there are more rows than these: ask for a shorter time, or for fewer columns with --by");
  return { data: report, text };
}
