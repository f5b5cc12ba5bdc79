/** Whether a run passed, in a word and a sentence. */
import type { ExemptionEntry, Results } from "./input";
import { isAdvice, isFailure, type Row } from "./model";
import { counted } from "./text";

export interface Verdict {
  /** `open`: nothing is violated, but not all was decided. */
  readonly outcome: "passed" | "open" | "failed";
  readonly sentence: string;
}

export function verdictOf(results: Results, rows: readonly Row[]): Verdict {
  const count = (is: (row: Row) => boolean) => rows.reduce((sum, row) => sum + (is(row) ? 1 : 0), 0);
  const stale = (state: ExemptionEntry["state"]) => results.exemptions.filter((one) => one.state === state).length;
  const failures = [
    [count((row) => row.outcome === "violated" && isFailure(row)), "mandatory violation"],
    [count((row) => row.outcome === "error"), "policy that failed itself", "policies that failed themselves"],
    [stale("expired"), "expired exemption"],
    [stale("unused"), "unused exemption"],
  ] as const;
  const said = failures.filter(([number]) => number > 0).map(([number, one, more]) => counted(number, one, more));
  const notDecided = count((row) => row.outcome === "not decided");
  const advice = count(isAdvice);
  const exempted = count((row) => row.outcome === "exempted");
  const besides = [
    ...(exempted > 0 ? [counted(exempted, "exempted violation")] : []),
    ...(advice > 0 ? [counted(advice, "advisory violation")] : []),
    ...(notDecided > 0 ? [`${counted(notDecided, "check")} not decided before up`] : []),
  ];
  if (rows.length === 0 && said.length === 0) return { outcome: "failed", sentence: "Nothing was checked: the results hold no result." };
  if (said.length > 0) return { outcome: "failed", sentence: `${sentence(said)}${besides.length > 0 ? ` Besides: ${besides.join(", ")}.` : ""}` };
  if (notDecided > 0) return { outcome: "open", sentence: `No mandatory violation. ${sentence(besides)}` };
  return { outcome: "passed", sentence: `No mandatory violation, and all checks were decided.${besides.length > 0 ? ` ${sentence(besides)}` : ""}` };
}

function sentence(parts: readonly string[]): string {
  const text = parts.join(", ");
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`;
}
