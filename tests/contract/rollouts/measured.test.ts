/** How the real controller judges what Prometheus says: good, bad, nothing, NaN, and no Prometheus at all. */
import { expect } from "chai";
import { removeCluster, startCluster, type Cluster } from "../../../tools/cluster";
import { eventually, testName } from "../cluster/support";
import { fakePrometheus, makePool, startController, type Controller, type FakePrometheus, type PoolOptions } from "./support";

const good = { time_to_first_token: "0.4", requests_total: "0.01", DCGM_FI_DEV_GPU_UTIL: "0.6" };

describe("an analysis by Prometheus", function () {
  this.timeout(300_000);
  let cluster: Cluster;
  let controller: Controller;
  let prometheus: FakePrometheus;
  let count = 0;

  before(async () => {
    cluster = await startCluster({ name: testName("measured"), platform: "kubernetes", flavor: "simulated", addons: ["rollouts"] });
    [controller, prometheus] = await Promise.all([startController(cluster), fakePrometheus()]);
  });
  after(async () => {
    await prometheus.close();
    await controller.stop();
    await removeCluster(cluster);
  });

  /** A new version whose Job passes, and what `up` says to it. */
  async function judge(answers: FakePrometheus["answers"], options: PoolOptions = {}) {
    prometheus.answers = answers;
    const made = await makePool(cluster, `measured-${++count}`, { prometheus: prometheus.address, ...options });
    await made.addRollout();
    expect((await made.watch()).code).to.equal(0);
    await made.version("two");
    const watching = made.watch();
    await made.endJob("Succeeded");
    return { made, watching };
  }
  const active = async (made: Awaited<ReturnType<typeof judge>>["made"]) => made.versionOf(await made.active());

  it("promotes what is fast, right and busy, and asks for the new version's pods alone", async () => {
    const { made, watching } = await judge(good);
    await eventually("the switch", async () => (await active(made)) === "two");
    await made.endJob("Succeeded");
    const { code, stderr } = await watching;
    expect(code, stderr).to.equal(0);
    const hash = (await made.rollout()).status.currentPodHash ?? "";
    const asked = prometheus.queries.filter((query) => query.includes(made.namespace));
    expect(asked).to.have.length.above(5);
    for (const query of asked) expect(query).to.contain(hash).and.not.contain("{{");
  });

  for (const [what, answers, reason] of [
    ["slow", { ...good, time_to_first_token: "3.5" }, /first-token: measured 3\.5.*; wanted <= 2/],
    ["failing", { ...good, requests_total: "0.2" }, /error-ratio: measured 0\.2.*; wanted <= 0\.05/],
    ["idle on its GPUs", { ...good, DCGM_FI_DEV_GPU_UTIL: "0.02" }, /gpu: measured 0\.02.*; wanted >= 0\.3/],
  ] as const) {
    it(`gives up what is ${what}`, async () => {
      const { made, watching } = await judge(answers);
      const { code, stderr } = await watching;
      expect(code).to.equal(1);
      expect(stderr)
        .to.match(/was given up/)
        .and.match(reason);
      expect(await active(made)).to.equal("one");
    });
  }

  for (const [what, value] of [
    ["no series", undefined],
    ["NaN, as without traffic", "NaN"],
    ["an infinite value", "+Inf"],
  ] as const) {
    it(`promotes nothing for ${what}, and says that it could not be measured`, async () => {
      const { made, watching } = await judge({ ...good, time_to_first_token: value });
      const { code, stderr } = await watching;
      expect(code).to.equal(1);
      expect(stderr)
        .to.match(/could not be measured/)
        .and.match(/first-token: measured .*; wanted <= 2 \(\d+ inconclusive of 3\)/);
      expect(await active(made)).to.equal("one");
    });
  }

  it("gives a version up when Prometheus goes away", async () => {
    const { made, watching } = await judge(good, { prometheus: "http://127.0.0.1:9", consecutiveErrorLimit: 0 });
    const { code, stderr } = await watching;
    expect(code).to.equal(1);
    expect(stderr)
      .to.match(/was given up/)
      .and.match(/first-token: .*connection refused/);
    expect(await active(made)).to.equal("one");
  });
});
