/** What the real controller of Argo Rollouts does with the platform's Rollouts and analyses, on simulated nodes. */
import { expect } from "chai";
import { removeCluster, startCluster, type Cluster } from "../../../tools/cluster";
import { apply, eventually, read, testName } from "../cluster/support";
import { makePool, pool, startController, type Controller, type Pool, type PoolOptions } from "./support";

describe("a pool under Argo Rollouts", function () {
  this.timeout(300_000);
  let cluster: Cluster;
  let controller: Controller;
  let count = 0;

  before(async () => {
    cluster = await startCluster({ name: testName("rollouts"), platform: "kubernetes", flavor: "simulated", addons: ["rollouts"] });
    controller = await startController(cluster);
  });
  after(async () => {
    await controller.stop();
    await removeCluster(cluster);
  });

  /** A pool whose first version serves. */
  async function serving(options: PoolOptions = {}) {
    const made = await makePool(cluster, `rollouts-${++count}`, options);
    await made.addRollout();
    await first(made);
    return made;
  }
  const first = async (made: Pool) => {
    const { code, stdout, stderr } = await made.watch();
    expect(code, stderr).to.equal(0);
    expect(stdout).to.match(/ollama: revision 1 \([a-z0-9]+\), 2 of 2 pods ready: serves|3 of 3 pods ready: serves/);
  };
  const status = async (made: Pool) => (await made.rollout()).status;
  /** Answers both analyses of an automatic rollout. */
  const pass = async (made: Pool) => {
    await made.endJob("Succeeded");
    await eventually("the switch", async () => (await status(made)).blueGreen?.activeSelector === (await status(made)).currentPodHash);
    await made.endJob("Succeeded");
  };
  const servedVersion = async (made: Pool) => made.versionOf(await made.active());
  const pods = async (made: Pool, hash: string) =>
    (await read<{ items: unknown[] }>(cluster, "pods", "-n", made.namespace, "-l", `rollouts-pod-template-hash=${hash}`)).items.length;

  it("starts its first version without an analysis, and the Deployment has no pods of its own", async () => {
    const made = await serving();
    expect(await servedVersion(made)).to.equal("one");
    const { spec } = await read<{ spec: { replicas: number } }>(cluster, "deployment", pool, "-n", made.namespace);
    expect(spec.replicas).to.equal(0);
    expect((await read<{ items: unknown[] }>(cluster, "analysisruns", "-n", made.namespace)).items).to.deep.equal([]);
  });

  it("keeps users on the old version until the new one has passed, promotes it, and says so", async () => {
    const made = await serving({ replicas: 3, previewReplicas: 1 });
    await made.version("two");
    const watching = made.watch();
    const fresh = await eventually("a new version", async () => {
      const { currentPodHash, stableRS } = await status(made);
      return currentPodHash !== stableRS ? currentPodHash : undefined;
    });
    await eventually("its analysis", async () => (await read<{ items: unknown[] }>(cluster, "analysisruns", "-n", made.namespace)).items.length === 1);
    expect(await servedVersion(made)).to.equal("one");
    expect(await pods(made, fresh), "no more than previewReplicas before the switch").to.equal(1);
    await pass(made);
    const { code, stdout, stderr } = await watching;
    expect(code, stderr).to.equal(0);
    expect(stdout).to.contain(`revision 2 (${fresh}), 3 of 3 pods ready: serves`);
    expect(await servedVersion(made)).to.equal("two");
  });

  it("gives a version up whose answers are wrong, says what was wrong and what still serves", async () => {
    const made = await serving();
    await made.version("two");
    const watching = made.watch();
    await made.endJob("Failed", 'model tiny, prompt "Hello": answered "xx", wanted exact "yy"');
    const { code, stderr } = await watching;
    expect(code).to.equal(1);
    expect(stderr).to.match(/pool ollama: revision 2 \([a-z0-9]+\) was given up/);
    expect(stderr).to.contain('answers: model tiny, prompt "Hello": answered "xx", wanted exact "yy"');
    expect(stderr).to.match(/users are served by revision 1 \([a-z0-9]+\), 2 of 2 pods ready/);
    expect(await servedVersion(made)).to.equal("one");
    // Again with nothing changed: as bad as before.
    expect((await made.watch()).code).to.equal(1);

    // Back to what serves: at once, since nothing has to be measured.
    await made.version("one");
    const back = await made.watch();
    expect(back.code, back.stderr).to.equal(0);
    expect(await servedVersion(made)).to.equal("one");
  });

  it("switches back when the new version is not good enough after the switch", async () => {
    const made = await serving();
    await made.version("two");
    const watching = made.watch();
    await made.endJob("Succeeded");
    await eventually("the switch", async () => (await servedVersion(made)) === "two");
    await made.endJob("Failed", "first token after 4 s (95th percentile), wanted <= 2 s");
    const { code, stderr } = await watching;
    expect(code).to.equal(1);
    expect(stderr).to.contain("first token after 4 s");
    await eventually("users back", async () => (await servedVersion(made)) === "one");
  });

  it("waits with manual promotion, and says what waits and how to go on", async () => {
    const made = await serving({ promotion: "manual" });
    await made.version("two");
    const watching = made.watch();
    await made.endJob("Succeeded");
    const { code, stdout, stderr } = await watching;
    expect(code, stderr).to.equal(0);
    expect(stdout).to.match(/revision 2 \([a-z0-9]+\) passed and is not promoted yet: users are still served by revision 1 /);
    expect(stdout).to.contain("aictl rollout promote ollama");
    expect(await servedVersion(made)).to.equal("one");

    await cluster.kubectl([
      "patch",
      "rollout",
      pool,
      "-n",
      made.namespace,
      "--subresource=status",
      "--type=merge",
      "-p",
      '{"status":{"pauseConditions":null}}',
    ]);
    await eventually("the switch", async () => (await servedVersion(made)) === "two");
    await made.endJob("Succeeded");
    expect((await made.watch()).code).to.equal(0);
  });

  it("of two versions in a row measures the newer alone", async () => {
    const made = await serving();
    await made.version("two");
    await eventually("the first analysis", async () => (await read<{ items: unknown[] }>(cluster, "jobs", "-n", made.namespace)).items.length === 1);
    await made.version("three");
    const watching = made.watch();
    await eventually("the first Job to go", async () => {
      const { items } = await read<{ items: { status: { phase: string } }[] }>(cluster, "analysisruns", "-n", made.namespace);
      return items.length === 2 && items.filter(({ status: { phase } }) => phase === "Running").length === 1;
    });
    await pass(made);
    const { code, stderr } = await watching;
    expect(code, stderr).to.equal(0);
    expect(await servedVersion(made)).to.equal("three");
  });

  it("says that somebody paused it by hand", async () => {
    const made = await serving();
    await cluster.kubectl(["patch", "rollout", pool, "-n", made.namespace, "--type=merge", "-p", '{"spec":{"paused":true}}']);
    await made.version("two");
    const { code, stdout, stderr } = await made.watch();
    expect(code, stderr).to.equal(0);
    expect(stdout).to.contain("is paused by hand");
    expect(await servedVersion(made)).to.equal("one");
  });

  it("gives a version up whose pods are never ready, with the reason", async () => {
    const made = await serving({ readySeconds: -115 }); // its deadline is 10 s
    await made.version("two", { nodeSelector: { nowhere: "true" } });
    const { code, stderr } = await made.watch();
    expect(code).to.equal(1);
    expect(stderr)
      .to.match(/revision 2 .* was given up/)
      .and.match(/pod ollama-[a-z0-9]+-[a-z0-9]+: .*node/);
    expect(await servedVersion(made)).to.equal("one");
  });

  it("gives up such a version after one that failed too, which the controller alone does not", async () => {
    const made = await serving({ readySeconds: -115 }); // its deadline is 10 s
    await made.version("two");
    const failed = made.watch();
    await made.endJob("Failed", "wrong");
    expect((await failed).code).to.equal(1);
    const { currentPodHash: bad = "" } = await status(made);
    await eventually("its pods are gone", async () => (await pods(made, bad)) === 0); // half a minute later
    await made.version("three", { nodeSelector: { nowhere: "true" } });
    const { code, stdout, stderr } = await made.watch(90);
    expect(code).to.equal(1);
    expect(stderr)
      .to.match(/revision 3 .* was given up/)
      .and.match(/pod ollama-[a-z0-9]+-[a-z0-9]+: .*node/);
    expect(stdout).to.match(/revision 3 .* is past its 10 s, and the controller leaves it there/);
    expect(await servedVersion(made)).to.equal("one");
  });

  it("takes over from a Deployment with pods of its own, of which the users notice nothing", async () => {
    const made = await makePool(cluster, `rollouts-${++count}`, { replicas: 3, before: 3 });
    await cluster.kubectl(["rollout", "status", `deployment/${pool}`, "-n", made.namespace, "--timeout=60s"]);
    // Room for one pod more than before.
    await apply(cluster, { apiVersion: "v1", kind: "ResourceQuota", metadata: { name: "room", namespace: made.namespace }, spec: { hard: { pods: "4" } } });
    await made.addRollout();
    let least = Infinity;
    let over = false;
    const sampling = (async () => {
      while (!over) {
        const { items } = await read<{ items: { subsets?: unknown; endpoints?: { conditions: { ready?: boolean } }[] }[] }>(
          cluster,
          "endpointslices",
          "-n",
          made.namespace,
          "-l",
          `kubernetes.io/service-name=${pool}-active`,
        );
        least = Math.min(least, items.flatMap(({ endpoints = [] }) => endpoints).filter(({ conditions }) => conditions.ready !== false).length);
      }
    })();
    const { code, stdout, stderr } = await made.watch();
    over = true;
    await sampling;
    expect(code, stderr).to.equal(0);
    expect(stdout).to.contain("takes over from the Deployment");
    expect(least, "pods that serve").to.be.at.least(2);
    const { spec } = await read<{ spec: { replicas: number } }>(cluster, "deployment", pool, "-n", made.namespace);
    expect(spec.replicas).to.equal(0);
    expect((await made.rollout()).spec.replicas).to.equal(3);
  });

  it("promotes within a quota that has no room for twice the pods, and has all of them again after", async () => {
    const made = await serving({ replicas: 3, previewReplicas: 1 });
    await apply(cluster, { apiVersion: "v1", kind: "ResourceQuota", metadata: { name: "room", namespace: made.namespace }, spec: { hard: { pods: "5" } } });
    await made.version("two");
    const watching = made.watch(120);
    await pass(made);
    const { code, stdout, stderr } = await watching;
    expect(code, stderr).to.equal(0);
    expect(stdout).to.contain("no room for 3 new pods beside the old ones: 2 of each until the switch");
    expect(stdout).to.contain("3 of 3 pods ready: serves");
    expect(await servedVersion(made)).to.equal("two");
  });

  it("goes on when a node is lost in the middle", async () => {
    const made = await serving({ replicas: 3, previewReplicas: 1 });
    await made.version("two");
    const watching = made.watch();
    await eventually("its analysis", async () => (await read<{ items: unknown[] }>(cluster, "jobs", "-n", made.namespace)).items.length === 1);
    await cluster.kubectl(["delete", "node", "node1"]);
    await pass(made);
    const { code, stderr } = await watching;
    expect(code, stderr).to.equal(0);
    expect(await servedVersion(made)).to.equal("two");
  });

  it("had all the rights that it needed", () => {
    // A quota says `forbidden` too.
    expect(controller.log().match(/User \S+ cannot [^"]*/g) ?? []).to.deep.equal([]);
  });
});
