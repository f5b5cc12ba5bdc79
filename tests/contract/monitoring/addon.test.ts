/** The add-on on simulated nodes: a cluster that is there gets it, remembers it, and keeps what the stack makes as it is. */
import { expect } from "chai";
import { podMonitorSpec } from "../../../components/observability/podMonitor";
import { ruleGroups } from "../../../stacks/observability/rules";
import { findCluster, startCluster, type Cluster, type ClusterOptions } from "../../../tools/cluster";
import { apply, read, removeIfThere, testName } from "../cluster/support";
import { pool } from "./promtool";

describe("the add-on monitoring", function () {
  this.timeout(180_000);
  const options: ClusterOptions = { name: testName("addon"), platform: "kubernetes", flavor: "simulated", nodes: 1 };
  let cluster: Cluster;
  before(async () => {
    cluster = await startCluster(options);
  });
  after(() => removeIfThere(options.name));

  const served = async () => (await cluster.kubectl(["api-resources", "--api-group=monitoring.coreos.com", "-o", "name"])).stdout;

  it("is not there unless it is asked for", async () => {
    expect(cluster.addons).to.deep.equal([]);
    expect(await served()).to.equal("");
  });

  it("is added to a cluster that runs: its kinds are served when the start is over", async () => {
    cluster = await startCluster({ ...options, addons: ["monitoring"] });
    expect(cluster.addons).to.deep.equal(["monitoring"]);
    expect(await served())
      .to.include("podmonitors.monitoring.coreos.com")
      .and.to.include("prometheusrules.monitoring.coreos.com");
  });

  it("stays when nobody names it again", async () => {
    expect((await startCluster(options)).addons).to.deep.equal(["monitoring"]);
    expect(findCluster(options.name)?.addons).to.deep.equal(["monitoring"]);
  });

  it("keeps monitors and rules of the stack as they are: nothing is dropped, nothing is added", async () => {
    const metadata = { name: "test", namespace: "default" };
    const groups = ruleGroups({ namespace: "default", pools: [pool], runbooks: "docs/runbooks", gpus: true, rollouts: true, jobs: true });
    const objects = [
      { kind: "PodMonitor", spec: podMonitorSpec("code") },
      { kind: "PrometheusRule", spec: { groups } },
    ];
    for (const { kind, spec } of objects) {
      const { code, stderr } = await apply(cluster, { apiVersion: "monitoring.coreos.com/v1", kind, metadata, spec });
      expect(code, stderr).to.equal(0);
      expect((await read<{ spec: object }>(cluster, kind, "test")).spec, kind).to.deep.equal(JSON.parse(JSON.stringify(spec)));
    }
  });
});
