/** aictl on a pool under the real controller of Argo Rollouts. */
import { expect } from "chai";
import type { Cluster } from "../../../tools/cluster";
import { eventually } from "../cluster/support";
import { makePool, startController, type Controller } from "../rollouts/support";
import { aictl, json, stackFile, testCluster } from "./support";

describe("aictl on a Rollout", function () {
  this.timeout(300_000);
  let cluster: Cluster;
  let controller: Controller;
  before(async () => {
    cluster = await testCluster();
    controller = await startController(cluster);
  });
  after(() => controller.stop());

  type Made = Awaited<ReturnType<typeof makePool>>;
  let count = 0;
  /** A pool with a first version that serves, and a second one that waits to be promoted. */
  async function previewing(): Promise<Made> {
    const made = await makePool(cluster, `cli-rollout-${++count}`, { promotion: "manual" });
    await made.addRollout();
    expect((await run(made, "rollout", "status", "ollama", "--wait")).code).to.equal(0);
    await next(made, "two");
    return made;
  }
  async function next(made: Made, version: string): Promise<void> {
    const { currentPodHash: before } = (await made.rollout()).status;
    await made.version(version);
    await eventually("a new version", async () => (await made.rollout()).status.currentPodHash !== before);
    await made.endJob("Succeeded");
    await eventually("the pause", async () => ((await made.rollout()).status.pauseConditions ?? []).length > 0);
  }
  const run = (made: Made, ...args: readonly string[]) => aictl(cluster, made.namespace, ...args);
  const served = async (made: Made) => made.versionOf(await made.active());

  it("says what waits, promotes it and waits for the measurement after the switch", async () => {
    const made = await previewing();
    const status = await run(made, "-o", "json", "rollout", "status", "ollama");
    expect(status.code, status.stderr).to.equal(0);
    expect(json(status)).to.deep.include({ madeBy: "rollout", state: "awaits", next: "aictl rollout promote ollama, or aictl rollout abort ollama" });

    const dry = await run(made, "--dry-run", "rollout", "promote", "ollama");
    expect(dry.code, dry.stderr).to.equal(0);
    expect(await served(made)).to.equal("one");

    const promoted = run(made, "rollout", "promote", "ollama");
    await eventually("the switch", async () => (await served(made)) === "two");
    await made.endJob("Succeeded");
    const { code, stdout, stderr } = await promoted;
    expect(code, stderr).to.equal(0);
    expect(stdout).to.match(/served by revision 2 \([a-z0-9]+\): 2 of 2 pods ready/);
    const again = await run(made, "rollout", "promote", "ollama");
    expect(again.code).to.equal(3);
    expect(again.stderr).to.contain("nothing waits to be promoted");
  });

  it("gives a version up, and goes back to what serves", async () => {
    const made = await previewing();
    const aborted = await run(made, "rollout", "abort", "ollama");
    expect(aborted.code, aborted.stderr).to.equal(0);
    expect(await served(made)).to.equal("one");
    expect((await run(made, "rollout", "status", "ollama")).code).to.equal(1);

    const undone = await run(made, "--stack", "test", "--config-file", stackFile(cluster), "rollout", "undo", "ollama");
    expect(undone.code, undone.stderr).to.equal(0);
    expect(await served(made)).to.equal("one");
    const { phase, abort } = (await made.rollout()).status;
    expect([phase, abort ?? false]).to.deep.equal(["Healthy", false]);
  });

  it("brings an older version back at once, without an analysis", async () => {
    const made = await previewing();
    const promoted = run(made, "rollout", "promote", "ollama", "--full");
    expect((await promoted).code).to.equal(0);
    expect(await served(made)).to.equal("two");
    const undone = await run(made, "rollout", "undo", "ollama", "--no-config");
    expect(undone.code, undone.stderr).to.equal(0);
    expect(await served(made)).to.equal("one");
    expect(undone.stdout).to.match(/pool ollama serves revision 1/);
    const history = json<{ versions: { revision: number; state: string }[] }>(await run(made, "-o", "json", "rollout", "history", "ollama"));
    expect(history.versions.map(({ revision, state }) => [revision, state])).to.deep.equal([
      [3, "serves"],
      [2, ""],
    ]);
  });
});
