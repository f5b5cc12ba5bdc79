/** aictl on a pool that its Deployment makes, and on the GPUs of a cluster. */
import { expect } from "chai";
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import type { Cluster } from "../../../tools/cluster";
import { eventually, makeNamespace, read } from "../cluster/support";
import { aictl, around, json, must, pool, quota, stackFile, testCluster, tiny } from "./support";

interface Deployment {
  readonly metadata: {
    readonly generation: number;
    readonly annotations: Readonly<Record<string, string>>;
    readonly managedFields: readonly { readonly manager: string }[];
  };
  readonly spec: { readonly template: { readonly metadata: { readonly annotations: { readonly version: string } } } };
}

describe("aictl on a Deployment", function () {
  this.timeout(300_000);
  const namespace = "cli-plain";
  let cluster: Cluster;
  const old = { pool: { name: "ollama", models: [tiny], parallel: 2 }, models: [] };

  before(async () => {
    cluster = await testCluster();
    await makeNamespace(cluster, namespace);
    await must(cluster, ...around(namespace, 4), pool(namespace, "one", old));
    await settled();
    await must(cluster, pool(namespace, "two", { pool: { name: "ollama", models: [tiny], parallel: 4 }, models: [] }));
    await settled();
    await cluster.kubectl(["wait", "--for=condition=Complete", "job/load-tiny", "-n", namespace, "--timeout=60s"]);
  });

  const deployment = () => read<Deployment>(cluster, "deployment", "ollama", "-n", namespace);
  const settled = () => cluster.kubectl(["rollout", "status", "deployment/ollama", "-n", namespace, "--timeout=60s"]);
  const run = (...args: readonly string[]) => aictl(cluster, namespace, ...args);

  it("shows its versions and what serves", async () => {
    const history = await run("-o", "json", "rollout", "history", "ollama");
    expect(history.code, history.stderr).to.equal(0);
    const { versions } = json<{ versions: { revision: number; hash: string; state: string; models: string[]; images: string[]; configuration: boolean }[] }>(
      history,
    );
    expect(versions.map(({ revision, state, images, configuration }) => [revision, state, images, configuration])).to.deep.equal([
      [2, "serves", ["example/ollama:two"], true],
      [1, "", ["example/ollama:one"], true],
    ]);
    const status = await run("rollout", "status", "ollama");
    expect(status.code, status.stderr).to.equal(0);
    expect(status.stdout)
      .to.match(/state: +serves/)
      .and.match(/served by: +revision 2 \([a-z0-9]+\): 1 of 1 pods ready/);
  });

  it("finds a target valid by its Job and the quota, and refuses to go where there is no room", async () => {
    const valid = await run("rollout", "validate", "ollama");
    expect(valid.code, valid.stdout + valid.stderr).to.equal(0);
    expect(valid.stdout).to.contain("loaded by Job load-tiny").and.contain("room for 1 more pod");
    await must(cluster, quota(namespace, 1));
    await eventually("the quota counts", async () => (await run("rollout", "validate", "ollama")).code === 1);
    const { generation } = (await deployment()).metadata;
    const refused = await run("rollout", "undo", "ollama", "--no-config");
    expect(refused.code, refused.stderr).to.equal(3);
    expect(refused.stderr).to.contain("requests.nvidia.com/gpu: 1 needed, 0 left of 1");
    expect((await deployment()).metadata.generation).to.equal(generation);
    await must(cluster, quota(namespace, 4));
    await eventually("the quota counts", async () => (await run("rollout", "validate", "ollama")).code === 0);
  });

  it("has the server check a dry run, which keeps nothing", async () => {
    const before = (await deployment()).metadata.generation;
    const done = await run("--dry-run", "rollout", "undo", "ollama", "--no-config");
    expect(done.code, done.stderr).to.equal(0);
    expect((await deployment()).metadata.generation).to.equal(before);
  });

  it("goes back in one command, and writes the hold where the next up finds it", async () => {
    const file = stackFile(cluster);
    const done = await run("--stack", "test", "--config-file", file, "rollout", "undo", "ollama", "--reason", "answers got worse");
    expect(done.code, done.stderr).to.equal(0);
    expect(done.stdout).to.match(/pool ollama serves revision 1 \([a-z0-9]+\)/);
    const now = await deployment();
    expect(now.spec.template.metadata.annotations.version).to.equal("one");
    expect(now.metadata.annotations["openshift-ai-platform/pool"]).to.equal(JSON.stringify(old));
    const managed = await read<Deployment>(cluster, "deployment", "ollama", "-n", namespace, "--show-managed-fields");
    expect(managed.metadata.managedFields.map(({ manager }) => manager)).to.include("aictl");
    const written = parse(readFileSync(file, "utf8")) as { config: Record<string, { pools: { hold: Record<string, string> }[] }> };
    const hold = written.config["openshift-ai-platform:serving"]?.pools[0]?.hold;
    expect(JSON.parse(now.metadata.annotations["openshift-ai-platform/hold"] ?? "")).to.deep.equal(hold);
    expect(hold).to.include({ reason: "answers got worse" });
    const history = await run("-o", "json", "rollout", "history", "ollama");
    // The cluster gives the version that comes back a new revision.
    expect(json<{ versions: { revision: number; hash: string; state: string }[] }>(history).versions[0]).to.deep.include({
      revision: 3,
      hash: hold?.revision,
      state: "serves, held",
    });
  });

  it("goes forth again, without a hold", async () => {
    const done = await run("--stack", "test", "--config-file", stackFile(cluster), "rollout", "undo", "ollama", "--to-revision", "2", "--config", "restore");
    expect(done.code, done.stderr).to.equal(0);
    expect((await deployment()).spec.template.metadata.annotations.version).to.equal("two");
  });

  it("lists pools, and names a pool, a context and a server that are not there", async () => {
    const pools = await run("-o", "json", "pools");
    expect(json<{ pools: object[] }>(pools).pools[0]).to.deep.include({ pool: "ollama", replicas: 1, ready: 1, madeBy: "deployment", state: "serves" });
    const none = await run("rollout", "status", "olama");
    expect([none.code, none.stderr.includes("one of ollama")]).to.deep.equal([2, true]);
    const context = await run("--context", "nowhere", "gpu");
    expect(context.code, context.stderr).to.equal(2);
    expect(context.stderr).to.contain('no context "nowhere"').and.contain(`--context name, one of: ${cluster.context}`);
    expect(context.stderr).to.not.contain("    at ");
  });

  it("runs the doctor's checks", async () => {
    const done = await run("--stack", "test", "--config-file", stackFile(cluster), "-o", "json", "doctor");
    const { context, checks } = json<{ context: string; checks: { id: string }[] }>(done);
    expect(context).to.equal(cluster.context);
    expect(checks.map(({ id }) => id)).to.include.members(["version", "nodes", "gpus", "quotas"]);
  });

  it("is guarded by the label of the namespace", async () => {
    await cluster.kubectl(["label", "namespace", namespace, "openshift-ai-platform/environment=production"]);
    try {
      const done = await run("rollout", "undo", "ollama", "--no-config");
      expect(done.code, done.stderr).to.equal(3);
      expect(done.stderr).to.contain(`--yes ${namespace}`);
    } finally {
      await cluster.kubectl(["label", "namespace", namespace, "openshift-ai-platform/environment-"]);
    }
  });
});

describe("aictl on GPUs", function () {
  this.timeout(300_000);
  const namespace = "cli-gpus";
  let cluster: Cluster;
  before(async () => {
    cluster = await testCluster();
    await makeNamespace(cluster, namespace);
  });
  const run = (...args: readonly string[]) => aictl(cluster, namespace, ...args);

  it("shows what nodes have and who holds it", async () => {
    const data = json<{
      nodes: { name: string; product: string; gpus: { resource: string; allocatable: number; requested: number; holders: { pod: string }[] }[] }[];
      totals: Record<string, { allocatable: number; requested: number; free: number }>;
    }>(await run("-o", "json", "gpu"));
    expect(data.nodes).to.have.length(2);
    expect(data.nodes[0]?.product).to.equal("A100-SXM4-40GB");
    const total = data.totals["nvidia.com/gpu"];
    expect(total?.allocatable).to.equal(4);
    expect(total?.free).to.equal(4 - (total?.requested ?? 0));
    const table = await run("gpu");
    expect(table.stdout).to.match(/NODE +STATE +CLASS +PRODUCT/);
  });

  const waiting = (name: string, gpus: number, spec: object = {}) => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace },
    spec: {
      tolerations: [{ key: "nvidia.com/gpu", operator: "Exists", effect: "NoSchedule" }],
      containers: [
        {
          name: "main",
          image: "example/pod:1",
          resources: { limits: { "nvidia.com/gpu": String(gpus) } },
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] }, runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
        },
      ],
      ...spec,
    },
  });

  it("says why each pod has no node, beside the scheduler's own words", async () => {
    await must(
      cluster,
      waiting("large", 3),
      waiting("elsewhere", 1, { nodeSelector: { "gpu.nvidia.com/class": "h100" } }),
      waiting("untolerant", 1, { tolerations: [] }),
    );
    const found = await eventually("the scheduler has looked", async () => {
      const done = await run("-o", "json", "troubleshoot", "gpu");
      const { checks } = json<{ checks: { id: string; findings: { found: string }[] }[] }>(done);
      const pending = checks.find(({ id }) => id === "pending")?.findings.map((finding) => finding.found) ?? [];
      expect(done.code).to.equal(1);
      const own = pending.filter((line) => line.startsWith(`${namespace}/`));
      if (own.length < 3 || !own.every((line) => /\(scheduler: 0\/\d+ nodes are available/.test(line))) throw new Error(pending.join("\n"));
      return own;
    });
    const of = (name: string) => found.find((line) => line.startsWith(`${namespace}/${name}:`));
    expect(of("large")).to.contain("no single node has 3 nvidia.com/gpu; the most on one is 2");
    expect(of("elsewhere")).to.contain("gpu.nvidia.com/class=h100");
    expect(of("untolerant")).to.contain("taints that it does not tolerate").and.contain("nvidia.com/gpu:NoSchedule");
    await cluster.kubectl(["delete", "pods", "--all", "-n", namespace, "--wait=false"]);
  });
});
