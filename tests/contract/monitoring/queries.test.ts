/** The queries by which a new version is measured, under the real promtool: what they say with traffic, and that they say nothing, or NaN, without. */
import { expect } from "chai";
import { analysisQueries } from "../../../components/serving/blueGreen/queries";
import { differences, namespace, refusedQuery, type Recorded } from "./promtool";

const revision = "6d4c8f9b75";
const queries = (gpu?: "utilization" | "engine") =>
  analysisQueries({ namespace, pool: "code", revision, windowSeconds: 300, ...(gpu === undefined ? {} : { gpu }) });

const series = (metric: string, more: Readonly<Record<string, string>>, of: Readonly<Record<string, string>> = { namespace, pool: "code", revision }) =>
  `${metric}{${Object.entries({ ...of, ...more })
    .map(([name, value]) => `${name}="${value}"`)
    .join(",")}}`;
const requests = (status: string, more: Readonly<Record<string, string>> = {}) =>
  series("model_server_requests_total", { model: "a", operation: "chat", status, pod: `code-${revision}-aaaaa`, ...more });
const firstToken = (le: string, more: Readonly<Record<string, string>> = {}) =>
  series("gen_ai_server_time_to_first_token_seconds_bucket", { le, pod: `code-${revision}-aaaaa`, ...more });
const gpu = (metric: string, pod: string, more: Readonly<Record<string, string>> = {}) =>
  series(metric, { exported_namespace: namespace, exported_pod: pod, gpu: "0", ...more }, { namespace: "nvidia-gpu-operator", pod: "dcgm-exporter-1" });

/** What a query says after ten minutes: a number, `nothing`, or `NaN`. */
async function says(query: string, recorded: Recorded, expected: number | "nothing" | "NaN"): Promise<void> {
  const asked =
    expected === "NaN"
      ? { [`count((${query}) != (${query}))`]: [["{}", 1]] as const }
      : { [`round(${query}, 0.001)`]: expected === "nothing" ? [] : [["{}", expected] as const] };
  expect(await differences([], recorded, { at: "10m", queries: asked })).to.equal("");
}

describe("the queries of a new version's analysis, under promtool", function () {
  this.timeout(120_000);

  it("are valid", async () => {
    for (const kind of ["utilization", "engine"] as const) {
      for (const query of Object.values(queries(kind))) expect(await refusedQuery(query as string), query as string).to.equal("");
    }
  });

  describe("the share of errors", () => {
    const { errorRatio } = queries();

    it("is that of the version's own pods", () =>
      says(
        errorRatio,
        {
          [requests("200")]: "0+90x20",
          [requests("502")]: "0+10x20",
          [requests("500", { revision: "other", pod: "code-other-aaaaa" })]: "0+900x20",
          [requests("500", { pool: "chat" })]: "0+900x20",
        },
        0.1,
      ));

    it("is 0 where no request ever failed, and mistakes of clients are no failures", async () => {
      await says(errorRatio, { [requests("200")]: "0+90x20" }, 0);
      await says(errorRatio, { [requests("200")]: "0+90x20", [requests("404")]: "0+90x20" }, 0);
    });

    it("is no number where nobody asked: neither an idle version nor one without series passes by it", async () => {
      await says(errorRatio, { [requests("200")]: "5x20" }, "NaN");
      await says(errorRatio, {}, "nothing");
      await says(errorRatio, { [requests("200")]: "0+10x3 stale" }, "nothing");
    });

    it("stays what it is when a server starts again", () =>
      says(errorRatio, { [requests("200")]: "0+90x7 0+90x20", [requests("502")]: "0+10x7 0+10x20" }, 0.1));

    it("is known while Prometheus misses a read", () =>
      says(errorRatio, { [requests("200")]: "0+90x6 _ 720+90x20", [requests("502")]: "0+10x6 _ 80+10x20" }, 0.1));
  });

  describe("the time to the first token", () => {
    const buckets = (fast: string, all: string, more: Readonly<Record<string, string>> = {}): Recorded => ({
      [firstToken("1.0", more)]: fast,
      [firstToken("2.0", more)]: all,
      [firstToken("+Inf", more)]: all,
    });
    const query = queries().firstToken;

    it("is that of the version, of all its pods together", () =>
      says(
        query,
        { ...buckets("0+90x20", "0+100x20"), ...buckets("0+90x20", "0+100x20", { pod: "b" }), ...buckets("0x20", "0+900x20", { revision: "other" }) },
        1.5,
      ));

    it("is no number where nobody asked", async () => {
      await says(query, buckets("100x20", "100x20"), "NaN");
      await says(query, {}, "nothing");
    });

    it("is no jump when a server starts again", () => says(query, buckets("0+90x7 0+90x20", "0+100x7 0+100x20"), 1.5));
  });

  describe("the use of GPUs", () => {
    const pod = `code-${revision}-aaaaa`;

    it("is the average over the version's own, a share of 1, of whole GPUs and of MIG instances", async () => {
      const { gpu: whole = "" } = queries("utilization");
      await says(whole, { [gpu("DCGM_FI_DEV_GPU_UTIL", pod)]: "60x20", [gpu("DCGM_FI_DEV_GPU_UTIL", pod, { gpu: "1" })]: "20x20" }, 0.4);
      const { gpu: instance = "" } = queries("engine");
      await says(instance, { [gpu("DCGM_FI_PROF_GR_ENGINE_ACTIVE", pod)]: "0.6x20" }, 0.6);
    });

    it("is not that of the version before, of another pool's pods, or of a GPU without a pod", () =>
      says(
        queries("utilization").gpu ?? "",
        {
          [gpu("DCGM_FI_DEV_GPU_UTIL", pod)]: "5x20",
          [gpu("DCGM_FI_DEV_GPU_UTIL", "code-other-aaaaa", { gpu: "1" })]: "100x20",
          [gpu("DCGM_FI_DEV_GPU_UTIL", `decode-${revision}-aaaaa`, { gpu: "2" })]: "100x20",
          [gpu("DCGM_FI_DEV_GPU_UTIL", "", { gpu: "3" })]: "100x20",
        },
        0.05,
      ));

    it("is unknown where no exporter tells, not 0 and not good", () => says(queries("utilization").gpu ?? "", {}, "nothing"));
  });
});
