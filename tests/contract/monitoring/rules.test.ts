/** The rules under the real promtool, over recorded series: with traffic and without, with resets, gaps and series that are not there. */
import { expect } from "chai";
import { dashboardQueries } from "../../../stacks/observability/dashboard";
import { ruleGroups } from "../../../stacks/observability/rules";
import type { MonitoredPool } from "../../../stacks/observability/types";
import { differences, namespace, pool, refusedQuery, refusedRules, type Expected, type Recorded } from "./promtool";

const rulesOf = (fields: Partial<MonitoredPool> = {}, sees: { gpus?: boolean; rollouts?: boolean; jobs?: boolean } = {}) =>
  ruleGroups({ namespace, pools: [{ ...pool, ...fields }], runbooks: "docs/runbooks", gpus: false, rollouts: false, jobs: false, ...sees });
const everything = rulesOf({}, { gpus: true, rollouts: true, jobs: true });
/** Without the alerts that nothing is read: what a test is not about is not recorded. */
const quiet = everything.map(({ name, rules }) => ({
  name,
  rules: rules.filter((rule) => !("alert" in rule && rule.alert.endsWith("MetricsMissing"))),
}));

const labels = (more: Readonly<Record<string, string>> = {}) =>
  Object.entries({ namespace, pool: "code", ...more })
    .map(([name, value]) => `${name}="${value}"`)
    .join(",");
const router = (metric: string, more: Readonly<Record<string, string>> = {}) =>
  `model_router_${metric}{${labels({ component: "model-router", pod: "code-router-1", ...more })}}`;
const server = (metric: string, more: Readonly<Record<string, string>> = {}) =>
  `${metric}{${labels({ component: "model-server", pod: "code-6d4c8f9b75-x7k2p", revision: "6d4c8f9b75", ...more })}}`;
const own = `{namespace="${namespace}", pool="code"}`;
const as = (record: string) => `${record}{namespace="${namespace}", pool="code"}`;

/** First tokens in time (2 s) and all of them, as many more each minute. @param bound as Prometheus 3 writes it */
function firstTokens(inTime: string, all: string, bound = "2.0"): Recorded {
  const of = (le: string) =>
    server("gen_ai_server_time_to_first_token_seconds_bucket", { le, gen_ai_operation_name: "chat", gen_ai_request_model: "codellama:7b" });
  return {
    [of("1.0")]: inTime,
    [of(bound)]: inTime,
    [of("5.0")]: all,
    [of("+Inf")]: all,
    [server("gen_ai_server_time_to_first_token_seconds_count", { gen_ai_operation_name: "chat", gen_ai_request_model: "codellama:7b" })]: all,
  };
}

describe("the rules under promtool", function () {
  this.timeout(120_000);

  const passes = async (series: Recorded, ...expected: readonly Expected[]) => expect(await differences(quiet, series, ...expected)).to.equal("");

  it("are valid, whatever the pools are and whatever Prometheus sees", async () => {
    expect(await refusedRules(everything)).to.equal("");
    expect(await refusedRules(rulesOf({ name: "a-1", slo: { firstTokenSeconds: 0.75, firstTokenRatio: 1, availability: 0 } }))).to.equal("");
  });

  it("are refused by promtool where they are wrong, so that it would tell", async () => {
    expect(await refusedRules([{ name: "wrong", rules: [{ record: "a", expr: "sum by (" }] }])).to.match(/parse error/);
    expect(await differences(quiet, {}, { at: "1m", queries: { "vector(1)": [["{}", 2]] } })).to.match(/FAILED/);
  });

  it("make queries of the dashboard that are valid, with Grafana's variables filled in", async () => {
    for (const query of dashboardQueries()) {
      const filled = query.replaceAll("$__rate_interval", "5m").replaceAll("$namespace", namespace).replaceAll("$pool", "code|chat");
      expect(filled).not.to.include("$");
      expect(await refusedQuery(filled), query).to.equal("");
    }
  });

  describe("record of a pool", () => {
    it("requests in flight and waiting, of all routers", () =>
      passes(
        {
          [router("requests_in_flight")]: "3x10",
          [router("requests_queued")]: "2x10",
          [router("requests_in_flight", { pod: "code-router-2" })]: "4x10",
          [router("requests_queued", { pod: "code-router-2" })]: "0x10",
          'model_router_requests_in_flight{namespace="ai-staging",pool="code",pod="code-router-1"}': "100x10",
        },
        {
          at: "5m",
          queries: {
            "pool:model_requests_in_flight:sum": [[as("pool:model_requests_in_flight:sum"), 9]],
            "pool:model_requests_queued:sum": [[as("pool:model_requests_queued:sum"), 2]],
          },
        },
      ));

    it("the wait in the queue, 0 while nobody leaves it, nothing where no router is read", async () => {
      const wait = (le: string) => router("queue_wait_seconds_bucket", { le });
      const waits = {
        [wait("1.0")]: "0+90x10 900x10",
        [wait("2.0")]: "0+100x10 1000x10",
        [wait("+Inf")]: "0+100x10 1000x10",
        [router("requests_queued")]: "0x20",
      };
      const recorded = "pool:model_queue_wait_seconds:p95";
      await passes(waits, { at: "8m", queries: { [`round(${recorded}, 0.01)`]: [[own, 1.5]] } }, { at: "18m", queries: { [recorded]: [[as(recorded), 0]] } });
      await passes({}, { at: "8m", queries: { [recorded]: [] } });
    });

    it("the wait over the restart of a router: a counter that is set back is no negative rate", async () => {
      const wait = (le: string) => router("queue_wait_seconds_bucket", { le });
      const all = "0+100x5 0+100x5";
      await passes(
        { [wait("1.0")]: all, [wait("2.0")]: all, [wait("+Inf")]: all, [router("requests_queued")]: "0x20" },
        {
          at: "7m",
          queries: { "pool:model_queue_wait_seconds:p95 > 0 and pool:model_queue_wait_seconds:p95 <= 1": [[as("pool:model_queue_wait_seconds:p95"), 0.95]] },
        },
      );
    });

    it("the time to the first token: not a number without requests", async () => {
      const recorded = "pool:model_time_to_first_token_seconds:p95";
      await passes(firstTokens("0+100x10", "0+100x10"), { at: "8m", queries: { [`round(${recorded}, 0.01)`]: [[own, 0.95]] } });
      await passes(firstTokens("500x10", "500x10"), { at: "8m", queries: { [`count(${recorded} != ${recorded})`]: [["{}", 1]] } });
    });

    it("the share of errors: 0 where no request ever failed, and no 429 among them", async () => {
      const recorded = "pool:model_error_ratio:rate5m";
      const good = { [router("requests_total", { status: "200", model: "a" })]: "0+60x20" };
      await passes(good, { at: "10m", queries: { [recorded]: [[as(recorded), 0]] } });
      await passes(
        { ...good, [router("requests_total", { status: "502", model: "a" })]: "0+30x20", [router("requests_total", { status: "429", model: "a" })]: "0+10x20" },
        {
          at: "10m",
          queries: { [recorded]: [[as(recorded), 0.3]], "round(pool:model_unavailable:ratio_rate5m, 0.001)": [[own, 0.4]] },
        },
      );
      // A router that starts again counts from 0; the share stays.
      await passes(
        {
          [router("requests_total", { status: "200", model: "a" })]: "0+60x8 0+60x10",
          [router("requests_total", { status: "502", model: "a" })]: "0+60x8 0+60x10",
        },
        { at: "10m", queries: { [recorded]: [[as(recorded), 0.5]] } },
      );
      await passes(
        { [router("requests_total", { status: "200", model: "a" })]: "7x20" },
        { at: "10m", queries: { [`count(${recorded} != ${recorded})`]: [["{}", 1]] } },
      );
    });

    it("its replicas, as the routers see them", () =>
      passes(
        {
          [router("replicas", { state: "ready" })]: "2x10",
          [router("replicas", { state: "draining" })]: "1x10",
          [router("replicas", { state: "ready", pod: "code-router-2" })]: "3x10",
        },
        { at: "5m", queries: { "pool:model_replicas:count": [[as("pool:model_replicas:count"), 3]] } },
      ));
  });

  describe("wake somebody for late first tokens", () => {
    const late = 'alertname="ModelFirstTokenBudgetBurns"';

    it("within minutes where nearly all are late", () =>
      passes(firstTokens("0x90", "0+60x90"), { at: "50m", firing: [`${late}, window="1h"`, `${late}, window="6h"`] }));

    it("also where Prometheus writes bounds as version 2 does", () =>
      passes(firstTokens("0x90", "0+60x90", "2"), { at: "50m", firing: [`${late}, window="1h"`, `${late}, window="6h"`] }));

    it("after hours where half are late", () =>
      passes(firstTokens("0+30x420", "0+60x420"), { at: "400m", firing: [`${late}, window="6h"`, `${late}, window="3d"`] }));

    it("with a ticket where one in ten is", () => passes(firstTokens("0+54x600", "0+60x600"), { at: "600m", firing: [`${late}, window="3d"`] }));

    it("not where the promise is kept, nobody asks, or hardly anybody does", async () => {
      await passes(firstTokens("0+58x400", "0+60x400"), { at: "390m", firing: [] });
      await passes(firstTokens("60x400", "60x400"), { at: "390m", firing: [] });
      await passes(firstTokens("0x30", "0x9 1x10 2x10"), { at: "28m", firing: [] });
      await passes({}, { at: "390m", firing: [] });
    });

    it("no longer, soon after it is over; the ticket stays, since a day's budget is gone", () =>
      passes(
        firstTokens("0x60 0+60x60", "0+60x60 3660+60x60"),
        { at: "55m", firing: [`${late}, window="1h"`, `${late}, window="6h"`] },
        { at: "115m", firing: [`${late}, window="3d"`] },
      ));
  });

  describe("wake somebody for failed and refused requests", () => {
    const burns = 'alertname="ModelAvailabilityBudgetBurns"';
    const requests = (good: string, bad: string, status = "503") => ({
      [router("requests_total", { status: "200", model: "a" })]: good,
      [router("requests_total", { status, model: "a" })]: bad,
    });

    it("within minutes where one in ten fails", () =>
      passes(requests("0+90x60", "0+10x60"), { at: "50m", firing: [`${burns}, window="1h"`, `${burns}, window="6h"`] }));

    it("and where the queue is full, with the reason beside", () =>
      passes(requests("0+90x60", "0+10x60", "429"), {
        at: "50m",
        firing: [`${burns}, window="1h"`, `${burns}, window="6h"`, 'alertname="ModelRequestsRefused"'],
      }));

    it("with a ticket where one in a hundred fails", () => passes(requests("0+99x600", "0+1x600"), { at: "600m", firing: [`${burns}, window="3d"`] }));

    it("not where all is well, nor for mistakes of clients", async () => {
      await passes(requests("0+100x400", "0x400"), { at: "390m", firing: [] });
      await passes(requests("0+50x400", "0+50x400", "404"), { at: "390m", firing: [] });
    });
  });
});
