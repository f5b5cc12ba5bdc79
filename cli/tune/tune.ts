/** `aictl tune`: advice, each with its number; changes nothing. */
import { fileIn, namespaceIn } from "../settings";
import { noPool } from "../stack/edits";
import type { Result, Run } from "../types";
import { measure } from "./measure";
import { prometheusOf } from "./prometheus";
import { adviceFor } from "./rules";

export async function tune(run: Run, name: string | undefined, { prometheus: url }: { readonly prometheus?: string }): Promise<Result> {
  const file = fileIn(run.settings);
  const namespace = namespaceIn(run.settings);
  const { pools } = file.config.serving;
  const chosen = name === undefined ? pools : pools.filter((pool) => pool.name === name);
  if (chosen.length === 0) throw noPool(file, name ?? "");
  const prometheus = prometheusOf(run, url);
  const results = [];
  for (const pool of chosen) {
    const { measured, missing } = await measure(run.client(), prometheus, namespace, pool);
    results.push({ pool: pool.name, measured, advice: adviceFor(pool, measured), missing });
  }
  const text = results
    .map(({ pool, advice, missing }) => {
      const lines = advice.flatMap((one) => [`  ${one.rule}: ${one.found}; limit: ${one.limit}`, `      change: ${one.change}`, `      effect: ${one.effect}`]);
      const none = advice.length === 0 ? [missing.length === 0 ? "  nothing to change" : "  nothing to change in what was measured"] : [];
      return [`pool ${pool}`, ...lines, ...none, ...missing.map((line) => `  not measured: ${line}`)].join("\n");
    })
    .join("\n");
  return { data: { namespace, pools: results }, text: `${text}\n` };
}
