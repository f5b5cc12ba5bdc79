import { expect } from "chai";
import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isRunning, startCluster, stopCluster, type Cluster } from "../../../tools/cluster";
import { processesOf } from "../../../tools/cluster/processes";
import { readRecord } from "../../../tools/cluster/state";
import { UserError } from "../../../tools/lib/errors";
import { apply, eventually, killAll, makeNamespace, read, removeIfThere, restrictedPod, testName } from "./support";

interface PodObject {
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> };
  readonly spec: {
    readonly securityContext?: { readonly fsGroup?: number; readonly runAsUser?: number };
    readonly containers: readonly { readonly name: string; readonly securityContext?: { readonly runAsUser?: number } }[];
    readonly initContainers?: readonly { readonly securityContext?: { readonly runAsUser?: number } }[];
  };
  readonly status: { readonly phase: string; readonly podIP?: string };
}
interface NamespaceObject {
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> };
}
interface NodeList {
  readonly items: readonly {
    readonly metadata: { readonly labels: Readonly<Record<string, string>> };
    readonly status: { readonly allocatable: Readonly<Record<string, string>> };
  }[];
}

const ranges = "openshift.io/sa.scc.uid-range";

describe("simulated clusters side by side", function () {
  this.timeout(600_000);
  const names = { openshift: testName("os"), kubernetes: testName("k8s") };
  let openshift: Cluster;
  let kubernetes: Cluster;
  let took: number;

  before(async () => {
    const start = Date.now();
    openshift = await startCluster({ name: names.openshift, platform: "openshift", flavor: "simulated", gpus: 4, nodes: 2 });
    took = Date.now() - start;
    kubernetes = await startCluster({ name: names.kubernetes, platform: "kubernetes", flavor: "simulated" });
  });
  after(async () => {
    await Promise.all(Object.values(names).map(removeIfThere));
  });

  it("are up in seconds", () => {
    expect(took).to.be.lessThan(60_000);
    expect([isRunning(openshift), isRunning(kubernetes)]).to.deep.equal([true, true]);
  });

  it("have ports, certificates and kubeconfigs of their own, readable by the owner only", async () => {
    const [a, b] = [readRecord(openshift.dir), readRecord(kubernetes.dir)];
    expect(Object.values(a?.ports ?? {})).to.not.include.members(Object.values(b?.ports ?? {}));
    for (const cluster of [openshift, kubernetes]) {
      expect(statSync(cluster.kubeconfig).mode & 0o777).to.equal(0o600);
      expect(statSync(join(cluster.dir, "pki/admin.key")).mode & 0o777).to.equal(0o600);
      expect((await cluster.kubectl(["config", "current-context"])).stdout.trim()).to.equal(cluster.context);
    }
    const foreign = readFileSync(openshift.kubeconfig, "utf8").replace(/https:[^"]*/, `https://127.0.0.1:${b?.ports?.api ?? 0}`);
    const file = join(openshift.dir, "foreign");
    writeFileSync(file, foreign);
    const { code, stderr } = await kubernetes.kubectl(["--kubeconfig", file, "get", "namespaces"], { allowFailure: true });
    expect(code).to.not.equal(0);
    expect(stderr).to.contain("certificate");
  });

  it("give each component no more rights than its own", async () => {
    const may = async (component: string, ...what: readonly string[]) =>
      (
        await openshift.kubectl(["--kubeconfig", join(openshift.dir, `config/${component}.kubeconfig`), "auth", "can-i", ...what], { allowFailure: true })
      ).stdout.trim();
    expect(await may("kube-scheduler", "create", "pods", "--subresource=binding")).to.equal("yes");
    expect(await may("kube-scheduler", "get", "secrets")).to.equal("no");
    expect(await may("kwok", "get", "secrets")).to.equal("no");
    expect(await may("openshift-namespaces", "get", "secrets")).to.equal("no");
    expect(await may("openshift-namespaces", "patch", "namespaces")).to.equal("yes");
  });

  it("show GPUs on their nodes, and a pod that asks for them becomes ready there", async () => {
    const { items } = await read<NodeList>(openshift, "nodes");
    expect(items.map((node) => node.status.allocatable["nvidia.com/gpu"])).to.deep.equal(["4", "4", undefined]);
    expect(items[0]?.metadata.labels).to.include({ "nvidia.com/gpu.present": "true", "nvidia.com/gpu.count": "4", "nvidia.com/gpu.product": "A100-SXM4-40GB" });
    await makeNamespace(openshift, "gpu");
    const tolerations = [{ key: "nvidia.com/gpu", operator: "Exists", effect: "NoSchedule" }];
    const gpu = { resources: { limits: { "nvidia.com/gpu": "2" } } };
    await apply(
      openshift,
      restrictedPod("gpu", "fits", "any", { container: gpu, pod: { tolerations } }),
      restrictedPod("gpu", "intolerant", "any", { container: gpu }),
    );
    await eventually("pod is ready", async () => (await read<PodObject>(openshift, "-n", "gpu", "pod", "fits")).status.phase === "Running");
    expect((await read<PodObject>(openshift, "-n", "gpu", "pod", "intolerant")).status.phase).to.equal("Pending");
  });

  it("are repaired when one component was killed, and keep their data when all were", async () => {
    const id = readRecord(kubernetes.dir)?.id ?? "";
    await apply(kubernetes, { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "kept", namespace: "default" }, data: { answer: "42" } });
    const scheduler = (JSON.parse(readFileSync(join(kubernetes.dir, "run/kube-scheduler.json"), "utf8")) as { pid: number }).pid;
    process.kill(scheduler, "SIGKILL");
    await eventually("the loss is seen", () => Promise.resolve(!isRunning(kubernetes)));
    const others = processesOf(id).filter((pid) => pid !== scheduler);
    await startCluster({ name: names.kubernetes, platform: "kubernetes", flavor: "simulated" });
    expect(isRunning(kubernetes)).to.equal(true);
    expect(processesOf(id)).to.include.members(others);

    await killAll(id);
    const ports = readRecord(kubernetes.dir)?.ports;
    const again = () => startCluster({ name: names.kubernetes, platform: "kubernetes", flavor: "simulated" });
    await Promise.all([again(), again()]); // two at the same time: the second waits and finds it running
    expect(processesOf(id)).to.have.lengthOf(5);
    expect(readRecord(kubernetes.dir)?.ports).to.deep.equal(ports);
    const { data } = await read<{ data: Record<string, string> }>(kubernetes, "configmap", "kept");
    expect(data).to.deep.equal({ answer: "42" });
  });

  it("refuse another platform for the same folder", async () => {
    const error = await startCluster({ name: names.kubernetes, platform: "openshift", flavor: "simulated" }).then(
      () => undefined,
      (e: unknown) => e,
    );
    expect(error).to.be.instanceOf(UserError);
    expect(String(error)).to.contain("has platform kubernetes, not openshift");
  });

  it("name the component that ends early, and its log", async () => {
    await stopCluster(kubernetes);
    expect(processesOf(readRecord(kubernetes.dir)?.id ?? "")).to.deep.equal([]);
    const data = join(kubernetes.dir, "etcd");
    renameSync(data, `${data}.aside`);
    writeFileSync(data, "not a directory");
    const error = await startCluster({ name: names.kubernetes, platform: "kubernetes", flavor: "simulated" }).then(
      () => undefined,
      (e: unknown) => e,
    );
    rmSync(data);
    renameSync(`${data}.aside`, data);
    expect(error).to.be.instanceOf(UserError);
    expect(String(error))
      .to.match(/etcd ended right after its start/)
      .and.contain(join(kubernetes.dir, "logs/etcd.log"));
    await startCluster({ name: names.kubernetes, platform: "kubernetes", flavor: "simulated" });
    expect((await read<{ data: object }>(kubernetes, "configmap", "kept")).data).to.deep.equal({ answer: "42" });
  });

  describe("of the platform openshift", () => {
    let first: number;
    before(async () => {
      first = await makeNamespace(openshift, "assigned");
    });

    it("give each namespace a block of 10,000 user ids, groups and a pair of categories", async () => {
      const other = await makeNamespace(openshift, "other");
      expect(first).to.be.at.least(1_000_000_000);
      expect(Math.abs(other - first) % 10_000).to.equal(0);
      expect(other).to.not.equal(first);
      const { metadata } = await read<NamespaceObject>(openshift, "namespace", "assigned");
      expect(metadata.annotations).to.include({ [ranges]: `${first}/10000`, "openshift.io/sa.scc.supplemental-groups": `${first}/10000` });
      expect(metadata.annotations?.["openshift.io/sa.scc.mcs"]).to.match(/^s0:c\d+,c\d+$/);
    });

    it("keep the ranges that a namespace brings", async () => {
      expect(await makeNamespace(openshift, "brought", { [ranges]: "1000650000/10000" })).to.equal(1_000_650_000);
    });

    it("assign user id and fsGroup to a pod that has none, in all its containers", async () => {
      const initContainers = [{ name: "init", image: "any", securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } } }];
      expect((await apply(openshift, restrictedPod("assigned", "plain", "any", { pod: { initContainers } }))).code).to.equal(0);
      const { spec, metadata } = await read<PodObject>(openshift, "-n", "assigned", "pod", "plain");
      expect(spec.securityContext?.fsGroup).to.equal(first);
      expect([...spec.containers, ...(spec.initContainers ?? [])].map((container) => container.securityContext?.runAsUser)).to.deep.equal([first, first]);
      expect(metadata.annotations?.["openshift.io/scc"]).to.equal("restricted-v2");
    });

    it("keep ids inside the range", async () => {
      expect((await apply(openshift, restrictedPod("assigned", "inside", "any", { security: { runAsUser: first + 7, fsGroup: first + 8 } }))).code).to.equal(0);
      const { spec } = await read<PodObject>(openshift, "-n", "assigned", "pod", "inside");
      expect(spec.securityContext).to.include({ runAsUser: first + 7, fsGroup: first + 8 });
      expect(spec.containers[0]?.securityContext?.runAsUser).to.equal(undefined);
    });

    for (const [what, spec, reason] of [
      ["a literal user id outside the range", { security: { runAsUser: 1000 } }, "runAsUser: Invalid value: 1000: must be in the ranges: ["],
      ["a literal fsGroup outside the range", { security: { fsGroup: 1000 } }, "fsGroup: Invalid value: 1000: must be in the ranges: ["],
      [
        "a container's user id outside the range",
        { container: { securityContext: { runAsUser: 65532, allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } } } },
        "must be in the ranges",
      ],
    ] as const) {
      it(`refuse ${what}`, async () => {
        const { code, stderr } = await apply(openshift, restrictedPod("assigned", "refused", "any", spec));
        expect(code).to.not.equal(0);
        expect(stderr).to.contain("unable to validate against any security context constraint").and.contain(reason);
      });
    }

    for (const [what, spec] of [
      ["host directories", { pod: { volumes: [{ name: "host", hostPath: { path: "/" } }] } }],
      ["the host's network", { pod: { hostNetwork: true } }],
      ["privileged containers", { container: { securityContext: { privileged: true } } }],
    ] as const) {
      it(`refuse ${what} also where Pod Security allows them`, async () => {
        await apply(openshift, { apiVersion: "v1", kind: "Namespace", metadata: { name: "lax" } });
        await eventually("ranges", async () => (await read<NamespaceObject>(openshift, "namespace", "lax")).metadata.annotations?.[ranges]);
        const { stderr } = await apply(openshift, restrictedPod("lax", "refused", "any", spec));
        expect(stderr).to.contain("unable to validate against any security context constraint");
      });
    }

    it("serve Route and Gateway", async () => {
      const { stdout } = await openshift.kubectl(["api-resources", "-o", "name"]);
      expect(stdout.split("\n")).to.include.members([
        "routes.route.openshift.io",
        "securitycontextconstraints.security.openshift.io",
        "gateways.gateway.networking.k8s.io",
        "httproutes.gateway.networking.k8s.io",
      ]);
    });
  });

  describe("of the platform kubernetes", () => {
    it("have none of this: no ranges, no assigned ids, no Route; but Gateway", async () => {
      await makeNamespace(kubernetes, "plain");
      expect((await apply(kubernetes, restrictedPod("plain", "own-id", "any", { security: { runAsUser: 1000 } }))).code).to.equal(0);
      const { spec } = await read<PodObject>(kubernetes, "-n", "plain", "pod", "own-id");
      expect(spec.securityContext?.runAsUser).to.equal(1000);
      expect(spec.securityContext?.fsGroup).to.equal(undefined);
      expect((await read<NamespaceObject>(kubernetes, "namespace", "plain")).metadata.annotations?.[ranges]).to.equal(undefined);
      const resources = (await kubernetes.kubectl(["api-resources", "-o", "name"])).stdout.split("\n");
      expect(resources).to.include("gateways.gateway.networking.k8s.io");
      expect(resources.filter((name) => name.includes("openshift"))).to.deep.equal([]);
    });
  });
});
