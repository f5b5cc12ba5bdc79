/** Simulated clusters of both platforms that the tests of the doctor and of schemas share, and stacks for them. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { removeCluster, startCluster, type Cluster, type Platform } from "../../../tools/cluster";
import { connect, type Api } from "../../../tools/doctor/api";
import { eventually, testName } from "../cluster/support";

const shared = new Map<Platform, Promise<Cluster>>();

/** The cluster of a platform, with all of it served and ready; removed when mocha ends. Who breaks something in it mends it. */
export function clusterOf(platform: Platform): Promise<Cluster> {
  const there = shared.get(platform) ?? start(platform);
  shared.set(platform, there);
  return there;
}

async function start(platform: Platform): Promise<Cluster> {
  const cluster = await startCluster({ name: testName(`doc-${platform.slice(0, 2)}`), platform, flavor: "simulated", gpus: 4, nodes: 2 });
  await cluster.kubectl(["wait", "--for=condition=Ready", "nodes", "--all", "--timeout=60s"]);
  // The taint of a new node goes a moment after it is ready.
  await eventually("nodes without the taint of new ones", async () => {
    const { stdout } = await cluster.kubectl(["get", "nodes", "-o", "jsonpath={.items[*].spec.taints[*].key}"]);
    return !stdout.includes("node.kubernetes.io/not-ready");
  });
  await cluster.kubectl(["wait", "--for=condition=Established", "crds", "--all", "--timeout=60s"]);
  const api = apiOf(cluster);
  await eventually("the Gateway API is served", async () => (await api.get("/apis/gateway.networking.k8s.io/v1")) !== undefined);
  return cluster;
}

const dir = mkdtempSync(join(tmpdir(), "oap-doctor-"));
after(async function removeSharedClusters() {
  this.timeout(600_000);
  rmSync(dir, { recursive: true });
  for (const cluster of shared.values()) await removeCluster(await cluster);
});

export function apiOf(cluster: Cluster): Api {
  return connect({ kubeconfig: cluster.kubeconfig, context: cluster.context });
}

let files = 0;
/** A file of these tests. @returns its path */
export function file(name: string, text: string): string {
  const path = join(dir, `${++files}-${name}`);
  writeFileSync(path, text);
  return path;
}

const tiny = "tiny:0.1m-v1.0-random";

/** The configuration file of a stack for a cluster. @param fields what replaces fields of the stack, @param clusterFields of `cluster` */
export function stackFile(cluster: Cluster, fields: object = {}, clusterFields: object = {}): string {
  const stack = {
    environment: "development",
    platform: cluster.platform,
    cluster: { name: "test", context: cluster.context, kubeconfig: cluster.kubeconfig, apiServerAddresses: ["127.0.0.1/32"], ...clusterFields },
    models: [{ name: tiny, source: { kind: "image", image: "tiny-model", path: "/models/tiny" } }],
    serving: { pools: [{ name: "ollama", models: [tiny], gpusPerReplica: 1 }] },
    smokeCheck: false,
    ...fields,
  };
  return file(
    "Pulumi.test.yaml",
    stringify({ config: Object.fromEntries(Object.entries(stack).map(([name, value]) => [`openshift-ai-platform:${name}`, value])) }),
  );
}

/** A kubeconfig that differs from the cluster's in its user or its server. */
export function kubeconfig(cluster: Cluster, ca: string, user: object, server: string): string {
  const name = cluster.context;
  return file(
    "kubeconfig",
    JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name, cluster: { server, "certificate-authority-data": ca } }],
      users: [{ name, user }],
      contexts: [
        { name, context: { cluster: name, user: name } },
        { name: "another", context: { cluster: name, user: name } },
      ],
      "current-context": "another",
    }),
  );
}
