/** Bursty days against autoscalers: the days have the shape of published traces, and what scales on requests keeps users waiting less. */
import { expect } from "chai";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { adapterRules } from "../../stacks/scaling/metrics";
import { compare, days, peak, productionPool, table, type Result } from "../bench/scaling/compare";
import { policies } from "../bench/scaling/policies";
import { simulate, type PoolModel } from "../bench/scaling/pool";
import { burstyDay, published, type Request } from "../bench/scaling/trace";
import { WaitHistogram } from "../bench/scaling/window";

const day = burstyDay(1, peak);
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const variation = (values: readonly number[]) => {
  const average = mean(values);
  return Math.sqrt(mean(values.map((value) => (value - average) ** 2))) / average;
};
const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;

describe("a generated day", () => {
  const hoursOf = (from: number, to: number) => Array.from({ length: to - from }, (_, hour) => day.filter(({ at }) => Math.floor(at / 3600) === from + hour));
  const perInterval = (requests: readonly Request[], seconds: number) => {
    const counts = new Array<number>(3600 / seconds).fill(0);
    for (const { at } of requests) counts[Math.floor((at % 3600) / seconds)]! += 1;
    return counts;
  };
  const working = hoursOf(9, 17);
  const { code, conversation } = published;

  it("is the same for the same seed, and another for another", () => {
    expect(burstyDay(1, 0.2)).to.deep.equal(burstyDay(1, 0.2));
    expect(burstyDay(2, 0.2)).not.to.deep.equal(burstyDay(1, 0.2));
  });

  it("has a night of a tenth of its busiest hour, which is in the afternoon", () => {
    const counts = hoursOf(0, 24).map((hour) => hour.length);
    expect(Math.min(...counts) / Math.max(...counts)).to.be.within(0.05, 0.15);
    expect(counts.indexOf(Math.max(...counts))).to.be.within(12, 17);
  });

  it("varies from minute to minute between the two published services", () => {
    expect(mean(working.map((hour) => variation(perInterval(hour, 60))))).to.be.within(conversation.minutes, code.minutes);
    expect(mean(working.map((hour) => variation(perInterval(hour, 300))))).to.be.within(conversation.fiveMinutes, code.fiveMinutes);
    const busiest = working.map((hour) => Math.max(...perInterval(hour, 60)) / mean(perInterval(hour, 60)));
    expect(mean(busiest)).to.be.within(conversation.busiestMinute, code.busiestMinute);
  });

  it("has gaps between requests that vary between the two published services", () => {
    const gaps = working.map((hour) => hour.slice(1).map(({ at }, index) => at - (hour[index]?.at ?? at)));
    expect(mean(gaps.map(variation))).to.be.within(conversation.between, code.between);
  });

  it("has prompts and answers as long as the two published services have", () => {
    for (const [field, of] of [
      ["contextTokens", "context"],
      ["outputTokens", "output"],
    ] as const) {
      const tokens = day.map((request) => request[field]);
      const expected = 0.6 * code[of].mean + 0.4 * conversation[of].mean;
      expect(mean(tokens), field).to.be.within(expected * 0.8, expected * 1.2);
      expect(median(tokens), field).to.be.within(Math.min(code[of].median, conversation[of].median) * 0.7, Math.max(code[of].median, conversation[of].median));
    }
  });
});

describe("the simulated pool", () => {
  const model: PoolModel = { slots: 1, loadSeconds: 100, maxQueue: 2, queueSeconds: 60, prefill: 1, perToken: 1, replicas: { min: 1, max: 2 } };
  const ask = (at: number, seconds: number): Request => ({ at, contextTokens: seconds - 1, outputTokens: 1 });

  it("answers as many requests at a time as it has slots; the others wait for one", () => {
    const { waits, refused } = simulate([ask(1, 10), ask(2, 10), ask(3, 10)], model, () => 1, 100);
    expect([[...waits], refused]).to.deep.equal([[0, 9, 18], 0]);
  });

  it("refuses what finds the queue full, and what has waited for too long", () => {
    expect(simulate([ask(1, 50), ask(2, 1), ask(3, 1), ask(4, 1)], model, () => 1, 100).refused).to.equal(1);
    expect(simulate([ask(1, 90), ask(2, 1)], model, () => 1, 200)).to.include({ refused: 1 });
  });

  it("sends nothing to a pod before its model is loaded, and counts its GPU from the start", () => {
    const more = (now: number) => (now > 20 ? 2 : 1);
    const { waits, gpuHours, scalings } = simulate([ask(1, 500), ask(100, 10)], { ...model, queueSeconds: 600 }, more, 3600);
    // The third look, at 25 s, adds a pod; it is ready at 125 s.
    expect([[...waits], scalings]).to.deep.equal([[0, 25], 1]);
    expect(gpuHours).to.be.closeTo((3600 + 3575) / 3600, 1e-9);
  });

  it("lets the answers of a pod end that is taken away, and counts its GPU until then", () => {
    const two = { ...model, replicas: { min: 2, max: 2 } };
    const { waits, gpuHours } = simulate([ask(1, 100), ask(2, 100)], two, (now) => (now > 20 ? 1 : 2), 3600);
    expect([...waits]).to.deep.equal([0, 0]);
    expect(gpuHours * 3600).to.be.closeTo(3600 + 101, 1e-6);
  });

  it("reads the quantile of waiting times off the buckets of the last minutes, as Prometheus does", () => {
    const histogram = new WaitHistogram(300);
    histogram.scrape(0);
    for (let count = 0; count < 90; count++) histogram.observe(0.001);
    for (let count = 0; count < 10; count++) histogram.observe(8);
    histogram.scrape(15);
    expect(histogram.quantile(0.95)).to.be.closeTo(7.5, 1e-9); // in the middle of 5 to 10 s
    histogram.scrape(400);
    expect(histogram.quantile(0.95)).to.equal(0);
  });
});

describe("the documents", function () {
  this.timeout(60_000);

  it("have what the simulation says of ours, and the adapter's rules as they are", () => {
    const text = readFileSync(join(__dirname, "../../docs/scaling.md"), "utf8");
    const [, , row = ""] = table(compare([policies.ours], days(), productionPool)).split("\n");
    expect(row).to.match(/^\| \*\*with requests/);
    expect(text, "node --import tsx tests/bench/scaling.ts writes it").to.contain(row);
    expect(text).to.contain(stringify(adapterRules()).trim());
  });
});

describe("a bursty day", function () {
  this.timeout(60_000);
  let guide: Result, bestCpu: Result, slow: Result, ours: Result, sameHours: Result, most: Result;
  before(() => {
    const results = compare(
      [policies.guide, policies.bestCpu, policies.guideBehavior, policies.ours, policies.sameHours, policies.most],
      [day],
      productionPool,
    );
    [guide, bestCpu, slow, ours, sameHours, most] = results as [Result, Result, Result, Result, Result, Result];
  });

  it("finds a pool that scales on the CPU of GPU servers at its fewest pods all day, and refuses requests", () => {
    expect(guide).to.include({ scalings: 0, gpuHours: 48 });
    expect(guide.refused).to.be.greaterThan(1000);
    expect(ours.refused).to.equal(0);
  });

  it("keeps users waiting less where requests are counted than CPU could, were it the load", () => {
    expect(ours.p95).to.be.lessThan(bestCpu.p95 / 10);
    expect(ours.late).to.be.lessThan(bestCpu.late / 4);
  });

  it("and less than as many GPU hours would without scaling, with two thirds of what the largest pool costs", () => {
    expect(ours.gpuHours)
      .to.be.lessThan(sameHours.gpuHours)
      .and.lessThan(most.gpuHours * 0.7);
    expect(ours.p99).to.be.lessThan(sameHours.p99);
    expect(ours.late).to.be.lessThan(sameHours.late);
  });

  it("is worth scaling up at once: a third of the late requests of the guide's 5 minutes, for a third more GPU hours at most", () => {
    expect(ours.late).to.be.lessThan(slow.late / 3);
    expect(ours.gpuHours).to.be.lessThan(slow.gpuHours * 1.33);
  });
});
