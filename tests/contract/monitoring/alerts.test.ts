/** Each alert under the real promtool: it fires where it should, and keeps quiet where there is nothing, or nothing wrong. */
import { expect } from "chai";
import { alertNames } from "../../../stacks/observability/alerts";
import { ruleGroups } from "../../../stacks/observability/rules";
import { differences, namespace, pool, type Recorded } from "./promtool";

const groups = ruleGroups({ namespace, pools: [pool], runbooks: "docs/runbooks", gpus: true, rollouts: true, jobs: true });
const of = (values: Readonly<Record<string, string>>) =>
  Object.entries(values)
    .map(([name, value]) => `${name}="${value}"`)
    .join(",");
const pod = "code-6d4c8f9b75-x7k2p";
const router = (metric: string, more: Readonly<Record<string, string>> = {}) => `${metric}{${of({ namespace, pool: "code", pod: "code-router-1", ...more })}}`;
const server = (metric: string, more: Readonly<Record<string, string>> = {}) => `${metric}{${of({ namespace, pool: "code", pod, ...more })}}`;
/** As Prometheus has it of an exporter in another namespace. */
const gpu = (metric: string, more: Readonly<Record<string, string>> = {}) =>
  `${metric}{${of({ namespace: "nvidia-gpu-operator", pod: "dcgm-exporter-1", gpu: "0", Hostname: "gpu-1", exported_namespace: namespace, exported_pod: pod, ...more })}}`;

/** A pool with which nothing is wrong, for two hours. */
const well: Recorded = {
  [router("model_router_replicas", { state: "ready" })]: "2x120",
  [router("model_router_requests_queued")]: "0x120",
  [router("model_router_requests_in_flight")]: "1x120",
  [router("model_router_requests_total", { status: "200" })]: "0+60x120",
  [server("model_server_up")]: "1x120",
  [server("model_server_draining")]: "0x120",
  [server("model_server_model_loaded", { model: "codellama:7b" })]: "1x120",
  [gpu("DCGM_FI_DEV_GPU_UTIL")]: "70x120",
  [gpu("DCGM_FI_PROF_GR_ENGINE_ACTIVE")]: "0.7x120",
  [gpu("DCGM_FI_DEV_FB_USED")]: "40000x120",
  [gpu("DCGM_FI_DEV_FB_FREE")]: "40000x120",
  [gpu("DCGM_FI_DEV_XID_ERRORS")]: "0x120",
  [gpu("DCGM_FI_DEV_GPU_TEMP")]: "70x120",
  [`rollout_info{${of({ namespace: "argo-rollouts", exported_namespace: namespace, name: "code", phase: "Healthy" })}}`]: "1x120",
  [`kube_job_status_failed{${of({ namespace, job_name: "load-codellama-7b-0123456789ab", reason: "" })}}`]: "0x120",
};

const fired = new Set<string>();

/** @param change series beside those of a pool that is well, or in place of them; "": not there */
async function fires(change: Recorded, at: string, ...firing: readonly string[]): Promise<void> {
  const series = Object.fromEntries(Object.entries({ ...well, ...change }).filter(([, values]) => values !== ""));
  expect(await differences(groups, series, { at, firing })).to.equal("");
  for (const text of firing) fired.add(/alertname="(\w+)"/.exec(text)?.[1] ?? "");
}

const without = (...names: readonly string[]): Recorded =>
  Object.fromEntries(Object.keys(well).flatMap((name) => (names.some((one) => name.startsWith(one)) ? [[name, ""]] : [])));

describe("the alerts under promtool", function () {
  this.timeout(120_000);

  it("keep quiet while all is well", () => fires({}, "110m"));

  it("tell that nothing is read of a pool, and nothing else: what is not known is not wrong", () =>
    fires(
      without("model_", "DCGM_", "rollout_", "kube_"),
      "20m",
      'alertname="ModelMetricsMissing", component="model-router"',
      'alertname="ModelMetricsMissing", component="model-server"',
      'alertname="GpuMetricsMissing"',
    ));

  it("do not tell so of a Prometheus that missed a few minutes", () =>
    fires({ [server("model_server_up")]: "1x10 _x10 1x100", [router("model_router_replicas", { state: "ready" })]: "1x10 _x10 1x100" }, "25m"));

  it("tell that no replica is ready, of all routers, and not while one sees one", async () => {
    await fires({ [router("model_router_replicas", { state: "ready" })]: "0x120" }, "5m", 'alertname="ModelPoolHasNoReplica"');
    await fires(
      { [router("model_router_replicas", { state: "ready" })]: "0x120", [router("model_router_replicas", { state: "ready", pod: "code-router-2" })]: "1x120" },
      "5m",
    );
    await fires({ [router("model_router_replicas", { state: "ready" })]: "2x10 0x1 2x110" }, "12m");
  });

  it("tell which replica does not end draining, and not one that takes the time that it has", async () => {
    await fires({ [server("model_server_draining")]: "1x120" }, "10m", `alertname="ModelReplicaDrainsForever", pod="${pod}"`);
    await fires({ [server("model_server_draining")]: "0x10 1x4 stale" }, "16m");
  });

  it("tell which model is not in memory where, once it had the time to be loaded", async () => {
    await fires(
      { [server("model_server_model_loaded", { model: "codellama:7b" })]: "0x120" },
      "15m",
      `alertname="ModelNotLoaded", model="codellama:7b", pod="${pod}"`,
    );
    await fires({ [server("model_server_model_loaded", { model: "codellama:7b" })]: "0x8 1x112" }, "9m");
  });

  it("tell of refused requests while there are some", async () => {
    const refused = router("model_router_requests_total", { status: "429" });
    await fires({ [refused]: "0+1x120", [router("model_router_requests_total", { status: "200" })]: "0+1000x120" }, "20m", 'alertname="ModelRequestsRefused"');
    await fires({ [refused]: "5x120" }, "20m");
  });

  it("tell of a Job that could not load a model, and of no other Job", async () => {
    const job = (name: string, reason: string) => `kube_job_status_failed{${of({ namespace, job_name: name, reason })}}`;
    await fires({ [job("load-codellama-7b-0123456789ab", "BackoffLimitExceeded")]: "1x120" }, "1m", 'alertname="ModelLoadFailed"');
    await fires({ [job("cleanup", "BackoffLimitExceeded")]: "1x120" }, "1m");
  });

  it("tell of an aborted rollout, and of none that goes on or is another's", async () => {
    const rollout = (name: string, phase: string) => `rollout_info{${of({ namespace: "argo-rollouts", exported_namespace: namespace, name, phase })}}`;
    await fires({ [rollout("code", "Degraded")]: "_x10 1x110" }, "15m", 'alertname="ModelRolloutAborted"');
    await fires({ [rollout("code", "Progressing")]: "1x120", [rollout("code", "Paused")]: "1x120", [rollout("chat", "Degraded")]: "1x120" }, "15m");
  });

  describe("on GPUs", () => {
    it("tell that memory is nearly full, of used and free, since no default counter has the whole", async () => {
      await fires({ [gpu("DCGM_FI_DEV_FB_USED")]: "78000x120", [gpu("DCGM_FI_DEV_FB_FREE")]: "2000x120" }, "12m", 'alertname="GpuMemoryNearlyFull"');
      // Neither where both are 0, as of a GPU that is lost, nor where one of them is not told.
      await fires({ [gpu("DCGM_FI_DEV_FB_USED")]: "0x120", [gpu("DCGM_FI_DEV_FB_FREE")]: "0x120" }, "12m");
      await fires({ [gpu("DCGM_FI_DEV_FB_USED")]: "78000x120", ...without("DCGM_FI_DEV_FB_FREE") }, "12m");
    });

    it("tell that they are idle while requests wait, and not while nobody waits", async () => {
      const idle = { [gpu("DCGM_FI_DEV_GPU_UTIL")]: "5x120" };
      await fires({ ...idle, [router("model_router_requests_queued")]: "9x120" }, "20m", 'alertname="GpuIdleWhileRequestsWait"');
      await fires(idle, "20m");
      await fires({ [router("model_router_requests_queued")]: "9x120" }, "20m");
    });

    it("know the use of MIG instances, which have no GPU_UTIL", () =>
      fires(
        { ...without("DCGM_FI_DEV_GPU_UTIL"), [gpu("DCGM_FI_PROF_GR_ENGINE_ACTIVE")]: "0.05x120", [router("model_router_requests_queued")]: "9x120" },
        "20m",
        'alertname="GpuIdleWhileRequestsWait"',
      ));

    it("tell of a new error: when the last one's number changes, not while it stands there", async () => {
      await fires({ [gpu("DCGM_FI_DEV_XID_ERRORS")]: "0x20 79x100" }, "22m", 'alertname="GpuXidError"');
      await fires({ [gpu("DCGM_FI_DEV_XID_ERRORS")]: "0x20 79x100" }, "40m");
      // The exporter starts again.
      await fires({ [gpu("DCGM_FI_DEV_XID_ERRORS")]: "79x40 0x80" }, "42m");
    });

    it("tell of heat", async () => {
      await fires({ [gpu("DCGM_FI_DEV_GPU_TEMP")]: "91x120" }, "12m", 'alertname="GpuTooHot"');
      await fires({ [gpu("DCGM_FI_DEV_GPU_TEMP")]: "70x5 91x5 70x110" }, "12m");
    });

    it("leave those of other pods alone", () =>
      fires(
        {
          [gpu("DCGM_FI_DEV_GPU_TEMP", { exported_pod: "code-fast-6d4c8f9b75-x7k2p", gpu: "1" })]: "95x120",
          [gpu("DCGM_FI_DEV_GPU_TEMP", { exported_namespace: "ai-staging", gpu: "2" })]: "95x120",
          [gpu("DCGM_FI_DEV_XID_ERRORS", { exported_pod: "training-0", gpu: "3" })]: "0x20 79x100",
        },
        "22m",
      ));
  });

  describe("all of them", () => {
    it("have fired here, or in the tests of budgets", () => {
      expect([...fired].sort()).to.deep.equal(alertNames.filter((name) => !name.endsWith("BudgetBurns")).sort());
    });
  });
});
