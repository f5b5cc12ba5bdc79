import { expect } from "chai";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { canRunReal, findCluster, isRunning, removeCluster, startCluster, stopCluster, type Cluster } from "../../../tools/cluster";
import { clusterId } from "../../../tools/cluster/names";
import { folderOf } from "../../../tools/cluster/state";
import { UserError } from "../../../tools/lib/errors";
import { apply, eventually, hostState, killAll, makeNamespace, read, removeIfThere, restrictedPod, testName } from "./support";

interface PodObject {
  readonly status: {
    readonly phase: string;
    readonly podIP?: string;
    readonly containerStatuses?: readonly { readonly ready: boolean; readonly containerID?: string }[];
  };
}
interface NodeObject {
  readonly status: { readonly allocatable: Readonly<Record<string, string>> };
}

const name = testName("real");
const reason = canRunReal();

// A machine without root or Linux has simulated clusters only; that it says why is what can be shown there.
if (reason !== undefined) {
  describe("a real cluster where none is possible", () => {
    it("is refused with the reason", async () => {
      const error = await startCluster({ name, platform: "openshift", flavor: "real" }).then(
        () => undefined,
        (e: unknown) => e,
      );
      expect(error).to.be.instanceOf(UserError);
      expect(String(error)).to.contain(reason);
    });
  });
} else {
  describe("a real cluster", function () {
    this.timeout(600_000);
    const id = clusterId(folderOf(name));
    const options = { name, platform: "openshift", flavor: "real", gpus: 2 } as const;
    let cluster: Cluster;
    let before_: Awaited<ReturnType<typeof hostState>>;
    let image: string;
    let uid: number;
    const run = async (...command: readonly string[]) =>
      (await cluster.kubectl(["-n", "work", "exec", "tools", "--", ...command], { allowFailure: true })).stdout;
    const ready = (pod: string) =>
      eventually(`pod ${pod} is ready`, async () =>
        (await read<PodObject>(cluster, "-n", "work", "pod", pod)).status.containerStatuses?.every((status) => status.ready),
      );

    before(async () => {
      before_ = await hostState(id);
      cluster = await startCluster(options);
      image = (await cluster.ctr(["images", "ls", "-q"])).stdout.split("\n").find((reference) => reference.includes("busybox:")) ?? "";
      uid = await makeNamespace(cluster, "work");
    });
    after(async () => {
      await removeIfThere(name);
    });

    it("changes nothing on the host but for its own interface and cgroups", async () => {
      const now = await hostState(id);
      for (const what of ["mounts", "firewall", "network namespaces", "settings", "directories"]) expect(now[what], what).to.deep.equal(before_[what]);
      expect(now.interfaces?.filter((line) => !before_.interfaces?.includes(line)).every((line) => line.includes(`oap-${id}`))).to.equal(true);
      expect(now.routes?.filter((line) => !before_.routes?.includes(line)).every((line) => line.includes(`oap-${id}`))).to.equal(true);
    });

    it("runs a restricted pod under the namespace's user id, with a read-only root and a GPU", async () => {
      const gpu = { resources: { limits: { "nvidia.com/gpu": "1", memory: "50Mi", cpu: "100m" } } };
      expect((await apply(cluster, restrictedPod("work", "tools", image, { command: ["sleep", "3600"], container: gpu }))).stderr).to.equal("");
      await ready("tools");
      expect((await run("id", "-u")).trim()).to.equal(String(uid));
      expect(await run("sh", "-c", "echo x >/bin/x || echo refused")).to.contain("refused");
      expect((await read<NodeObject>(cluster, "node", "node1")).status.allocatable["nvidia.com/gpu"]).to.equal("2");
    });

    it("has containers that are containerd's own", async () => {
      const { status } = await read<PodObject>(cluster, "-n", "work", "pod", "tools");
      const containers = (await cluster.ctr(["containers", "ls", "-q"])).stdout.split("\n");
      expect(containers).to.include(status.containerStatuses?.[0]?.containerID?.replace("containerd://", ""));
    });

    it("resolves Services, and says at once that a name outside does not exist", async () => {
      expect(await run("nslookup", "kubernetes.default.svc.cluster.local")).to.match(/Address(?: 1)?:\s+10\.96\.0\.1\s/);
      const start = Date.now();
      expect(await run("nslookup", "example.com.")).to.not.match(/Name:\s+example/);
      expect(Date.now() - start).to.be.lessThan(5000);
    });

    it("answers on a pod's Service from the host through the API server", async () => {
      const { stdout } = await cluster.kubectl(["get", "--raw", "/api/v1/namespaces/openshift-dns/services/dns-default:metrics/proxy/metrics"]);
      expect(stdout).to.contain("coredns_");
    });

    it("serves a Service through its Gateway", async () => {
      const metadata = { name: "metrics", namespace: "openshift-dns" };
      const gateway = {
        apiVersion: "gateway.networking.k8s.io/v1",
        kind: "Gateway",
        metadata,
        spec: { gatewayClassName: "openshift-default", listeners: [{ name: "web", protocol: "HTTP", port: 80 }] },
      };
      const rules = [{ matches: [{ path: { type: "PathPrefix", value: "/metrics" } }], backendRefs: [{ name: "dns-default", port: 9153 }] }];
      const route = { apiVersion: "gateway.networking.k8s.io/v1", kind: "HTTPRoute", metadata, spec: { parentRefs: [{ name: "metrics" }], rules } };
      expect((await apply(cluster, gateway, route)).stderr).to.equal("");
      const path = "/api/v1/namespaces/openshift-ingress/services/traefik:web/proxy/metrics";
      expect(await eventually("the route", async () => (await cluster.kubectl(["get", "--raw", path])).stdout)).to.contain("coredns_");
    });

    it("has metrics of its node", async () => {
      const usage = await eventually("metrics", async () => (await cluster.kubectl(["get", "--raw", "/apis/metrics.k8s.io/v1beta1/nodes/node1"])).stdout);
      expect(usage).to.match(/"cpu":"\d+/);
    });

    it("keeps Secrets encrypted on disk", async () => {
      await apply(cluster, {
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name: "hidden", namespace: "work" },
        stringData: { password: "correct-horse-battery-staple" },
      });
      const data = join(cluster.dir, "etcd/member");
      const files = ["snap/db", ...readdirSync(join(data, "wal")).map((file) => join("wal", file))];
      expect(files.filter((file) => readFileSync(join(data, file)).includes("correct-horse-battery-staple"))).to.deep.equal([]);
      expect(readFileSync(join(data, "snap/db")).includes("/registry/namespaces/work")).to.equal(true);
    });

    it("binds a volume, and its data survives the death of every process", async () => {
      const claim = {
        apiVersion: "v1",
        kind: "PersistentVolumeClaim",
        metadata: { name: "data", namespace: "work" },
        spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "10Mi" } } },
      };
      const pod = restrictedPod("work", "writer", image, {
        command: ["sh", "-c", "test -e /data/kept || echo written >/data/kept; sleep 3600"],
        container: { volumeMounts: [{ name: "data", mountPath: "/data" }] },
        pod: { volumes: [{ name: "data", persistentVolumeClaim: { claimName: "data" } }] },
      });
      await apply(cluster, claim, pod);
      await ready("writer");
      await killAll(id);
      expect(isRunning(cluster)).to.equal(false);
      await startCluster(options);
      await ready("writer");
      const { stdout } = await cluster.kubectl(["-n", "work", "exec", "writer", "--", "cat", "/data/kept"]);
      expect(stdout).to.equal("written\n");
      await ready("tools");
      expect(await run("nslookup", "kubernetes.default.svc.cluster.local")).to.match(/Address(?: 1)?:\s+10\.96\.0\.1\s/);
      expect((await read<NodeObject>(cluster, "node", "node1")).status.allocatable["nvidia.com/gpu"]).to.equal("2");
    });

    it("starts again after a part was killed: containerd without its pods, then the process that holds the namespaces", async () => {
      const { status } = await read<PodObject>(cluster, "-n", "work", "pod", "writer");
      for (const part of ["containerd", "namespaces"]) {
        process.kill((JSON.parse(readFileSync(join(cluster.dir, `run/${part}.json`), "utf8")) as { pid: number }).pid, "SIGKILL");
        await eventually("the loss is seen", () => Promise.resolve(!isRunning(cluster)));
        await startCluster(options);
        expect(isRunning(cluster)).to.equal(true);
      }
      await ready("writer");
      expect((await read<PodObject>(cluster, "-n", "work", "pod", "writer")).status.containerStatuses?.[0]?.containerID).to.equal(
        status.containerStatuses?.[0]?.containerID,
      );
    });

    it("stops without leaving anything but its folder, and is removed with it", async () => {
      await stopCluster(cluster);
      const { processes, ...stopped } = await hostState(id);
      const { processes: none, ...initial } = before_;
      expect(processes).to.deep.equal(none);
      expect(stopped).to.deep.equal(initial);
      expect(findCluster(name)).to.not.equal(undefined);
      await removeCluster(cluster);
      expect(findCluster(name)).to.equal(undefined);
      expect(await hostState(id)).to.deep.equal(before_);
    });
  });
}
