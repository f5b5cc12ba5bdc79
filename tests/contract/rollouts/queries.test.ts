/** The queries of the analysis under the real promtool, over recorded series: traffic, none, resets, and series that are not there. */
import { expect } from "chai";
import { analysisQueries, type GpuMeasure } from "../../../components/serving/blueGreen/queries";
import { differences, refusedQuery, type Recorded } from "../monitoring/promtool";

const [fresh, old] = ["7f9c5d", "6d4c8f"];
const queriesOf = (gpu?: GpuMeasure) => analysisQueries({ namespace: "ai-production", pool: "code", revision: fresh, ...(gpu === undefined ? {} : { gpu }) });
const { firstToken, errorRatio } = queriesOf();

const labels = (revision: string, more: Readonly<Record<string, string>>) =>
  Object.entries({ namespace: "ai-production", pool: "code", revision, pod: `code-${revision}-x7k2p`, ...more })
    .map(([name, value]) => `${name}="${value}"`)
    .join(",");

/** Requests of which `slow` are not within 2 s, as many more each minute. */
function firstTokens(revision: string, inTime: string, all: string): Recorded {
  const bucket = (le: string) => `gen_ai_server_time_to_first_token_seconds_bucket{${labels(revision, { le, gen_ai_operation_name: "chat" })}}`;
  return { [bucket("1.0")]: inTime, [bucket("2.0")]: inTime, [bucket("4.0")]: all, [bucket("+Inf")]: all };
}

const requests = (revision: string, status: string, values: string, model = "codellama:7b"): Recorded => ({
  [`model_server_requests_total{${labels(revision, { status, model, operation: "chat" })}}`]: values,
});

const gpu = (metric: string, pod: string, values: string, namespace = "ai-production"): Recorded => ({
  [`${metric}{namespace="nvidia-gpu-operator",pod="exporter-1",exported_namespace="${namespace}",exported_pod="${pod}",gpu="0"}`]: values,
});

describe("the queries of an analysis under promtool", function () {
  this.timeout(120_000);

  /** @param want the one value; nothing: no sample */
  async function gives(query: string | undefined, series: Recorded, want?: number, at = "10m"): Promise<void> {
    const samples: (readonly [string, number])[] = want === undefined ? [] : [["{}", want]];
    expect(await differences([], series, { at, queries: { [query ?? "missing"]: samples } })).to.equal("");
  }

  /** There is an answer, and it is no number: promtool does not compare NaN. */
  async function givesNaN(query: string, series: Recorded): Promise<void> {
    await gives(`count(${query})`, series, 1);
    await gives(`(${query}) == (${query})`, series);
  }

  it("are valid", async () => {
    for (const query of [firstToken, errorRatio, queriesOf("utilization").gpu, queriesOf("engine").gpu]) expect(await refusedQuery(query ?? "")).to.equal("");
    expect(queriesOf().gpu).to.equal(undefined);
  });

  it("find the 95th percentile of the time to the first token", async () => {
    await gives(firstToken, firstTokens(fresh, "0+100x10", "0+100x10"), 0.95);
    // Half of them within 1 s, the rest between 2 and 4 s: 45 of the 50 that are there.
    await gives(firstToken, firstTokens(fresh, "0+50x10", "0+100x10"), 3.8);
  });

  it("see the new version alone, however slow and wrong the old one is", async () => {
    await gives(firstToken, { ...firstTokens(fresh, "0+100x10", "0+100x10"), ...firstTokens(old, "0+0x10", "0+900x10") }, 0.95);
    await gives(errorRatio, { ...requests(fresh, "200", "0+60x10"), ...requests(old, "500", "0+600x10") }, 0);
  });

  it("give NaN for the time without traffic, and nothing without series", async () => {
    await givesNaN(firstToken, firstTokens(fresh, "5+0x10", "5+0x10"));
    await gives(firstToken, firstTokens(old, "0+100x10", "0+100x10"));
    await gives(firstToken, {});
    // A single scrape is no rate.
    await gives(firstToken, firstTokens(fresh, "5", "5"), undefined, "0m");
  });

  it("count failures of the server as a share of all requests, over all models", async () => {
    const series = { ...requests(fresh, "200", "0+90x10"), ...requests(fresh, "500", "0+6x10"), ...requests(fresh, "503", "0+4x10", "other") };
    await gives(errorRatio, series, 0.1);
    // What the client did wrong is not the version's fault.
    await gives(errorRatio, { ...requests(fresh, "200", "0+50x10"), ...requests(fresh, "404", "0+50x10") }, 0);
  });

  it("take a version that never failed for good, and one that only failed for bad", async () => {
    await gives(errorRatio, requests(fresh, "200", "0+60x10"), 0);
    await gives(errorRatio, requests(fresh, "500", "0+60x10"), 1);
  });

  it("give NaN for the share without traffic, and nothing without series", async () => {
    await givesNaN(errorRatio, requests(fresh, "200", "7+0x10"));
    await gives(errorRatio, {});
    await gives(errorRatio, requests(old, "200", "0+60x10"));
  });

  it("bear a server that starts again and counts from 0", async () => {
    await gives(errorRatio, { ...requests(fresh, "200", "0+75x8 75 150"), ...requests(fresh, "500", "0+25x8 25 50") }, 0.25);
    await gives(firstToken, firstTokens(fresh, "0+100x8 100 200", "0+100x8 100 200"), 0.95);
  });

  it("give nothing once the pods are gone", async () => {
    await gives(errorRatio, requests(fresh, "200", "0+60x5 stale"));
    await gives(firstToken, firstTokens(fresh, "0+100x5 stale", "0+100x5 stale"));
  });

  it("average the GPUs of the new version's pods, of no others", async () => {
    const metric = "DCGM_FI_DEV_GPU_UTIL";
    const series = {
      ...gpu(metric, `code-${fresh}-x7k2p`, "80x10"),
      ...gpu(metric, `code-${fresh}-9qwzt`, "40x10"),
      ...gpu(metric, `code-${old}-abcde`, "0x10"),
      ...gpu(metric, `code-${fresh}-x7k2p`, "0x10", "ai-staging"),
      ...gpu(metric, `big-code-${fresh}-x7k2p`, "0x10"),
      ...gpu(metric, "", "0x10"),
    };
    await gives(queriesOf("utilization").gpu, series, 0.6);
    await gives(queriesOf("utilization").gpu, gpu(metric, `code-${old}-abcde`, "80x10"));
    await gives(queriesOf("engine").gpu, gpu("DCGM_FI_PROF_GR_ENGINE_ACTIVE", `code-${fresh}-x7k2p`, "0.7x10"), 0.7);
  });
});
