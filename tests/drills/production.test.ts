/**
 * The production stack under the real controller of Argo Rollouts, on simulated nodes: 6 replicas and a preview within a quota of 8 GPUs, promotion by hand, a node
 * lost in the middle of it. The controller is a process of this machine; pods are KWOK's, so that what they answer is not looked at here.
 */
import { expect } from "chai";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parse, stringify } from "yaml";
import { removeCluster, startCluster, type Cluster } from "../../tools/cluster";
import { exec, type ExecResult } from "../../tools/lib/exec";
import { root } from "../../tools/lib/paths";
import { openTools } from "../../tools/stack/tools";
import { openWorkspace, type Workspace } from "../../tools/stack/workspace";
import { eventually, read, testName } from "../contract/cluster/support";
import { startController, type Controller } from "../contract/rollouts/support";

const namespace = "ai-production";
const replicaLabels = "app.kubernetes.io/component=model-server";
const gpus = "requests.nvidia.com/gpu";

interface Pod {
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>>; readonly deletionTimestamp?: string };
  readonly spec: { readonly nodeName?: string };
  readonly status: { readonly phase: string; readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}
interface Quota {
  readonly status: { readonly hard: Readonly<Record<string, string>>; readonly used: Readonly<Record<string, string>> };
}
type Pool = Readonly<Record<string, unknown>>;

for (const platform of ["openshift", "kubernetes"] as const) {
  describe(`new versions of production's pool, on ${platform}`, function () {
    this.timeout(400_000);
    let cluster: Cluster;
    let controller: Controller;
    let workspace: Workspace;

    before("bring it up", async () => {
      cluster = await startCluster({ name: testName(`production-${platform}`), platform, flavor: "simulated", nodes: 3, gpus: 4, addons: ["rollouts"] });
      controller = await startController(cluster);
      workspace = await openWorkspace("production", cluster, await openTools());
      configure((pool) => pool);
      await up();
    });
    after("remove it", async () => {
      await controller.stop();
      await workspace.pulumi(["stack", "rm", "--yes", "--force"]);
      rmSync(dirname(workspace.configFile), { recursive: true });
      await removeCluster(cluster);
    });

    /** Changes the pool of the stack's configuration, with the capability that no simulated cluster has by itself. */
    function configure(change: (pool: Pool) => Pool): void {
      const document = parse(readFileSync(workspace.configFile, "utf8")) as { config: Record<string, Record<string, unknown>> };
      const field = (name: string) => document.config[`openshift-ai-platform:${name}`] ?? {};
      const capabilities = { ...(field("cluster").capabilities as object), argoRollouts: true };
      document.config["openshift-ai-platform:cluster"] = { ...field("cluster"), capabilities };
      document.config["openshift-ai-platform:serving"] = { ...field("serving"), pools: (field("serving").pools as readonly Pool[]).map(change) };
      writeFileSync(workspace.configFile, stringify(document));
    }
    const up = async (): Promise<string> => {
      const { stdout, stderr } = await workspace.pulumi(["up", "--yes", "--skip-preview"]);
      return stdout + stderr;
    };
    /** The stack's own file says that models are not asked: nothing answers on simulated nodes. */
    const configured = () => ["--stack", "production", "--config-file", workspace.configFile];
    const aictl = (...args: readonly string[]): Promise<ExecResult> =>
      exec(join(root, "bin/aictl"), ["--context", cluster.context, "--kubeconfig", cluster.kubeconfig, ...configured(), "--yes", "production", ...args], {
        env: { ...process.env, KUBECONFIG: "/nonexistent/current" },
        allowFailure: true,
        timeoutMs: 300_000,
      });
    const active = async () =>
      (await read<{ spec: { selector: Readonly<Record<string, string>> } }>(cluster, "service", "ollama-active", "-n", namespace)).spec.selector[
        "rollouts-pod-template-hash"
      ] ?? "";
    const replicas = async () =>
      (await read<{ items: readonly Pod[] }>(cluster, "pods", "-n", namespace, "-l", replicaLabels)).items.filter(
        ({ metadata, status }) => metadata.deletionTimestamp === undefined && !["Failed", "Succeeded"].includes(status.phase),
      );
    const isReady = ({ status }: Pod) => status.conditions?.some(({ type, status: is }) => type === "Ready" && is === "True") === true;
    const ready = async () => (await replicas()).filter(isReady).length;
    const waiting = async () => (await replicas()).filter(({ status }) => status.phase === "Pending").map(({ metadata }) => metadata.name);
    /** GPUs used and allowed. */
    const quota = async () => {
      const { status } = await read<Quota>(cluster, "resourcequota", "quota", "-n", namespace);
      return [Number(status.used[gpus]), Number(status.hard[gpus])];
    };
    /** Of ReplicaSets that still want pods which a quota refuses. */
    const refused = async () =>
      (
        await read<{ items: readonly { status: { conditions?: readonly { type: string; message?: string }[] } }[] }>(cluster, "replicasets", "-n", namespace)
      ).items
        .flatMap(({ status }) => status.conditions ?? [])
        .filter(({ type }) => type === "ReplicaFailure");

    it("is promoted by hand where the autoscaler's pods have room twice", async () => {
      await cluster.kubectl(["scale", "rollout", "ollama", "-n", namespace, "--replicas=3"]);
      await eventually("3 pods", async () => (await ready()) === 3);
      const before = await active();
      configure((pool) => ({ ...pool, keepAlive: "23h" }));
      expect(await up()).to.match(/passed and is not promoted yet/);
      expect(await active()).to.equal(before);
      expect(await ready(), "3 and a preview of 2").to.equal(5);
      const promoted = await aictl("rollout", "promote", "ollama");
      expect(promoted.code, promoted.stdout + promoted.stderr).to.equal(0);
      expect(await active()).not.to.equal(before);
      await eventually("the old ones are gone", async () => (await replicas()).length === 3);
      expect(await refused()).to.deep.equal([]);
    });

    it("has 6 replicas and a preview of 2 within 8 GPUs, and nothing waits", async () => {
      configure(({ scale: _, ...pool }) => ({ ...pool, replicas: 6 }));
      await up();
      await eventually("6 pods", async () => (await ready()) === 6);
      const before = await active();
      configure((pool) => ({ ...pool, keepAlive: "22h" }));
      expect(await up()).to.match(/passed and is not promoted yet/);
      expect(await active()).to.equal(before);
      expect(await ready()).to.equal(8);
      expect(await quota()).to.deep.equal([8, 8]);
      expect(await waiting()).to.deep.equal([]);
      expect(await refused()).to.deep.equal([]);
    });

    it("gets over the loss of a node while it waits: all of its pods come back elsewhere, the preview's too", async () => {
      const before = await active();
      const lost = (await replicas()).find(({ metadata }) => metadata.labels["rollouts-pod-template-hash"] !== before)?.spec.nodeName ?? "";
      const names = (await replicas()).filter(({ spec }) => spec.nodeName === lost).map(({ metadata }) => metadata.name);
      expect(names).not.to.deep.equal([]);
      await cluster.kubectl(["delete", "node", lost]);
      await eventually(
        "all of them elsewhere",
        async () => {
          const now = await replicas();
          return now.length === 8 && now.every((pod) => isReady(pod) && pod.spec.nodeName !== lost && !names.includes(pod.metadata.name));
        },
        180,
      );
      expect(await quota()).to.deep.equal([8, 8]);
      expect(await waiting()).to.deep.equal([]);
      expect(await active()).to.equal(before);
    });

    it("is promoted by hand within the quota: 4 of each until the switch, then 6", async () => {
      const before = await active();
      const promoted = await aictl("rollout", "promote", "ollama");
      expect(promoted.code, promoted.stdout + promoted.stderr).to.equal(0);
      expect(promoted.stdout + promoted.stderr).to.match(/no room for 6 new pods beside the old ones: 4 of each until the switch/);
      expect(await active()).not.to.equal(before);
      await eventually("6 pods of the new version alone", async () => {
        const now = await replicas();
        return now.length === 6 && now.every(isReady);
      });
      expect((await quota())[0]).to.equal(6);
      expect(await waiting()).to.deep.equal([]);
      await eventually("nothing is refused any more", async () => (await refused()).length === 0);
      expect(await up()).to.match(/6 of 6 pods ready: serves|\d+ unchanged/);
    });

    it("took no right but those that it was given", () => {
      expect(controller.log().match(/User \S+ cannot [^"]*/g) ?? []).to.deep.equal([]);
    });
  });
}
