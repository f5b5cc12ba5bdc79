/** Rules under promtool: whether they are valid, and what they make of recorded series. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import type { MonitoredPool, RuleGroup } from "../../../stacks/observability/types";
import { exec, type ExecResult } from "../../../tools/lib/exec";
import { ensurePrograms } from "../../../tools/toolchain";

export const namespace = "ai-production";

export const pool: MonitoredPool = {
  name: "code",
  models: ["codellama:7b"],
  slo: { firstTokenSeconds: 2, firstTokenRatio: 0.95, availability: 0.995 },
  gpusPerReplica: 1,
  drainSeconds: 30,
  loadTimeoutSeconds: 300,
};

/** Series as promtool writes them: `metric{label="value"}` → values, one per minute: `0+10x5`, `_` is a gap, `stale` the end. */
export type Recorded = Readonly<Record<string, string>>;

export interface Expected {
  /** Time since the first value: `10m`. */
  readonly at: string;
  /** Query → labels and value of each sample; none: no sample. */
  readonly queries?: Readonly<Record<string, readonly (readonly [labels: string, value: number])[]>>;
  /** Alerts that fire, with the labels that tell several of them apart; exactly these. */
  readonly firing?: readonly string[];
}

async function promtool(files: Readonly<Record<string, string>>, args: (path: (name: string) => string) => readonly string[]): Promise<ExecResult> {
  const program = (await ensurePrograms(["prometheus"])).prometheus.path("promtool");
  const dir = mkdtempSync(join(tmpdir(), "oap-promtool-"));
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text);
    return await exec(
      program,
      args((name) => join(dir, name)),
      { allowFailure: true },
    );
  } finally {
    rmSync(dir, { recursive: true });
  }
}

/** @returns what promtool says against the rules; empty: nothing */
export async function refusedRules(groups: readonly RuleGroup[]): Promise<string> {
  const { code, stdout, stderr } = await promtool({ "rules.yaml": stringify({ groups }) }, (path) => ["check", "rules", "--lint-fatal", path("rules.yaml")]);
  return code === 0 ? "" : stdout + stderr;
}

/** @returns what promtool says against a query; empty: nothing */
export async function refusedQuery(query: string): Promise<string> {
  return refusedRules([{ name: "query", rules: [{ record: "query", expr: query }] }]);
}

/** Evaluates rules over recorded series, every minute. @returns how what came out differs from what was expected; empty: not at all */
export async function differences(groups: readonly RuleGroup[], series: Recorded, ...expected: readonly Expected[]): Promise<string> {
  const firing = 'count by (alertname, window, component, pod, model) (ALERTS{alertstate="firing"})';
  const test = {
    rule_files: ["rules.yaml"],
    evaluation_interval: "1m",
    tests: [
      {
        interval: "1m",
        input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
        promql_expr_test: expected.flatMap(({ at, queries = {}, firing: alerts }) => [
          ...Object.entries(queries).map(([expr, samples]) => ({
            expr,
            eval_time: at,
            exp_samples: samples.map(([labels, value]) => ({ labels, value })),
          })),
          ...(alerts === undefined ? [] : [{ expr: firing, eval_time: at, exp_samples: alerts.map((labels) => ({ labels: `{${labels}}`, value: 1 })) }]),
        ]),
      },
    ],
  };
  const { code, stdout, stderr } = await promtool({ "rules.yaml": stringify({ groups }), "test.yaml": stringify(test) }, (path) => [
    "test",
    "rules",
    path("test.yaml"),
  ]);
  return code === 0 ? "" : stdout + stderr;
}
