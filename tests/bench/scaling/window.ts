/** What Prometheus makes of a histogram: counters read every 15 s, and a quantile over the last minutes. */

/** Upper bounds of the buckets in seconds; the last one takes the rest. */
const bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 30, 60];

export class WaitHistogram {
  private readonly counts = Array.from({ length: bounds.length + 1 }, () => 0);
  private snapshots: { readonly at: number; readonly counts: readonly number[] }[] = [];

  /** @param windowSeconds of the rate */
  constructor(private readonly windowSeconds: number) {}

  observe(seconds: number): void {
    const bucket = bounds.findIndex((bound) => seconds <= bound);
    const at = bucket < 0 ? bounds.length : bucket;
    this.counts[at] = (this.counts[at] ?? 0) + 1;
  }

  scrape(now: number): void {
    this.snapshots = [...this.snapshots.filter(({ at }) => at >= now - this.windowSeconds), { at: now, counts: [...this.counts] }];
  }

  /** histogram_quantile over what was scraped; 0 where nobody asked, as the query says. */
  quantile(q: number): number {
    const [first, last] = [this.snapshots[0], this.snapshots.at(-1)];
    if (!first || !last) return 0;
    const increase = last.counts.map((count, bucket) => count - (first.counts[bucket] ?? 0));
    const rank = q * increase.reduce((sum, count) => sum + count, 0);
    if (rank === 0) return 0;
    let below = 0;
    for (const [bucket, count] of increase.entries()) {
      const upper = bounds[bucket];
      if (upper === undefined) break;
      if (below + count >= rank) {
        const lower = bounds[bucket - 1] ?? 0;
        return lower + ((upper - lower) * (rank - below)) / count;
      }
      below += count;
    }
    return bounds.at(-1) ?? 0;
  }
}
