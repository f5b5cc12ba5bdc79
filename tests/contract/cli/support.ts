/** A cluster for aictl: real API server, scheduler and controllers, that of Argo Rollouts too; nodes with GPUs that nobody has. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { removeCluster, startCluster, type Cluster } from "../../../tools/cluster";
import { exec } from "../../../tools/lib/exec";
import { root } from "../../../tools/lib/paths";
import { apply, eventually, testName } from "../cluster/support";

export const tiny = "tiny:0.1m-v1.0-random";

let shared: Promise<Cluster> | undefined;
const dir = mkdtempSync(join(tmpdir(), "oap-cli-"));
after(async function removeSharedCluster() {
  this.timeout(600_000);
  rmSync(dir, { recursive: true });
  if (shared) await removeCluster(await shared);
});

export function testCluster(): Promise<Cluster> {
  return (shared ??= start());
}

async function start(): Promise<Cluster> {
  const cluster = await startCluster({ name: testName("cli"), platform: "kubernetes", flavor: "simulated", gpus: 2, nodes: 2, addons: ["rollouts"] });
  await cluster.kubectl(["wait", "--for=condition=Ready", "nodes", "--all", "--timeout=60s"]);
  await eventually("nodes without the taint of new ones", async () => {
    const { stdout } = await cluster.kubectl(["get", "nodes", "-o", "jsonpath={.items[*].spec.taints[*].key}"]);
    return !stdout.includes("node.kubernetes.io/not-ready");
  });
  return cluster;
}

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command itself, from another folder than the project's. */
export async function aictl(cluster: Cluster, namespace: string, ...args: readonly string[]): Promise<Outcome> {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("AICTL_") && name !== "KUBECONFIG"));
  return exec(join(root, "bin/aictl"), ["--context", cluster.context, "--kubeconfig", cluster.kubeconfig, "-n", namespace, "--timeout", "90s", ...args], {
    cwd: dir,
    env: { ...env, KUBECONFIG: "/nonexistent/current" },
    allowFailure: true,
    timeoutMs: 120_000,
  });
}

export const json = <T>({ stdout }: Outcome): T => JSON.parse(stdout) as T;

let files = 0;
/** A configuration file whose models are not asked. @returns its path */
export function stackFile(cluster: Cluster): string {
  const stack = {
    environment: "development",
    platform: cluster.platform,
    cluster: { name: "test", context: cluster.context, kubeconfig: cluster.kubeconfig, apiServerAddresses: ["127.0.0.1/32"] },
    models: [{ name: tiny, source: { kind: "image", image: "tiny-model", path: "/models/tiny" } }],
    serving: { pools: [{ name: "ollama", models: [tiny] }] },
    smokeCheck: false,
  };
  const path = join(dir, `${++files}-Pulumi.test.yaml`);
  writeFileSync(path, stringify({ config: Object.fromEntries(Object.entries(stack).map(([name, value]) => [`openshift-ai-platform:${name}`, value])) }));
  return path;
}

const labels = { "app.kubernetes.io/name": "ollama", "app.kubernetes.io/component": "model-server", "app.kubernetes.io/instance": "ollama" };
const restricted = { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] }, runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } };
const jobName = "load-tiny";

/** The Deployment of a pool. @param made what the platform annotates it with */
export function pool(namespace: string, version: string, made: object, replicas = 1): object {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "ollama", namespace, labels, annotations: { "openshift-ai-platform/pool": JSON.stringify(made) } },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      template: {
        metadata: { labels, annotations: { version } },
        spec: {
          tolerations: [{ key: "nvidia.com/gpu", operator: "Exists", effect: "NoSchedule" }],
          containers: [
            {
              name: "ollama",
              image: `example/ollama:${version}`,
              env: [{ name: "MODELS", value: `${tiny} manifest ${jobName}` }],
              resources: { requests: { cpu: "100m", memory: "64Mi", "nvidia.com/gpu": "1" }, limits: { "nvidia.com/gpu": "1" } },
              securityContext: restricted,
            },
          ],
        },
      },
    },
  };
}

/** The Job that loaded its model, and a quota of GPUs. */
export function around(namespace: string, gpus: number): readonly object[] {
  const job = {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name: jobName, namespace, labels: { "app.kubernetes.io/component": "model-loader" }, annotations: { "openshift-ai-platform/model": tiny } },
    spec: { template: { spec: { restartPolicy: "Never", containers: [{ name: "loader", image: "example/loader:1", securityContext: restricted }] } } },
  };
  return [job, quota(namespace, gpus)];
}

export const quota = (namespace: string, gpus: number): object => ({
  apiVersion: "v1",
  kind: "ResourceQuota",
  metadata: { name: "platform", namespace },
  spec: { hard: { "requests.nvidia.com/gpu": String(gpus) } },
});

export async function must(cluster: Cluster, ...objects: readonly object[]): Promise<void> {
  const { code, stderr } = await apply(cluster, ...objects);
  if (code !== 0) throw new Error(stderr);
}
