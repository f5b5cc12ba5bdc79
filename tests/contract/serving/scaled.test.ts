/** A workload that the cluster scales is not scaled back by a preview, a refresh or an `up`, and none of them takes what it does for a conflict. */
import { expect } from "chai";
import { join } from "node:path";
import type { Cluster } from "../../../tools/cluster";
import { eventually } from "../cluster/support";
import { testCluster } from "../plugins/support";
import { openProgram, type Program } from "./program";

const namespace = "contract-scaled";

describe("a scaled workload", function () {
  this.timeout(600_000);
  let cluster: Cluster;
  let program: Program | undefined;

  before(async function () {
    this.timeout(600_000);
    cluster = await testCluster();
    program = await openProgram(join(__dirname, "programs/scaled"), cluster);
  });
  after(async () => {
    await program?.pulumi(["destroy", "--yes"]);
    program?.remove();
  });

  const jsonpath = async (what: string, path: string) => (await cluster.kubectl(["get", what, "app", "-n", namespace, "-o", `jsonpath=${path}`])).stdout;
  const replicas = async () => Number(await jsonpath("deployment", "{.spec.replicas}"));
  const ready = (count: number) => eventually(`${count} pods`, async () => Number(await jsonpath("deployment", "{.status.readyReplicas}")) === count);
  const succeeds = async (args: readonly string[], env?: Readonly<Record<string, string>>) => {
    if (!program) throw new Error("no program");
    const { code, stdout, stderr } = await program.pulumi(args, env);
    expect(code, `${stdout}\n${stderr}`).to.equal(0);
    return stdout;
  };

  it("is brought to its fewest pods by the autoscaler", async () => {
    await succeeds(["up", "--yes", "--skip-preview"]);
    await eventually("the autoscaler's fewest pods", async () => (await replicas()) === 2, 60);
    await ready(2);
  });

  it("stays as it was scaled, through preview, refresh and up", async () => {
    // What the autoscaler does when the load asks for it.
    const scale = ["--subresource=scale", "--type=merge", "--field-manager=kube-controller-manager", "-p", '{"spec":{"replicas":4}}'];
    await cluster.kubectl(["patch", "deployment", "app", "-n", namespace, ...scale]);
    await ready(4);
    await succeeds(["preview", "--refresh", "--expect-no-changes"]);
    await succeeds(["up", "--yes", "--skip-preview", "--refresh", "--expect-no-changes"]);
    expect(await replicas()).to.equal(4);
  });

  it("stays so when its pods are replaced", async () => {
    const image = "registry.example.com/app:2";
    expect(await succeeds(["up", "--yes", "--skip-preview"], { CONTRACT_IMAGE: image })).to.match(/~ 1 updated/);
    expect(await jsonpath("deployment", "{.spec.template.spec.containers[0].image}")).to.equal(image);
    expect(await replicas()).to.equal(4);
    await succeeds(["preview", "--refresh", "--expect-no-changes"], { CONTRACT_IMAGE: image });
  });

  it("that something left without pods, as Argo Rollouts does, gets none by the autoscaler, and its fewest by the command that doctor says", async () => {
    await cluster.kubectl(["scale", "deployment", "app", "-n", namespace, "--replicas=0"]);
    const active = '{.status.conditions[?(@.type=="ScalingActive")].reason}';
    await eventually("the autoscaler lets it be", async () => (await jsonpath("hpa", active)) === "ScalingDisabled", 60);
    await succeeds(["up", "--yes", "--skip-preview"]);
    expect(await replicas()).to.equal(0);
    const wake = ["scale", "deployment", "app", "-n", namespace, "--current-replicas=0", "--replicas=2"];
    await cluster.kubectl(wake);
    await ready(2);
    await eventually("the autoscaler goes on", async () => (await jsonpath("hpa", active)) !== "ScalingDisabled", 60);
    // Where pods are, it changes nothing.
    expect((await cluster.kubectl(wake, { allowFailure: true })).code).not.to.equal(0);
    expect(await replicas()).to.equal(2);
  });
});
