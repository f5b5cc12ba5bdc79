/** Pieces of PromQL. Pure. */

/** A matcher's value: text is compared as a whole, a RegExp is `=~` (anchored, as PromQL does it). */
export type Matchers = Readonly<Record<string, string | RegExp>>;

/** `name{a="b",c=~"d.*"}` */
export function series(name: string, matchers: Matchers = {}): string {
  const parts = Object.entries(matchers).map(([label, value]) => (value instanceof RegExp ? `${label}=~${quoted(value.source)}` : `${label}=${quoted(value)}`));
  return parts.length === 0 ? name : `${name}{${parts.join(",")}}`;
}

/** `sum by (a, b) (expression)` */
export function sumBy(labels: readonly string[], expression: string): string {
  return `sum by (${labels.join(", ")}) (${expression})`;
}

/** `rate(series[5m])` */
export function rate(selector: string, window: string): string {
  return `rate(${selector}[${window}])`;
}

/** A quantile of a histogram, over all but the named labels; NaN where nothing was observed. @param name without `_bucket` */
export function quantile(share: number, name: string, matchers: Matchers, labels: readonly string[], window: string): string {
  return `histogram_quantile(${share}, ${sumBy([...labels, "le"], rate(series(`${name}_bucket`, matchers), window))})`;
}

/**
 * Share of a counter's growth. A part that never grew has no series: then the share is 0, not unknown. NaN where the whole did not grow.
 * @param part matchers beside those of the whole
 */
export function share(counter: string, whole: Matchers, part: Matchers, labels: readonly string[], window: string): string {
  const total = sumBy(labels, rate(series(counter, whole), window));
  return `(${sumBy(labels, rate(series(counter, { ...whole, ...part }), window))} or 0 * ${total}) / ${total}`;
}

/** Matches a bound of a histogram as Prometheus 2 (`2`) and 3 (`2.0`) write it. */
export function bound(value: number): RegExp {
  const text = String(value);
  return new RegExp(text.includes(".") ? text.replace(".", "\\.") : `${text}(\\.0)?`);
}

/** A string of PromQL: backslashes of a regular expression are doubled. */
function quoted(text: string): string {
  return JSON.stringify(text);
}
