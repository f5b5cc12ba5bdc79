/**
 * Alerts on how fast an error budget burns, over two windows each (Google's SRE workbook, chapter 5): the long one says that it is worth waking somebody, the
 * short one that it is still so. Pure.
 */
import { sidecarMetrics, promisedBound } from "./metrics";
import { bound, rate, series, sumBy } from "./promql";
import type { Severity } from "./types";

export interface BurnWindows {
  readonly short: string;
  readonly long: string;
  /** How many times faster than a budget that lasts 30 days. */
  readonly factor: number;
  readonly severity: Severity;
  readonly for: string;
}

/** 2 % of the budget in an hour, 5 % in six hours, 10 % in three days. */
export const burnRates: readonly BurnWindows[] = [
  { short: "5m", long: "1h", factor: 14.4, severity: "critical", for: "2m" },
  { short: "30m", long: "6h", factor: 6, severity: "critical", for: "15m" },
  { short: "6h", long: "3d", factor: 1, severity: "warning", for: "1h" },
];

/** All windows of them, shortest first. */
export const burnWindows = ["5m", "30m", "1h", "6h", "3d"] as const;

/** Fewer requests than these in the long window say nothing about a share. */
export const fewestRequests = 10;

/** Those that can fire: with a small promise (90 %) even a total failure burns less than 14.4 times. */
export function burnRatesOf(promised: number): readonly (BurnWindows & { readonly threshold: number })[] {
  // Rounded, since 14.4 * (1 - 0.995) has an error at the 17th digit.
  return burnRates.map((one) => ({ ...one, threshold: Number((one.factor * (1 - promised)).toPrecision(12)) })).filter(({ threshold }) => threshold < 1);
}

/** Share of a pool's requests whose first token came later than promised, in a window; NaN without requests. */
export function slowShare(namespace: string, pool: string, seconds: number, labels: readonly string[], window: string): string {
  const own = { namespace, pool };
  const { firstToken } = sidecarMetrics;
  const inTime = sumBy(labels, rate(series(`${firstToken}_bucket`, { ...own, le: bound(promisedBound(seconds)) }), window));
  return `1 - ${inTime} / ${sumBy(labels, rate(series(`${firstToken}_count`, own), window))}`;
}
