import { expect } from "chai";
import { formatBytes, formatCpu, largest, parseBytes, parseCpu, readableBytes, readableCpu, smallest, sum } from "../../stacks/quantities";
import { randomly } from "./support/random";

describe("quantities", () => {
  const cpus: readonly (readonly [text: string, milli: bigint])[] = [
    ["0", 0n],
    ["16", 16_000n],
    ["1600m", 1600n],
    ["0.5", 500n],
    ["1.25", 1250n],
    ["1k", 1_000_000n],
    ["2e3", 2_000_000n],
    ["100u", 1n], // rounded up, as Kubernetes does
    ["1n", 1n],
    ["0.0001", 1n],
  ];
  for (const [text, milli] of cpus) {
    it(`of CPU: ${text} is ${milli} thousandths`, () => expect(parseCpu(text)).to.equal(milli));
  }

  const bytes: readonly (readonly [text: string, bytes: bigint])[] = [
    ["1024", 1024n],
    ["64Mi", 67_108_864n],
    ["1.5Gi", 1_610_612_736n],
    ["1Ti", 1_099_511_627_776n],
    ["8Ei", 9_223_372_036_854_775_808n],
    ["128M", 128_000_000n],
    ["1e3", 1000n],
    ["1E", 1_000_000_000_000_000_000n],
    ["0.1", 1n],
    ["1500m", 2n],
  ];
  for (const [text, count] of bytes) {
    it(`of bytes: ${text} is ${count}`, () => expect(parseBytes(text)).to.equal(count));
  }

  for (const text of ["", "-1", "+1", "1 Gi", "Gi", "1GB", "1gi", "1.", ".5", "1e", "1Gi2", "0x10", "1,5", "NaN"]) {
    it(`refuse ${JSON.stringify(text)}`, () => {
      expect(() => parseCpu(text)).to.throw(RangeError, JSON.stringify(text));
      expect(() => parseBytes(text)).to.throw(RangeError, "is no quantity");
    });
  }

  const written: readonly (readonly [bytes: bigint, configured: string, readable: string])[] = [
    [0n, "0", "0"],
    [parseBytes("1Ti"), "1Ti", "1Ti"],
    [parseBytes("1.5Ti"), "1536Gi", "1.5Ti"],
    [parseBytes("700Gi"), "700Gi", "700Gi"],
    [parseBytes("8704Mi"), "8704Mi", "8.5Gi"],
    [parseBytes("1025Mi"), "1025Mi", "1025Mi"],
    [1000n, "1000", "1000"],
  ];
  for (const [count, configured, readable] of written) {
    it(`of ${count} bytes are written ${configured}, and ${readable} for people`, () => {
      expect([formatBytes(count), readableBytes(count)]).to.deep.equal([configured, readable]);
    });
  }

  it("of CPU are written in cores where they are whole, and in decimals for people", () => {
    expect([formatCpu(16_000n), formatCpu(1600n), formatCpu(0n)]).to.deep.equal(["16", "1600m", "0"]);
    expect([readableCpu(16_000n), readableCpu(1600n), readableCpu(250n), readableCpu(5n), readableCpu(0n)]).to.deep.equal(["16", "1.6", "0.25", "0.005", "0"]);
  });

  it("are the same after they were written and read, whatever their size", () => {
    randomly(500, ({ big }) => {
      const value = big(10n ** 18n);
      for (const text of [formatBytes(value), readableBytes(value)]) expect(parseBytes(text), text).to.equal(value);
      for (const text of [formatCpu(value), readableCpu(value)]) expect(parseCpu(text), text).to.equal(value);
    });
  });

  it("keep their order and their sums, whatever the unit that they are written in", () => {
    const units = ["", "Ki", "Mi", "Gi", "Ti"];
    randomly(500, ({ below }) => {
      const [i, j] = [below(units.length), below(units.length)];
      const [a, b] = [BigInt(below(5000)), BigInt(below(5000))];
      const [left, right] = [parseBytes(`${a}${units[i] ?? ""}`), parseBytes(`${b}${units[j] ?? ""}`)];
      const [exactLeft, exactRight] = [a * 1024n ** BigInt(i), b * 1024n ** BigInt(j)];
      expect(left < right).to.equal(exactLeft < exactRight);
      expect(parseBytes(formatBytes(sum([left, right])))).to.equal(exactLeft + exactRight);
      expect([largest(left, right), smallest(left, right)]).to.deep.equal(left < right ? [right, left] : [left, right]);
    });
  });

  it("of cores and of thousandths of them are the same", () => {
    randomly(200, ({ below }) => {
      const milli = below(100_000);
      expect(parseCpu(`${milli}m`)).to.equal(BigInt(milli));
      expect(parseCpu((milli / 1000).toFixed(3))).to.equal(BigInt(milli));
    });
  });
});
