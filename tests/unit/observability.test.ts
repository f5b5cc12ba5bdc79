import { expect } from "chai";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { podMonitorSpec } from "../../components/observability/podMonitor";
import { Platform } from "../../components/platform";
import { alertNames } from "../../stacks/observability/alerts";
import { burnRatesOf } from "../../stacks/observability/burnRate";
import { dashboard, dashboardQueries } from "../../stacks/observability/dashboard";
import { gpusOf } from "../../stacks/observability/gpuAlerts";
import { clusterMetrics, firstTokenBounds, gpuMetrics, histograms, promisedBound, routerMetrics, sidecarMetrics } from "../../stacks/observability/metrics";
import { bound, series } from "../../stacks/observability/promql";
import { ruleGroups } from "../../stacks/observability/rules";
import type { AlertingRule, Monitored, MonitoredPool, RuleGroup } from "../../stacks/observability/types";
import { root } from "../../tools/lib/paths";
import { cluster, config, reference, type Fields } from "./support/config";
import { owner } from "./support/context";
import { deploy, type Deployed } from "./support/mocks";

const pool = (name: string, fields: Partial<MonitoredPool> = {}): MonitoredPool => ({
  name,
  models: ["codellama:7b", "mistral:7b"],
  slo: { firstTokenSeconds: 2, firstTokenRatio: 0.95, availability: 0.995 },
  gpusPerReplica: 1,
  drainSeconds: 30,
  loadTimeoutSeconds: 300,
  ...fields,
});
const all: Monitored = { namespace: "ai-production", pools: [pool("code"), pool("chat")], runbooks: "docs/runbooks/", gpus: true, rollouts: true, jobs: true };

const alertsOf = (monitored: Monitored): readonly AlertingRule[] => ruleGroups(monitored).flatMap(({ rules }) => rules.filter((rule) => "alert" in rule));
const namesOf = (monitored: Monitored): readonly string[] => [...new Set(alertsOf(monitored).map(({ alert }) => alert))].sort();

describe("the rules of a stack's pools", () => {
  it("have every alert, for every pool, where all metrics are there", () => {
    expect(namesOf(all)).to.deep.equal([...alertNames].sort());
    for (const name of alertNames.filter((one) => one !== "ModelLoadFailed")) {
      const pools = alertsOf(all)
        .filter(({ alert }) => alert === name)
        .map(({ labels }) => labels.pool);
      expect([...new Set(pools)].sort(), name).to.deep.equal(["chat", "code"]);
    }
  });

  it("have no alert that could not fire: none on GPUs, rollouts or Jobs that nobody tells of", () => {
    const gpu = alertNames.filter((name) => name.startsWith("Gpu"));
    const left = (without: readonly string[]) => alertNames.filter((name) => !without.includes(name)).sort();
    expect(namesOf({ ...all, gpus: false })).to.deep.equal(left(gpu));
    expect(namesOf({ ...all, rollouts: false })).to.deep.equal(left(["ModelRolloutAborted"]));
    expect(namesOf({ ...all, jobs: false })).to.deep.equal(left(["ModelLoadFailed"]));
    expect(namesOf({ ...all, pools: [pool("code", { gpusPerReplica: 0 })] })).to.deep.equal(left(gpu));
  });

  it("say of each alert how bad it is, where, what is wrong, and what to do about it, in a file that is there", () => {
    for (const { alert, labels, annotations } of alertsOf(all)) {
      expect(labels.severity, alert).to.be.oneOf(["critical", "warning"]);
      expect(labels, alert).to.include({ namespace: "ai-production" });
      if (alert !== "ModelLoadFailed") expect(annotations.summary, alert).to.match(/^pool (code|chat): /);
      expect(annotations.runbook_url, alert).to.equal(`docs/runbooks/${alert}.md`);
      expect(existsSync(join(root, annotations.runbook_url)), annotations.runbook_url).to.equal(true);
    }
  });

  it("look at their own project only: two stacks may share a Prometheus", () => {
    for (const { rules } of ruleGroups(all)) {
      for (const rule of rules) {
        for (const [selector] of rule.expr.matchAll(/[A-Za-z_:][A-Za-z0-9_:]*\{[^}]*\}/g)) expect(selector).to.match(/namespace="ai-production"/);
      }
    }
  });

  it("count a promise by a bound that the histogram has, never one that is later", () => {
    expect([2, 0.5, 2.2, 1000, 0.001].map(promisedBound)).to.deep.equal([2, 0.5, 2, 60, 0.005]);
    const rules = ruleGroups({ ...all, pools: [pool("code", { slo: { firstTokenSeconds: 0.6, firstTokenRatio: 0.95, availability: 0.995 } })] });
    expect(JSON.stringify(rules)).to.include('le=~\\"0\\\\\\\\.5\\"');
    expect(firstTokenBounds).to.deep.equal([...firstTokenBounds].sort((a, b) => a - b));
  });

  it("know a bound as Prometheus 2 and 3 write it", () => {
    for (const text of ["2", "2.0"]) expect(text).to.match(new RegExp(`^(${bound(2).source})$`));
    for (const text of ["20", "2.5", "12"]) expect(text).not.to.match(new RegExp(`^(${bound(2).source})$`));
    expect(series("a", { le: bound(0.5) })).to.equal('a{le=~"0\\\\.5"}');
  });
});

describe("alerts on budgets", () => {
  it("are those of the SRE workbook for a promise of 99.5 %", () => {
    expect(burnRatesOf(0.995).map(({ short, long, threshold }) => [short, long, threshold])).to.deep.equal([
      ["5m", "1h", 0.072],
      ["30m", "6h", 0.03],
      ["6h", "3d", 0.005],
    ]);
  });

  it("leave out rates that not even a total failure reaches", () => {
    expect(burnRatesOf(0.9).map(({ long }) => long)).to.deep.equal(["6h", "3d"]);
    expect(burnRatesOf(0.5).map(({ long }) => long)).to.deep.equal(["3d"]);
    expect(burnRatesOf(0)).to.deep.equal([]);
  });
});

describe("the GPUs of a pool", () => {
  const pods = (name: string) => {
    const pattern = gpusOf("ai-production", name).exported_pod;
    return (text: string) => new RegExp(`^(${pattern instanceof RegExp ? pattern.source : ""})$`).test(text);
  };

  it("are those of its replicas, of a Deployment or a Rollout", () => {
    expect(["code-6d4c8f9b75-x7k2p", "code-5f7b9-abcde"].map(pods("code"))).to.deep.equal([true, true]);
  });

  it("are not those of routers and of other pools", () => {
    expect(["code-router-6d4c8f9b75-x7k2p", "code-fast-6d4c8f9b75-x7k2p", "decode-6d4c8f9b75-x7k2p"].map(pods("code"))).to.deep.equal([false, false, false]);
  });
});

describe("the monitor of a pool's pods", () => {
  const { selector, podMetricsEndpoints } = podMonitorSpec("code") as {
    selector: object;
    podMetricsEndpoints: { port: string; relabelings: { sourceLabels: string[]; targetLabel: string; regex: string }[] }[];
  };

  it("selects the pool's routers and replicas", () => {
    expect(selector).to.deep.equal({
      matchLabels: { "app.kubernetes.io/instance": "code" },
      matchExpressions: [{ key: "app.kubernetes.io/component", operator: "In", values: ["model-router", "model-server"] }],
    });
  });

  it("takes the revision from the Rollout's hash, else from the Deployment's", () => {
    const revisions = podMetricsEndpoints[0]?.relabelings.filter(({ targetLabel }) => targetLabel === "revision") ?? [];
    expect(revisions.map(({ sourceLabels }) => sourceLabels[0])).to.deep.equal([
      "__meta_kubernetes_pod_label_pod_template_hash",
      "__meta_kubernetes_pod_label_rollouts_pod_template_hash",
    ]);
    expect(revisions.map(({ regex }) => regex)).to.deep.equal(["(.+)", "(.+)"]);
  });

  it("asks for nothing that OpenShift's monitoring of projects refuses or ignores", () => {
    for (const word of ["namespaceSelector", "honorLabels", "bearerTokenFile", "caFile"]) expect(JSON.stringify(podMonitorSpec("code"))).not.to.include(word);
  });
});

describe("the metrics of rules and dashboard", () => {
  const used = (query: string) => [...query.matchAll(/([A-Za-z_:][A-Za-z0-9_:]*)\{/g)].map(([, name = ""]) => name);
  const rules = ruleGroups(all).flatMap(({ rules: some }) => some);
  const names = new Set([...rules.map(({ expr }) => expr), ...dashboardQueries()].flatMap(used));
  const is = (table: Readonly<Record<string, string>>) => (name: string) =>
    Object.values(table).some((metric) =>
      histograms.includes(metric) ? ["bucket", "count", "sum"].some((suffix) => name === `${metric}_${suffix}`) : name === metric,
    );

  it("are recorded before, or known by the program that prints them", () => {
    const recorded = new Set(rules.flatMap((rule) => ("record" in rule ? [rule.record] : [])));
    const known = [sidecarMetrics, routerMetrics, gpuMetrics, clusterMetrics].map(is);
    expect([...names].filter((name) => !recorded.has(name) && !known.some((knows) => knows(name)))).to.deep.equal([]);
    const tables = [sidecarMetrics, routerMetrics, gpuMetrics, clusterMetrics].flatMap((table) => Object.values(table) as string[]);
    expect(tables.filter((metric) => ![...names].some((name) => is({ metric })(name)))).to.deep.equal([]);
  });

  it("are among the default counters of NVIDIA's DCGM exporter", () => {
    // etc/default-counters.csv of 4.5.3-4.8.2, what is commented out left out.
    const counters =
      "SM_CLOCK MEM_CLOCK MEMORY_TEMP GPU_TEMP POWER_USAGE TOTAL_ENERGY_CONSUMPTION PCIE_REPLAY_COUNTER GPU_UTIL MEM_COPY_UTIL ENC_UTIL DEC_UTIL XID_ERRORS FB_FREE FB_USED FB_RESERVED NVLINK_BANDWIDTH_TOTAL";
    const profiled = "GR_ENGINE_ACTIVE PIPE_TENSOR_ACTIVE DRAM_ACTIVE PCIE_TX_BYTES PCIE_RX_BYTES";
    const byDefault = [...counters.split(" ").map((name) => `DCGM_FI_DEV_${name}`), ...profiled.split(" ").map((name) => `DCGM_FI_PROF_${name}`)];
    const gpu = [...names].filter((name) => name.startsWith("DCGM_"));
    expect(gpu).to.have.length(Object.keys(gpuMetrics).length);
    expect(byDefault).to.include.members(gpu);
  });
});

describe("the dashboard", () => {
  interface Panel {
    readonly type: string;
    readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
    readonly targets?: readonly { readonly expr: string }[];
  }
  const { panels, templating } = dashboard("AI models", "ai-production") as {
    panels: Panel[];
    templating: { list: { name: string }[] };
  };

  it("lets one choose the source, the project and the pools", () => {
    expect(templating.list.map(({ name }) => name)).to.deep.equal(["datasource", "namespace", "pool"]);
  });

  it("has panels that do not overlap", () => {
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) => Array.from({ length: w * h }, (_, i) => `${x + (i % w)},${y + Math.floor(i / w)}`));
    expect(new Set(cells).size).to.equal(cells.length);
    expect(Math.max(...panels.map(({ gridPos: { x, w } }) => x + w))).to.equal(24);
  });

  it("has all its queries in its panels, each confined to what was chosen", () => {
    expect(panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))).to.deep.equal([...dashboardQueries()]);
    for (const query of dashboardQueries()) expect(query).to.match(/namespace=~"\$namespace"/);
  });
});

for (const platform of ["openshift", "kubernetes"] as const) {
  describe(`what the stack gives a Prometheus on ${platform}`, () => {
    interface Object {
      readonly apiVersion: string;
      readonly kind: string;
      readonly metadata: { readonly name: string; readonly namespace: string; readonly labels: Readonly<Record<string, string>> };
      readonly spec: { readonly groups: readonly RuleGroup[] };
      readonly data: Readonly<Record<string, string>>;
    }
    const platformOf = (capabilities: object, fields: Fields = {}) =>
      deploy((opts) => {
        const stack = config({ platform, ...fields, ...cluster({ capabilities }) });
        return new Platform("platform", { config: stack, images: reference, owner, retained: { retainOnDelete: true } }, opts);
      });
    const ofKind = (made: Deployed, kind: string) => made.resources.map(({ inputs }) => inputs as unknown as Object).filter((object) => object.kind === kind);

    it("is nothing where none is", async () => {
      const made = await platformOf({});
      for (const kind of ["PodMonitor", "PrometheusRule"]) expect(ofKind(made, kind)).to.deep.equal([]);
    });

    it("is a monitor for each pool, the rules and a dashboard, in the project of the pools", async () => {
      const made = await platformOf({ monitoring: true });
      const { metadata: monitor, apiVersion } = ofKind(made, "PodMonitor")[0] ?? {};
      expect([apiVersion, monitor?.name, monitor?.namespace]).to.deep.equal(["monitoring.coreos.com/v1", "pool-ollama", "ai-development"]);
      expect(ofKind(made, "PodMonitor")).to.have.length(1);
      expect(ofKind(made, "PrometheusRule").map(({ metadata }) => metadata.namespace)).to.deep.equal(["ai-development"]);
      const board = made.resources.map(({ inputs }) => inputs as unknown as Object).find(({ metadata }) => metadata?.labels?.grafana_dashboard === "1");
      expect(JSON.parse(board?.data["model-pools.json"] ?? "{}")).to.include({ title: "AI models: ai-development" });
    });

    it("has alerts on what belongs to other projects only where rules see it", async () => {
      const names = async (fields: Fields) => {
        const made = await platformOf({ monitoring: true, argoRollouts: true, gpuOperator: true }, fields);
        return ofKind(made, "PrometheusRule").flatMap(({ spec }) =>
          spec.groups.flatMap(({ rules }) => rules.flatMap((rule) => ("alert" in rule ? [rule.alert] : []))),
        );
      };
      const others = ["GpuXidError", "ModelRolloutAborted"];
      const byDefault = await names({});
      for (const name of others) expect(byDefault.includes(name), name).to.equal(platform === "kubernetes");
      expect(await names({ observability: { otherProjects: true } })).to.include.members(others);
      expect(await names({ observability: { otherProjects: true, gpuMetrics: false } }))
        .to.include("ModelRolloutAborted")
        .and.not.include("GpuXidError");
      expect(await names({ observability: { jobMetrics: false } })).not.to.include("ModelLoadFailed");
    });
  });
}
