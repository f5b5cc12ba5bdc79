/** Alerts on what users were promised. Pure. */
import { alert } from "./alerts";
import { burnRatesOf, fewestRequests, type BurnWindows } from "./burnRate";
import { promisedBound, routerMetrics, sidecarMetrics } from "./metrics";
import { series, sumBy } from "./promql";
import { poolLabels, recorded } from "./recording";
import type { AlertingRule, Monitored, MonitoredPool } from "./types";

export function budgetAlerts(monitored: Monitored, pool: MonitoredPool): readonly AlertingRule[] {
  const { namespace } = monitored;
  const own = { namespace, pool: pool.name };
  const { firstTokenSeconds, firstTokenRatio, availability } = pool.slo;
  return [
    ...burnRatesOf(firstTokenRatio).map((rate) =>
      alert(monitored, pool, "ModelFirstTokenBudgetBurns", {
        severity: rate.severity,
        for: rate.for,
        labels: { slo: "first-token", window: rate.long },
        expr: burns(recorded.slow, own, rate, `${sidecarMetrics.firstToken}_count`),
        summary: `pool ${pool.name}: too many first tokens take longer than ${promisedBound(firstTokenSeconds)} s`,
        description: `{{ $value | humanizePercentage }} of the requests of ${rate.long} were late; promised is ${percent(1 - firstTokenRatio)} at most. At this pace the budget of 30 days is used up in ${lasts(rate.factor)}.`,
      }),
    ),
    ...burnRatesOf(availability).map((rate) =>
      alert(monitored, pool, "ModelAvailabilityBudgetBurns", {
        severity: rate.severity,
        for: rate.for,
        labels: { slo: "availability", window: rate.long },
        expr: burns(recorded.unavailable, own, rate, routerMetrics.requests),
        summary: `pool ${pool.name}: too many requests are refused or fail`,
        description: `{{ $value | humanizePercentage }} of the requests of ${rate.long} got an error of the platform or found the queue full; promised is ${percent(1 - availability)} at most. At this pace the budget of 30 days is used up in ${lasts(rate.factor)}.`,
      }),
    ),
  ];
}

/** @param counter of the requests that the share is of */
function burns(
  recordedAs: (window: string) => string,
  own: { readonly namespace: string; readonly pool: string },
  { long, short, threshold }: BurnWindows & { readonly threshold: number },
  counter: string,
): string {
  const over = (window: string) => `${series(recordedAs(window), own)} > ${threshold}`;
  return `${over(long)} and ${over(short)} and ${sumBy(poolLabels, `increase(${series(counter, own)}[${long}])`)} >= ${fewestRequests}`;
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(6))} %`;
}

/** How long a budget of 30 days lasts. */
function lasts(factor: number): string {
  const hours = (30 * 24) / factor;
  return hours < 72 ? `${Math.round(hours)} hours` : `${Math.round(hours / 24)} days`;
}
