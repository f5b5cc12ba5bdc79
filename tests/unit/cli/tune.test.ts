import { expect } from "chai";
import { adviceFor, type Measured } from "../../../cli/tune/rules";
import { proxyPathOf } from "../../../cli/tune/prometheus";
import type { PoolConfig } from "../../../stacks/schema";
import { config, tiny } from "../support/config";
import { aictl, changes, dev, json, stackText } from "./support";
import { deployment, ns, paths, template, twoVersions } from "./pool";

const nothing: Measured = {
  gpuUse: undefined,
  queueWaitSeconds: undefined,
  inFlight: undefined,
  slots: undefined,
  replicas: undefined,
  tokens: undefined,
  models: [],
  recommended: [],
};

function pool(fields: object = {}): PoolConfig {
  const [first] = config().serving.pools;
  if (!first) throw new Error("no pool");
  return { ...first, ...fields };
}

const advice = (fields: object, measured: Partial<Measured>) =>
  adviceFor(pool(fields), { ...nothing, ...measured }).map(({ rule, change }) => `${rule}: ${change}`);

describe("aictl tune: rules", () => {
  it("say nothing of what was not measured", () => {
    expect(advice({ replicas: 4 }, {})).to.deep.equal([]);
  });

  const cases: readonly { readonly name: string; readonly fields?: object; readonly measured: Partial<Measured>; readonly wanted: readonly string[] }[] = [
    {
      name: "GPUs that idle while nobody waits: fewer replicas",
      fields: { replicas: 4 },
      measured: { gpuUse: 0.3, queueWaitSeconds: 0 },
      wanted: ["gpu-use: serving.pools[ollama].replicas: 4 → 2"],
    },
    { name: "at 70 % nothing", fields: { replicas: 4 }, measured: { gpuUse: 0.7, queueWaitSeconds: 0 }, wanted: [] },
    {
      name: "with autoscaling, the fewest",
      fields: { scale: { min: 3, max: 4, cpuPercent: 70, memoryPercent: 80, queueWaitSeconds: 2 } },
      measured: { gpuUse: 0.1 },
      wanted: ["gpu-use: serving.pools[ollama].scale.min: 3 → 1"],
    },
    { name: "one replica stays", measured: { gpuUse: 0.01 }, wanted: [] },
    { name: "on CPU there is no use of GPUs", fields: { replicas: 4, gpusPerReplica: 0 }, measured: { gpuUse: 0 }, wanted: [] },
    {
      name: "GPUs that idle while requests wait: more at a time",
      fields: { parallel: 4, kvCacheType: "q8_0" },
      measured: { gpuUse: 0.4, queueWaitSeconds: 5 },
      wanted: ["gpu-use: serving.pools[ollama].parallel: 4 → 6"],
    },
    {
      name: "busy GPUs and waiting requests: more replicas, and a smaller cache",
      fields: { replicas: 2 },
      measured: { gpuUse: 0.95, queueWaitSeconds: 5 },
      wanted: ["queue-wait: serving.pools[ollama].replicas: 2 → 3", "kv-cache: serving.pools[ollama].kvCacheType: f16 → q8_0"],
    },
    {
      name: "without flash attention no quantized cache",
      fields: { flashAttention: false },
      measured: { gpuUse: 0.95, queueWaitSeconds: 5 },
      wanted: ["queue-wait: serving.pools[ollama].replicas: 1 → 2"],
    },
    { name: "a wait within the limit is none", measured: { gpuUse: 0.95, queueWaitSeconds: 2 }, wanted: [] },
    {
      name: "a wait beside free slots comes from bursts",
      fields: { kvCacheType: "q8_0" },
      measured: { queueWaitSeconds: 5, inFlight: 1, slots: 8 },
      wanted: ["queue-wait: none"],
    },
    {
      name: "a context that nobody fills",
      fields: { contextLength: 8192 },
      measured: { tokens: 1000 },
      wanted: ["context: serving.pools[ollama].contextLength: 8192 → 2048"],
    },
    {
      name: "a context that is too short",
      fields: { contextLength: 4096 },
      measured: { tokens: 4000 },
      wanted: ["context: serving.pools[ollama].contextLength: 4096 → 6144"],
    },
    { name: "a context that fits", fields: { contextLength: 4096 }, measured: { tokens: 2000 }, wanted: [] },
    { name: "memory that grows", measured: { models: [{ model: tiny, bytes: 1e9, growth: 2e7, requests: 5 }] }, wanted: ["leak: none"] },
    { name: "memory that hardly grows", measured: { models: [{ model: tiny, bytes: 1e9, growth: 5e6, requests: 5 }] }, wanted: [] },
    { name: "the only model of a pool may idle", measured: { models: [{ model: tiny, bytes: 1e9, growth: 0, requests: 0 }] }, wanted: [] },
    {
      name: "requests far from use",
      measured: {
        recommended: [
          { container: "ollama", resource: "cpu", requested: 2, target: 0.5 },
          { container: "ollama", resource: "memory", requested: 2 ** 30, target: 1.2 * 2 ** 30 },
        ],
      },
      wanted: ["vpa: cpu request of ollama: 2000m → 500m (stacks/sizing.ts)"],
    },
  ];
  for (const { name, fields = {}, measured, wanted } of cases) {
    it(name, () => expect(advice(fields, measured)).to.deep.equal(wanted));
  }

  it("an idle model among several", () => {
    const two = { ...pool(), models: [tiny, "tiny:0.2m-v1.0-random"] };
    const measured = {
      ...nothing,
      models: [
        { model: tiny, bytes: 1e9, growth: 0, requests: 0 },
        { model: "tiny:0.2m-v1.0-random", bytes: 1, growth: 0, requests: 9 },
      ],
    };
    expect(adviceFor(two, measured).map(({ change }) => change)).to.deep.equal([`serving.pools[ollama].models: without ${tiny}`]);
  });

  it("each say the number, what it is held against and what to expect", () => {
    const [first] = adviceFor(pool({ replicas: 4 }), { ...nothing, gpuUse: 0.31 });
    expect(first).to.deep.include({ found: "GPUs are used 31 %", limit: "70 % and more", effect: "2 GPUs are free for others, and nobody waits now" });
  });
});

describe("aictl tune", () => {
  const answerTo = (values: Readonly<Record<string, number>>) => (url: string) => {
    const query = new URL(url).searchParams.get("query") ?? "";
    const key = Object.keys(values).find((part) => query.includes(part));
    const result = key === undefined ? [] : [{ metric: { model: tiny }, value: [0, String(values[key])] }];
    return { status: 200, text: JSON.stringify({ status: "success", data: { result } }) };
  };

  it("asks a Prometheus that is named, and says what it had no series for", async () => {
    const done = await aictl(dev("-o", "json", "tune", "ollama", "--prometheus", "https://prometheus.example.com/"), {
      fetched: answerTo({ DCGM_FI_DEV_GPU_UTIL: 0.2 }),
    });
    expect(done.code, done.notes).to.equal(0);
    const [first] = json<{ pools: { advice: { change: string }[]; missing: string[]; measured: Measured }[] }>(done).pools;
    expect(first?.measured.gpuUse).to.equal(0.2);
    expect(first?.advice.map(({ change }) => change)).to.deep.equal(["serving.pools[ollama].replicas: 2 → 1"]);
    expect(first?.missing).to.include("wait in the queue: Prometheus has no such series");
    expect(
      done.calls.filter(({ verb }) => verb === "fetch").every(({ path }) => path.startsWith("https://prometheus.example.com/api/v1/query?query=")),
    ).to.equal(true);
    expect(changes(done)).to.deep.equal([]);
  });

  it("reaches the configured one through the API server, and says why it does not answer", async () => {
    const text = stackText({ cluster: { name: "development", context: "ai", apiServerAddresses: ["198.18.0.2/32"], capabilities: { monitoring: true } } });
    const done = await aictl(dev("tune"), { files: { "Pulumi.dev.yaml": text } });
    const asked = done.calls.filter(({ path }) => path.includes("/services/http:prometheus-operated:9090/proxy/api/v1/query"));
    expect(asked.length).to.be.greaterThan(5);
    expect(done.out).to.contain("not measured: wait in the queue: Prometheus ");
  });

  it("without Prometheus says so, and goes by the VPA", async () => {
    const vpa = {
      spec: { targetRef: { name: "ollama" } },
      status: { recommendation: { containerRecommendations: [{ containerName: "ollama", target: { cpu: "100m", memory: "2Gi" } }] } },
    };
    const answers = {
      [`/apis/autoscaling.k8s.io/v1/namespaces/${ns}/verticalpodautoscalers`]: [vpa],
      [paths.deployment]: { spec: { template: template("a") } },
    };
    const done = await aictl(dev("tune"), { answers });
    expect(done.out).to.contain("cpu request of ollama: 1000m → 100m").and.contain("no Prometheus; --prometheus URL names one");
    expect((await aictl(dev("tune"))).out).to.contain("no VerticalPodAutoscaler");
  });

  it("names the pools there are", async () => {
    const done = await aictl(dev("tune", "olama"));
    expect(done.code).to.equal(2);
    expect(done.notes).to.contain("one of ollama");
  });

  it("knows a Service's address from others", () => {
    expect(proxyPathOf("http://prometheus-operated.monitoring.svc:9090")).to.equal(
      "/api/v1/namespaces/monitoring/services/http:prometheus-operated:9090/proxy",
    );
    expect(proxyPathOf("https://thanos-querier.openshift-monitoring.svc.cluster.local:9091/")).to.equal(
      "/api/v1/namespaces/openshift-monitoring/services/https:thanos-querier:9091/proxy",
    );
    expect(proxyPathOf("https://prometheus.example.com")).to.equal(undefined);
  });
});

describe("aictl pools", () => {
  const pod = (name: string, ip: string) => ({
    metadata: { name, namespace: ns, labels: { "app.kubernetes.io/instance": "ollama" } },
    spec: { containers: [] },
    status: { phase: "Running", podIPs: [{ ip }] },
  });
  const routers = `/api/v1/namespaces/${ns}/pods?labelSelector=${encodeURIComponent("app.kubernetes.io/component=model-router,app.kubernetes.io/instance=ollama")}`;
  const answers = {
    ...twoVersions,
    [paths.deployments]: [deployment("b")],
    [paths.pods]: [pod("ollama-1", "10.0.0.1")],
    [routers]: [pod("router-1", "10.0.1.1"), pod("router-2", "10.0.1.2")],
  };
  const says = (router: string, queued: number) => ({
    status: 200,
    text: JSON.stringify({
      router,
      queued,
      replicas: [{ address: "10.0.0.1", state: "ready", draining: false, inFlight: 3, queued: 0, slots: 4, models: [tiny], memory: [] }],
    }),
  });

  it("has a line for each pool, with what its replicas and each of its routers say", async () => {
    const done = await aictl(dev("pools"), { answers, proxied: { [paths.status]: (call) => (call < 4 ? says("router-1", 3) : says("router-2", 4)) } });
    expect(done.out).to.match(/ollama +2\/2 +3 +7 +2 \(hashb\) +serves +-\n/);
    expect((await aictl(dev("pools"))).out).to.contain(`no pools in ${ns}`);
  });

  it("says nothing of a queue of which it has not heard", async () => {
    const done = await aictl(dev("pools"), { answers, proxied: { [paths.status]: says("router-1", 3) } });
    expect(done.out).to.match(/ollama +2\/2 +3 +- +2 \(hashb\)/);
    expect(done.calls.filter(({ path }) => path === paths.status).length).to.be.lessThan(20);
    expect((await aictl(dev("pools"), { answers })).out).to.match(/ollama +2\/2 +- +- +2 \(hashb\)/);
  });
});
