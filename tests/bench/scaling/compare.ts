/** Days of requests against ways to scale, and what comes of it. Pure. */
import { simulate, type PoolModel } from "./pool";
import type { Policy } from "./policies";
import { burstyDay, daySeconds, type Request } from "./trace";

/**
 * A pool of production: 2 to 6 replicas with 4 slots each. A model of 7B parameters at 4 bits on a GPU of the A100 class, with all slots in use: 3,000 prompt tokens
 * and, for each request, 50 tokens of its answer per second.
 */
export const productionPool: PoolModel = {
  slots: 4,
  loadSeconds: 120,
  maxQueue: 512,
  queueSeconds: 60,
  prefill: 3000,
  perToken: 0.02,
  replicas: { min: 2, max: 6 },
};

/** Requests per second in the busiest hour: what 6 replicas answer in its bursts too, and 4 on average. */
export const peak = 3;

/** The days of the tables. */
export function days(): readonly (readonly Request[])[] {
  return [1, 2, 3].map((seed) => burstyDay(seed, peak));
}

export interface Result {
  readonly name: string;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  /** Share of the requests that waited for more than 2 s, those that were refused included. */
  readonly late: number;
  /** Of all days. */
  readonly refused: number;
  /** Of a day. */
  readonly gpuHours: number;
  readonly scalings: number;
}

export function compare(policies: readonly Policy[], requests: readonly (readonly Request[])[], model: PoolModel): readonly Result[] {
  return policies.map(({ name, scaler }) => {
    const outcomes = requests.map((day) => simulate(day, model, scaler(model), daySeconds));
    const waits = Float64Array.from(outcomes.flatMap(({ waits: of }) => [...of])).sort();
    const total = (of: (outcome: (typeof outcomes)[number]) => number) => outcomes.reduce((sum, outcome) => sum + of(outcome), 0);
    const refused = total((outcome) => outcome.refused);
    const quantile = (q: number) => waits[Math.ceil(q * waits.length) - 1] ?? 0;
    const late = waits.reduce((sum, wait) => sum + (wait > 2 ? 1 : 0), refused);
    return {
      name,
      p50: quantile(0.5),
      p95: quantile(0.95),
      p99: quantile(0.99),
      late: late / (waits.length + refused),
      refused,
      gpuHours: total(({ gpuHours }) => gpuHours) / requests.length,
      scalings: total(({ scalings }) => scalings) / requests.length,
    };
  });
}

export function table(results: readonly Result[]): string {
  const row = (...cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const seconds = (value: number) => value.toFixed(1);
  return [
    row("pods by", "p50", "p95", "p99", "waited > 2 s", "refused", "GPU hours", "scalings"),
    row("---", ...Array.from({ length: 7 }, () => "---:")),
    ...results.map(({ name, p50, p95, p99, late, refused, gpuHours, scalings }) =>
      row(name, seconds(p50), seconds(p95), seconds(p99), `${(late * 100).toFixed(1)} %`, String(refused), gpuHours.toFixed(1), scalings.toFixed(0)),
    ),
  ].join("\n");
}
