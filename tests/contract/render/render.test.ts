/** What `make render` writes, beside what `up` makes from the same configuration. */
import { expect } from "chai";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { removeCluster, startCluster, type Cluster, type Platform } from "../../../tools/cluster";
import { manifestsOf, pathOf, textOf, write, type Manifest } from "../../../tools/render/render";
import { openTools } from "../../../tools/stack/tools";
import { openWorkspace, type Workspace } from "../../../tools/stack/workspace";
import { testName } from "../cluster/support";

interface Deployment {
  readonly deployment: { readonly resources: readonly { readonly type: string; readonly inputs?: Readonly<Record<string, unknown>> }[] };
}

for (const platform of ["openshift", "kubernetes"] as const satisfies readonly Platform[]) {
  describe(`the manifests of production on ${platform}`, function () {
    this.timeout(600_000);
    const out = mkdtempSync(join(tmpdir(), "oap-render-"));
    let cluster: Cluster;
    let workspace: Workspace;
    let manifests: readonly Manifest[];

    before(async () => {
      cluster = await startCluster({ name: testName(`render-${platform}`), platform, flavor: "simulated", nodes: 3, gpus: 4 });
      workspace = await openWorkspace("production", cluster, await openTools());
      manifests = await manifestsOf(workspace.stack, { ...workspace.configuration, secrets: { source: "external" } });
      write(manifests, out);
    });
    after(async () => {
      await workspace.pulumi(["stack", "rm", "--yes", "--force"]);
      rmSync(dirname(workspace.configFile), { recursive: true });
      await removeCluster(cluster);
      rmSync(out, { recursive: true });
    });

    /** What the server answers to all of them, with nothing made. */
    const dryRun = async (...args: readonly string[]) => {
      const { code, stdout, stderr } = await cluster.kubectl(["apply", "--server-side", "--dry-run=server", "-k", out, ...args], { allowFailure: true });
      return { code, stderr, count: stdout.trim().split("\n").length };
    };

    it("pass the server's checks and admission, without an error or a warning", async () => {
      // In a dry run nothing is there for what is in a namespace, and pods of priority classes.
      for (const kind of ["Namespace", "PriorityClass"]) {
        for (const { metadata } of manifests.filter((one) => one.kind === kind)) {
          await cluster.kubectl(["apply", "--server-side", "-f", join(out, pathOf({ apiVersion: "", kind, metadata }))]);
        }
      }
      expect(await dryRun()).to.deep.equal({ code: 0, stderr: "", count: manifests.length });
      for (const kind of ["namespace", "priorityclass"]) {
        const names = manifests.filter((one) => one.kind.toLowerCase() === kind).map(({ metadata }) => metadata.name);
        await cluster.kubectl(["delete", kind, ...names]);
      }
    });

    it("are what `up` makes from the same configuration", async () => {
      // With Secrets that are there already, as what is rendered takes it: pipelines then need no rights to any. Simulated pods do not miss them.
      const file = readFileSync(workspace.configFile, "utf8");
      writeFileSync(workspace.configFile, file.replace(/source: generated/, "source: external"));
      await workspace.pulumi(["up", "--yes", "--skip-preview"]);
      const { deployment } = JSON.parse((await workspace.pulumi(["stack", "export"])).stdout) as Deployment;
      const made = deployment.resources.flatMap(({ type, inputs }) =>
        type.startsWith("kubernetes:") && inputs?.kind !== undefined ? [inputs as unknown as Manifest] : [],
      );
      const texts = (all: readonly Manifest[]) => Object.fromEntries(all.map((one) => [pathOf(one), textOf(one)]));
      expect(Object.keys(texts(made)).filter((path) => /secret/i.test(path))).to.deep.equal([]);
      expect(texts(manifests)).to.deep.equal(texts(made));
    });

    it("change nothing where `up` was", async () => {
      expect(await dryRun()).to.deep.equal({ code: 0, stderr: "", count: manifests.length });
      const { code, stdout, stderr } = await cluster.kubectl(["diff", "--server-side", "-k", out], { allowFailure: true });
      expect({ code, stdout, stderr }).to.deep.equal({ code: 0, stdout: "", stderr: "" });
    });
  });
}
