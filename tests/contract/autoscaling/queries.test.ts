/** What the autoscalers ask, under the real Prometheus' own evaluation: a number where the pool is known, and none where it is not. */
import { expect } from "chai";
import { recorded } from "../../../stacks/observability/recording";
import { poolQuery } from "../../../stacks/scaling/metrics";
import { differences, namespace } from "../monitoring/promtool";

const matchers = `namespace="${namespace}",pool="code"`;
const inFlight = (more = "") => `${recorded.inFlight}{${matchers}${more}}`;
const wait = (more = "") => `${recorded.queueWait}{${matchers}${more}}`;

describe("the queries of a pool under promtool", function () {
  this.timeout(120_000);

  const gives = async (series: Readonly<Record<string, string>>, expected: readonly [inFlight: number | undefined, wait: number | undefined]) => {
    const samples = (value: number | undefined): readonly (readonly [string, number])[] => (value === undefined ? [] : [["{}", value]]);
    const queries = { [poolQuery("inFlight", matchers)]: samples(expected[0]), [poolQuery("queueWait", matchers)]: samples(expected[1]) };
    expect(await differences([], series, { at: "5m", queries })).to.equal("");
  };

  it("are what is recorded", () => gives({ [inFlight()]: "7x5", [wait()]: "1.5x5" }, [7, 1.5]));
  it("take a wait that is no number for none", () => gives({ [inFlight()]: "0x5", [wait()]: "NaN NaN NaN NaN NaN NaN" }, [0, 0]));
  it("take a wait that nobody recorded for none, as long as the routers are read", () => gives({ [inFlight()]: "3x5" }, [3, 0]));
  it("know nothing of a pool that is not read: no metric, so no pod is taken away", () => gives({}, [undefined, undefined]));
  it("know nothing any more once it is not read", () => gives({ [inFlight()]: "3 3 stale", [wait()]: "1 1 stale" }, [undefined, undefined]));
  it("see a pool once that two Prometheus servers read", () =>
    gives(
      { [inFlight(',prometheus="a"')]: "4x5", [inFlight(',prometheus="b"')]: "5x5", [wait(',prometheus="a"')]: "1x5", [wait(',prometheus="b"')]: "2x5" },
      [5, 2],
    ));
  it("are finite, whatever was recorded", () => gives({ [inFlight()]: "1x5", [wait()]: "Inf Inf Inf Inf Inf Inf" }, [1, 3600]));
  it("see no other pool", () => gives({ [inFlight()]: "1x5", [`${recorded.inFlight}{namespace="${namespace}",pool="chat"}`]: "9x5" }, [1, 0]));
});
