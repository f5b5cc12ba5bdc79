/**
 * The real controller of HorizontalPodAutoscalers, the real prometheus-adapter with the program's rules, and a Prometheus that says what the test wants: pods of a
 * simulated pool come and go with the requests in flight and the time in the queue.
 */
import { expect } from "chai";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { externalMetricName, poolQuery } from "../../../stacks/scaling/metrics";
import { removeCluster, startCluster, type Cluster } from "../../../tools/cluster";
import { eventually, testName } from "../cluster/support";
import { openProgram, type Program } from "../serving/program";
import { startAdapter, type Adapter } from "./adapterProcess";
import { resourceRules, scriptedPrometheus, type ScriptedPrometheus } from "./scriptedPrometheus";

const namespace = "contract-scales";

interface Hpa {
  readonly status: {
    readonly currentMetrics?: readonly {
      readonly external?: { readonly metric: { readonly name: string }; readonly current: Readonly<Record<string, string>> };
    }[];
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason: string; readonly message: string }[];
  };
}

describe("a pool under the real autoscaler and adapter", function () {
  this.timeout(120_000);
  let cluster: Cluster;
  let program: Program | undefined;
  let prometheus: ScriptedPrometheus | undefined;
  let adapter: Adapter | undefined;

  before(async function () {
    this.timeout(300_000);
    cluster = await startCluster({ name: testName("scales"), platform: "kubernetes", flavor: "simulated", nodes: 1 });
    prometheus = await scriptedPrometheus({ namespace, pool: "ollama" });
    adapter = await startAdapter(cluster, prometheus.url, { resourceRules });
    program = await openProgram(join(__dirname, "programs/pool"), cluster);
    const { code, stdout, stderr } = await program.pulumi(["up", "--yes", "--skip-preview"], {
      CONTRACT_NAMESPACE: namespace,
      CONTRACT_METRICS: "prometheus-adapter",
      CONTRACT_QUICK: "yes",
    });
    expect(code, `${stdout}\n${stderr}`).to.equal(0);
  });
  after(async function () {
    this.timeout(120_000);
    program?.remove();
    await adapter?.stop();
    await prometheus?.close();
    await removeCluster(cluster);
  });

  const get = async <T>(what: string) => JSON.parse((await cluster.kubectl(["get", what, "ollama", "-n", namespace, "-o", "json"])).stdout) as T;
  const replicas = async () => Number((await cluster.kubectl(["get", "deployment", "ollama", "-n", namespace, "-o", "jsonpath={.spec.replicas}"])).stdout);
  const becomes = (count: number) =>
    eventually(`${count} pods`, async () => (await replicas()) === count, 60).catch(async (error: unknown) => {
      throw new Error(`${String(error)}\n${JSON.stringify((await get<Hpa>("hpa")).status, null, 1)}\n${(adapter?.log() ?? "").slice(-2000)}`);
    });
  const says = (change: Partial<ScriptedPrometheus["script"]>) => Object.assign(prometheus?.script ?? {}, change);

  it("has its fewest pods while nobody asks, and its metrics are known", async () => {
    await becomes(2);
    const { conditions = [] } = await eventually("metrics", async () => {
      const { status } = await get<Hpa>("hpa");
      const known = (status.currentMetrics ?? []).filter(({ external }) => external);
      return known.length === 2 && status.conditions?.some(({ type, status: holds }) => type === "ScalingActive" && holds === "True") ? status : undefined;
    });
    expect(conditions.find(({ type }) => type === "ScalingActive")).to.include({ reason: "ValidMetricFound" });
  });

  it("gets a pod for every 4 requests in flight", async () => {
    says({ inFlight: 14 });
    await becomes(4);
  });

  it("gets more in proportion to how long requests wait, up to the most", async () => {
    says({ inFlight: 16, queueWait: 5 });
    await becomes(6);
  });

  it("keeps its pods while Prometheus is away", async () => {
    says({ inFlight: 0, queueWait: 0, away: true });
    await eventually("that it is seen", async () =>
      (await get<Hpa>("hpa")).status.conditions?.some(({ type, status }) => type === "ScalingActive" && status === "False"),
    );
    await sleep(16_000); // another look
    expect(await replicas()).to.equal(6);
  });

  it("goes back to its fewest pods when nobody asks any more", async () => {
    says({ away: false });
    await becomes(2);
  });

  it("asked for its own series, by the program's queries", () => {
    const matchers = `pool="ollama",namespace="${namespace}"`;
    expect([...(prometheus?.queries ?? [])]).to.include.members([poolQuery("inFlight", matchers), poolQuery("queueWait", matchers)]);
  });

  it("finds the metrics of no other pool", async () => {
    const path = (metric: string, pool: string) => `/apis/external.metrics.k8s.io/v1beta1/namespaces/${namespace}/${metric}?labelSelector=pool%3D${pool}`;
    const values = async (pool: string) =>
      (JSON.parse((await cluster.kubectl(["get", "--raw", path(externalMetricName.inFlight, pool)])).stdout) as { items: unknown[] }).items;
    expect([(await values("ollama")).length, (await values("other")).length]).to.deep.equal([1, 0]);
  });
});
