/** A pool of nothing but pods that KWOK plays, under the real controller of Argo Rollouts, with the specs that the platform's component makes. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { analysisTemplate, type AnalysisLimits, type PrometheusAccess } from "../../../components/serving/blueGreen/analysis";
import { activeService, postTemplate, preTemplate, previewService, rolloutSpec } from "../../../components/serving/blueGreen/rolloutSpec";
import type { Cluster } from "../../../tools/cluster";
import { controllerObjects } from "../../../tools/cluster/addons/rollouts";
import { exec, type ExecResult } from "../../../tools/lib/exec";
import { root } from "../../../tools/lib/paths";
import { ensurePrograms } from "../../../tools/toolchain";
import { apply, eventually, makeNamespace, read } from "../cluster/support";

export const pool = "ollama";
const selector = { "app.kubernetes.io/name": "ollama", "app.kubernetes.io/component": "model-server", "app.kubernetes.io/instance": pool };

/** A second between measurements. */
export const quick: AnalysisLimits = { firstTokenSeconds: 2, errorRatio: 0.05, gpuUtilization: 0.3, intervalSeconds: 1, count: 3, gpuCount: 2 };

export interface Controller {
  /** All that it has said. */
  log(): string;
  stop(): Promise<void>;
}

/** Starts the controller as a process, with the rights of the add-on and no others. */
export async function startController(cluster: Cluster): Promise<Controller> {
  const program = (await ensurePrograms(["argo-rollouts"]))["argo-rollouts"].path("rollouts-controller");
  await makeNamespace(cluster, "argo-rollouts");
  await apply(cluster, ...controllerObjects(cluster.platform, "none").filter(({ kind }) => kind !== "Deployment"));
  const { stdout: token } = await cluster.kubectl(["create", "token", "argo-rollouts", "-n", "argo-rollouts"]);
  const config = JSON.parse((await cluster.kubectl(["config", "view", "--raw", "-o", "json"])).stdout) as { users: { user: object }[] };
  for (const one of config.users) one.user = { token: token.trim() };
  const kubeconfig = join(cluster.dir, "home", "argo-rollouts.kubeconfig");
  writeFileSync(kubeconfig, JSON.stringify(config), { mode: 0o600 });
  const file = join(cluster.dir, "home", "argo-rollouts.log");
  const log = createWriteStream(file);
  await once(log, "open");
  // Ports that the kernel chooses: none but this process asks them.
  const args = [`--kubeconfig=${kubeconfig}`, "--leader-elect=false", "--loglevel=info", "--metricsPort=0", "--healthzPort=0"];
  const child: ChildProcess = spawn(program, args, { cwd: join(cluster.dir, "home"), stdio: ["ignore", log, log] });
  const closed = once(child, "close");
  return {
    log: () => readFileSync(file, "utf8"),
    stop: async () => {
      child.kill("SIGTERM");
      const late = setTimeout(() => child.kill("SIGKILL"), 5000);
      await closed;
      clearTimeout(late);
    },
  };
}

/** A Prometheus that answers each query with what the test says: a value, `NaN`, or nothing at all. */
export interface FakePrometheus {
  readonly address: string;
  /** By a part of the query; the first that fits. @default nothing */
  answers: Readonly<Record<string, string | undefined>>;
  readonly queries: string[];
  close(): Promise<void>;
}

export async function fakePrometheus(): Promise<FakePrometheus> {
  const queries: string[] = [];
  const fake = { answers: {} as FakePrometheus["answers"] };
  const server: Server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (text: string) => (body += text));
    request.on("end", () => {
      const query = new URLSearchParams(body).get("query") ?? "";
      queries.push(query);
      const value = Object.entries(fake.answers).find(([part]) => query.includes(part))?.[1];
      const result = value === undefined ? [] : [{ metric: {}, value: [Date.now() / 1000, value] }];
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ status: "success", data: { resultType: "vector", result } }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return Object.assign(fake, {
    address,
    queries,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}

export interface PoolOptions {
  readonly replicas?: number;
  readonly previewReplicas?: number;
  readonly promotion?: "manual" | "automatic";
  readonly prometheus?: string;
  readonly readySeconds?: number;
  readonly consecutiveErrorLimit?: number;
  /** Pods that the Deployment has itself, as before there was a Rollout. @default 0 */
  readonly before?: number;
  readonly scaleDownDelaySeconds?: number;
}

export interface Pool {
  readonly namespace: string;
  readonly replicas: number;
  /** Gives the pods another template, as `up` does. */
  version(text: string, pod?: object): Promise<void>;
  rollout(): Promise<Rollout>;
  /** What `up` runs. */
  watch(seconds?: number): Promise<ExecResult>;
  /** Ends the Job of the newest analysis that has one running. */
  endJob(phase: "Succeeded" | "Failed", message?: string): Promise<void>;
  /** Names the version that the Service of users selects. */
  active(): Promise<string>;
  versionOf(hash: string): Promise<string>;
}

export interface Rollout {
  readonly metadata: { readonly generation: number };
  readonly spec: { readonly replicas?: number };
  readonly status: {
    readonly phase?: string;
    readonly abort?: boolean;
    readonly message?: string;
    readonly currentPodHash?: string;
    readonly stableRS?: string;
    readonly pauseConditions?: readonly { reason: string }[];
    readonly blueGreen?: { readonly activeSelector?: string; readonly previewSelector?: string };
  };
}

interface PodObject {
  readonly metadata: { readonly name: string };
  readonly status?: { readonly phase?: string };
}

/** A namespace with a pool: Deployment, Services, AnalysisTemplates; the Rollout where `withRollout`. */
export async function makePool(cluster: Cluster, namespace: string, options: PoolOptions = {}): Promise<Pool & { addRollout(): Promise<void> }> {
  const { replicas = 2, previewReplicas = 1, promotion = "automatic", readySeconds = 60, before = 0, scaleDownDelaySeconds = 1 } = options;
  await makeNamespace(cluster, namespace);
  const metadata = (name: string) => ({ name, namespace });
  const must = async (...objects: readonly object[]) => {
    const { code, stderr } = await apply(cluster, ...objects);
    if (code !== 0) throw new Error(stderr);
  };
  const deployment = (text: string, count: number, pod: object = {}) => ({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: metadata(pool),
    spec: {
      replicas: count,
      selector: { matchLabels: selector },
      template: {
        metadata: { labels: selector, annotations: { version: text } },
        spec: { ...restricted, containers: [{ name: "ollama", image: "example/ollama:1", ...restrictedContainer }], terminationGracePeriodSeconds: 0, ...pod },
      },
    },
  });
  const service = (name: string) => ({
    apiVersion: "v1",
    kind: "Service",
    metadata: metadata(name),
    spec: { clusterIP: "None", selector, ports: [{ name: "http", port: 11434 }] },
  });
  const prometheus: PrometheusAccess | undefined = options.prometheus === undefined ? undefined : { address: options.prometheus, insecure: false };
  const template = (name: string) => {
    // Its pods wait for a node that is not there, so that the tests say how they end.
    const job = {
      backoffLimit: 0,
      template: {
        metadata: { labels: { "app.kubernetes.io/component": "model-analysis" } },
        spec: {
          ...restricted,
          nodeSelector: { nowhere: "true" },
          restartPolicy: "Never",
          containers: [{ name: "analyze", image: "example/a:1", ...restrictedContainer }],
        },
      },
    };
    const spec = analysisTemplate({
      namespace,
      pool,
      limits: quick,
      job,
      ...(prometheus ? { prometheus, gpu: "utilization" as const } : {}),
    });
    const { consecutiveErrorLimit } = options;
    const metrics = spec.metrics.map((metric) => ({ ...metric, ...(consecutiveErrorLimit === undefined ? {} : { consecutiveErrorLimit }) }));
    return { apiVersion: "argoproj.io/v1alpha1", kind: "AnalysisTemplate", metadata: metadata(name), spec: { ...spec, metrics } };
  };
  const rolloutObject = {
    apiVersion: "argoproj.io/v1alpha1",
    kind: "Rollout",
    metadata: metadata(pool),
    spec: rolloutSpec({ name: pool, deployment: pool, selector, replicas, previewReplicas, promotion, scaleDownDelaySeconds, limits: quick, readySeconds }),
  };
  await must(deployment("one", before), ...[activeService(pool), previewService(pool)].map(service), ...[preTemplate(pool), postTemplate(pool)].map(template));

  const labels = Object.entries(selector)
    .map((pair) => pair.join("="))
    .join(",");
  const patchPod = (name: string, phase: string, message: string) =>
    cluster.kubectl(
      [
        "patch",
        "pod",
        name,
        "-n",
        namespace,
        "--subresource=status",
        "--type=merge",
        "-p",
        JSON.stringify({
          status: {
            phase,
            containerStatuses: [
              {
                name: "analyze",
                image: "example/a:1",
                imageID: "",
                ready: false,
                restartCount: 0,
                state: { terminated: { exitCode: phase === "Failed" ? 1 : 0, message } },
              },
            ],
          },
        }),
      ],
      { allowFailure: true },
    );
  const made = {
    namespace,
    replicas,
    addRollout: () => must(rolloutObject),
    version: (text: string, pod: object = {}) => must(deployment(text, 0, pod)),
    rollout: async () => read<Rollout>(cluster, `rollout.argoproj.io/${pool}`, "-n", namespace),
    watch: (seconds = 240) =>
      exec(process.execPath, [join(root, "components/serving/blueGreen/watch.mjs")], {
        allowFailure: true,
        timeoutMs: (seconds + 30) * 1000,
        env: {
          ...process.env,
          WATCH_KUBECTL: join(cluster.programs, "kubectl"),
          WATCH_CONTEXT: cluster.context,
          WATCH_KUBECONFIG: cluster.kubeconfig,
          WATCH_NAMESPACE: namespace,
          WATCH_ROLLOUT: pool,
          WATCH_REPLICAS: String(replicas),
          WATCH_SECONDS: String(seconds),
          WATCH_PAUSE_MS: "300",
        },
      }),
    endJob: async (phase: "Succeeded" | "Failed", message = "") => {
      const name = await eventually(`a Job's pod in ${namespace}`, async () => {
        const { items } = await read<{ items: PodObject[] }>(cluster, "pods", "-n", namespace, "-l", "app.kubernetes.io/component=model-analysis");
        return items.find(({ status }) => status?.phase === "Pending")?.metadata.name;
      });
      const { code, stderr } = await patchPod(name, phase, message);
      // An analysis that another metric has ended takes its Job away.
      if (code !== 0 && !stderr.includes("NotFound")) throw new Error(stderr);
    },
    active: async () => {
      const { spec } = await read<{ spec: { selector: Record<string, string> } }>(cluster, "service", activeService(pool), "-n", namespace);
      return spec.selector["rollouts-pod-template-hash"] ?? "";
    },
    versionOf: async (hash: string) => {
      const { items } = await read<{ items: { spec: { template: { metadata: { annotations: { version: string } } } } }[] }>(
        cluster,
        "replicasets",
        "-n",
        namespace,
        "-l",
        `${labels},rollouts-pod-template-hash=${hash}`,
      );
      return items[0]?.spec.template.metadata.annotations.version ?? "none";
    },
  };
  return made;
}

const restricted = { securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: "RuntimeDefault" } } };
const restrictedContainer = { securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } } };
