/** Reads Prometheus' text format strictly: what its own parser would refuse is an error here, and so is a histogram that does not add up. */

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Metrics {
  readonly samples: readonly Sample[];
  readonly types: ReadonlyMap<string, string>;
  /** Sum of all samples of that name whose labels include these. */
  sum(name: string, labels?: Readonly<Record<string, string>>): number;
}

const sampleLine = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/;
const label = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/;

/** @throws Error with the line that is wrong */
export function parseMetrics(text: string): Metrics {
  if (!text.endsWith("\n")) throw new Error("the last line does not end");
  const types = new Map<string, string>();
  const helped = new Set<string>();
  const samples: Sample[] = [];
  const seen = new Set<string>();
  for (const line of text.split("\n").slice(0, -1)) {
    const [, keyword, family = "", rest = ""] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? [];
    if (keyword === "HELP") {
      if (helped.has(family)) throw new Error(`HELP twice: ${line}`);
      helped.add(family);
    } else if (keyword === "TYPE") {
      if (types.has(family) || !["counter", "gauge", "histogram", "summary", "untyped"].includes(rest)) throw new Error(`TYPE: ${line}`);
      types.set(family, rest);
    } else {
      const sample = parseSample(line);
      if (!types.has(familyOf(sample.name, types))) throw new Error(`no TYPE before: ${line}`);
      const identity = `${sample.name}${JSON.stringify(Object.entries(sample.labels).sort())}`;
      if (seen.has(identity)) throw new Error(`twice: ${line}`);
      seen.add(identity);
      samples.push(sample);
    }
  }
  checkHistograms(samples, types);
  const sum: Metrics["sum"] = (name, labels = {}) =>
    samples
      .filter((one) => one.name === name && Object.entries(labels).every(([key, value]) => one.labels[key] === value))
      .reduce((all, one) => all + one.value, 0);
  return { samples, types, sum };
}

function parseSample(line: string): Sample {
  const [, name = "", inner = "", number = ""] = sampleLine.exec(line) ?? [];
  const value = { "+Inf": Infinity, "-Inf": -Infinity, NaN }[number] ?? Number(number);
  if (name === "" || (Number.isNaN(value) && number !== "NaN")) throw new Error(`no sample: ${line}`);
  const labels: Record<string, string> = {};
  for (let rest = inner; rest !== "";) {
    const [whole, key, text] = label.exec(rest) ?? [];
    if (whole === undefined || key === undefined || text === undefined || key in labels) throw new Error(`labels: ${line}`);
    labels[key] = text;
    rest = rest.slice(whole.length);
  }
  return { name, labels, value };
}

function familyOf(name: string, types: ReadonlyMap<string, string>): string {
  const base = name.replace(/_(bucket|sum|count)$/, "");
  return ["histogram", "summary"].includes(types.get(base) ?? "") ? base : name;
}

/** Buckets rise, the last is +Inf, and it is the count. */
function checkHistograms(samples: readonly Sample[], types: ReadonlyMap<string, string>): void {
  for (const [family, type] of types) {
    if (type !== "histogram") continue;
    const buckets = new Map<string, { le: number; value: number }[]>();
    for (const { name, labels, value } of samples) {
      if (name !== `${family}_bucket`) continue;
      const { le = "", ...others } = labels;
      const key = JSON.stringify(others);
      buckets.set(key, [...(buckets.get(key) ?? []), { le: le === "+Inf" ? Infinity : Number(le), value }]);
    }
    for (const [key, list] of buckets) {
      const rising = list.every((one, i) => i === 0 || (one.le > (list[i - 1]?.le ?? NaN) && one.value >= (list[i - 1]?.value ?? NaN)));
      const count = samples.find(({ name, labels }) => name === `${family}_count` && JSON.stringify(labels) === key)?.value;
      if (!rising || list.at(-1)?.le !== Infinity || list.at(-1)?.value !== count) throw new Error(`histogram ${family}${key} does not add up`);
    }
  }
}
