/** The real Prometheus under its operator reads the real pods of a pool, as `make up ADDONS=monitoring` sets them up: labels, rules, alerts. */
import { expect } from "chai";
import { existsSync, rmSync } from "node:fs";
import { dashboardQueries } from "../../stacks/observability/dashboard";
import { firstTokenBounds, histograms, routerMetrics, sidecarMetrics } from "../../stacks/observability/metrics";
import { recorded } from "../../stacks/observability/recording";
import { eventually } from "../contract/cluster/support";
import { kubectl, make, state } from "../e2e/support";

const namespace = "ai-development";

interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [time: number, value: string];
}
interface Rule {
  readonly name: string;
  readonly health: string;
  readonly lastError?: string;
  readonly type: "alerting" | "recording";
  readonly state?: string;
}

/** Prometheus' API, through the API server. */
async function prometheus<T>(path: string): Promise<T> {
  const answer = await kubectl("get", "--raw", `/api/v1/namespaces/monitoring/services/prometheus:web/proxy/api/v1/${path}`);
  return (JSON.parse(answer) as { data: T }).data;
}

async function query(text: string): Promise<readonly Sample[]> {
  return (
    await prometheus<{ result: Sample[] }>(`query?query=${encodeURIComponent(text).replaceAll("'", "%27").replaceAll("(", "%28").replaceAll(")", "%29")}`)
  ).result;
}

async function rules(): Promise<readonly Rule[]> {
  return (await prometheus<{ groups: { rules: Rule[] }[] }>("rules")).groups.flatMap((group) => group.rules);
}

describe("monitoring on an embedded cluster", function () {
  this.timeout(600_000);
  let pool = "";

  before("up, with the add-on", async () => {
    const result = await make(["up", "ADDONS=monitoring"]);
    expect(result.code, result.output).to.equal(0);
    expect(result.output).to.match(/add-on monitoring/);
    const monitors = JSON.parse(await kubectl("-n", namespace, "get", "podmonitors", "-o", "json")) as { items: { metadata: { name: string } }[] };
    pool = monitors.items[0]?.metadata.name.replace(/^pool-/, "") ?? "";
  });
  after("stop what is left", async () => {
    if (existsSync(state)) await make(["clean"]);
    rmSync(state, { recursive: true, force: true });
  });

  it("is shown by the status, and stays without being named again", async () => {
    const { code, output } = await make(["status"]);
    expect(code, output).to.equal(0);
    expect(output)
      .to.match(/real, add-on monitoring\)/)
      .and.to.match(/✓ monitoring\/prometheus-main-0: Running/);
  });

  it("reads routers and replicas, each series with its pool, its component and its revision", async () => {
    const up = await eventually("both are read", async () => {
      const found = await query(`up{namespace="${namespace}"} == 1`);
      return new Set(found.map(({ metric }) => metric.component)).size === 2 && found;
    });
    for (const { metric } of up) {
      expect(metric).to.include({ namespace, pool });
      expect(metric.component).to.be.oneOf(["model-router", "model-server"]);
      expect(metric.pod).to.include(`-${metric.revision}-`);
    }
  });

  it("finds every metric that rules and dashboard read of them, once somebody has asked", async () => {
    expect((await make(["ask", "PROMPT=hello"])).code).to.equal(0);
    const wanted = [...Object.values(sidecarMetrics), ...Object.values(routerMetrics)].map((name) => (histograms.includes(name) ? `${name}_bucket` : name));
    await eventually("all metrics", async () => {
      const names = new Set(await prometheus<string[]>("label/__name__/values"));
      const missing = wanted.filter((name) => !names.has(name));
      if (missing.length > 0) throw new Error(missing.join(", "));
      return true;
    });
    const bounds = (await query(`count by (le) (${sidecarMetrics.firstToken}_bucket)`)).map(({ metric }) => Number(metric.le)).filter(Number.isFinite);
    expect(bounds.sort((a, b) => a - b)).to.deep.equal([...firstTokenBounds]);
  });

  it("evaluates every rule without an error, and no alert fires", async () => {
    const all = await eventually("all rules are evaluated", async () => {
      const found = await rules();
      return found.length > 20 && found.every(({ health }) => health !== "unknown") && found;
    });
    expect(all.filter(({ health }) => health !== "ok")).to.deep.equal([]);
    expect(all.filter(({ state: is }) => is === "firing")).to.deep.equal([]);
  });

  it("records what autoscaling and people ask for, with numbers that fit what was done", async () => {
    // Growth is seen from the second value on.
    for (let i = 0; i < 2; i++) expect((await make(["ask", "PROMPT=hello"])).code).to.equal(0);
    const value = async (name: string) => {
      const [sample] = await query(`${name}{namespace="${namespace}",pool="${pool}"}`);
      return sample === undefined ? undefined : Number(sample.value[1]);
    };
    await eventually("a time to the first token", async () => ((await value(recorded.firstToken)) ?? 0) > 0);
    expect(await value(recorded.inFlight)).to.equal(0);
    expect(await value(recorded.replicas)).to.equal(1);
    expect(await value(recorded.errors)).to.equal(0);
    expect(await value(recorded.queueWait)).to.be.within(0, 60);
    expect(await value(recorded.slow("5m"))).to.be.within(0, 1);
  });

  it("answers all queries of the dashboard but those on GPUs", async () => {
    const queries = dashboardQueries()
      .filter((text) => !text.includes("DCGM_"))
      .map((text) => text.replaceAll("$__rate_interval", "5m").replaceAll("$namespace", namespace).replaceAll("$pool", pool));
    // All at once, each under its number.
    const answered = await query(queries.map((text, i) => `label_replace(count(${text}), "number", "${i}", "", "")`).join(" or "));
    const numbers = new Set(answered.map(({ metric }) => metric.number));
    expect(queries.filter((_, i) => !numbers.has(String(i)))).to.deep.equal([]);
  });

  it("tells that no replica is ready, with the runbook, and stops when one is", async () => {
    await kubectl("-n", namespace, "scale", `deployment/${pool}`, "--replicas=0");
    const firing = await eventually(
      "the alert fires",
      async () => {
        const { alerts } = await prometheus<{ alerts: { labels: Record<string, string>; annotations: Record<string, string>; state: string }[] }>("alerts");
        return alerts.find(({ labels, state: is }) => labels.alertname === "ModelPoolHasNoReplica" && is !== "inactive");
      },
      90,
    );
    expect(firing.labels).to.include({ severity: "critical", namespace, pool });
    expect(firing.annotations).to.include({ runbook_url: "docs/runbooks/ModelPoolHasNoReplica.md" });
    await kubectl("-n", namespace, "scale", `deployment/${pool}`, "--replicas=1");
    await eventually("the alert ends", async () => (await query('ALERTS{alertname="ModelPoolHasNoReplica"}')).length === 0, 120);
  });
});
