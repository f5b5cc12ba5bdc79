/** An `up` of this release on a stack that the release before it made: the project and the volume of models stay what they are. */
import { expect } from "chai";
import { join } from "node:path";
import { removeCluster, startCluster, type Cluster, type Platform } from "../../../tools/cluster";
import { openTools } from "../../../tools/stack/tools";
import { openWorkspace, type Workspace } from "../../../tools/stack/workspace";

const release = join(__dirname, "release-0.1.0");

for (const platform of ["openshift", "kubernetes"] as const satisfies readonly Platform[]) {
  describe(`an upgrade from release 0.1.0 on ${platform}`, function () {
    this.timeout(600_000);
    let cluster: Cluster;
    let workspace: Workspace;

    before(async () => {
      cluster = await startCluster({ name: `upgrade-${platform}-${process.pid}`, platform, flavor: "simulated", nodes: 1, gpus: 4 });
      workspace = await openWorkspace("dev", cluster, await openTools());
    });
    after(() => removeCluster(cluster));

    const uids = async () => {
      const one = async (...what: string[]) => (await cluster.kubectl(["get", ...what, "-o", "jsonpath={.metadata.uid}"])).stdout;
      return { namespace: await one("namespace", "ai-development"), claim: await one("pvc", "models", "-n", "ai-development") };
    };

    it("keeps the project and the volume, makes the rest anew, and then has nothing left to change", async () => {
      await workspace.pulumi(["up", "--yes", "--skip-preview", "-C", release]);
      const old = await uids();
      await workspace.pulumi(["up", "--yes", "--skip-preview"]);
      expect(await uids()).to.deep.equal(old);
      const { stdout } = await cluster.kubectl(["get", "networkpolicy", "default-deny", "-n", "ai-development", "-o", "name"]);
      expect(stdout.trim()).to.not.equal("");
      await workspace.pulumi(["preview", "--refresh", "--expect-no-changes"]);
    });
  });
}
