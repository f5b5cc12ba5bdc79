/**
 * New versions of a pool in real containers, of which the real Prometheus decides, on a plain Kubernetes (OpenShift's Thanos has an address that the embedded
 * cluster lacks): a good one is promoted, a slow and a failing one are given up; an undo is kept by the next `up`; and a client that keeps asking notices nothing.
 */
import { expect } from "chai";
import { namespace, PoolDrill } from "./poolDrill";

interface AnalysisRun {
  readonly metadata: { readonly creationTimestamp: string; readonly name: string };
  readonly status: {
    readonly phase: string;
    readonly metricResults?: readonly {
      readonly name: string;
      readonly phase: string;
      readonly measurements?: readonly { readonly value?: string; readonly phase: string }[];
    }[];
  };
}

describe("new versions of a pool that the real Prometheus measures", function () {
  this.timeout(420_000);
  // Two scrapes, 5 s apart here, before the first measurement.
  const drill = new PoolDrill({ ADDONS: "rollouts,monitoring", PLATFORM: "kubernetes" }, { intervalSeconds: 10, count: 3, gpuCount: 1 });

  before("bring it up", function () {
    this.timeout(900_000);
    drill.copy();
    drill.configure({});
    expect(drill.good("up")).to.match(/revision 1 \([a-z0-9]+\), 1 of 1 pods ready: serves/);
    drill.learnAnswer();
  });
  after("stop what is left", function () {
    this.timeout(300_000);
    drill.remove();
  });

  /** Analyses, the oldest first. */
  const analyses = () =>
    [...drill.read<{ items: AnalysisRun[] }>("-n", namespace, "analysisruns").items].sort((a, b) =>
      `${a.metadata.creationTimestamp}${a.metadata.name}`.localeCompare(`${b.metadata.creationTimestamp}${b.metadata.name}`),
    );
  /** What Prometheus answered for a metric: `[0.0123]` and the like. */
  const values = (run: AnalysisRun | undefined, metric: string) =>
    run?.status.metricResults
      ?.find(({ name }) => name === metric)
      ?.measurements?.map(({ value, phase }) => ({ number: Number(/^\[(.*)\]$/.exec(value ?? "")?.[1]), phase })) ?? [];

  it("promotes a good version by what Prometheus answers, before and after the switch", async () => {
    await drill.startClient();
    const before = drill.revision();
    drill.configure({ keepAlive: "23h" });
    expect(drill.good("up")).to.match(/revision 2 \([a-z0-9]+\), 1 of 1 pods ready: serves/);
    expect(drill.revision()).not.to.equal(before);
    const runs = analyses();
    expect(runs.map(({ status }) => status.phase)).to.deep.equal(["Successful", "Successful"]);
    for (const run of runs) {
      const firstToken = values(run, "first-token");
      expect(firstToken.map(({ phase }) => phase)).to.deep.equal(["Successful", "Successful", "Successful"]);
      for (const { number } of firstToken) expect(number).to.be.within(0.0001, 2);
      expect(values(run, "error-ratio")).to.deep.equal([0, 1, 2].map(() => ({ number: 0, phase: "Successful" })));
    }
  });

  it("gives up a slow version by the query alone, before its load has ended", () => {
    const before = drill.revision();
    // Nothing is slow here, so that the limit is what no version keeps.
    drill.configure({ keepAlive: "22h" }, { firstTokenSeconds: 0.001 });
    const { code, output } = drill.make("up");
    expect(code, output).not.to.equal(0);
    expect(output)
      .to.match(/revision 3 \([a-z0-9]+\) was given up/)
      .and.match(/first-token/);
    const run = analyses().at(-1);
    expect(run?.status.phase).to.equal("Failed");
    expect(values(run, "first-token").map(({ phase }) => phase)).to.include("Failed");
    expect(run?.status.metricResults?.find(({ name }) => name === "answers")?.phase).not.to.equal("Failed");
    expect(drill.revision()).to.equal(before);
  });

  it("gives up a version whose containers are never ready, and says why", () => {
    const before = drill.revision();
    drill.configure({ keepAlive: "22h", loadTimeoutSeconds: 10 });
    // A server that looks for its models elsewhere, and less patience with it.
    const { code, output } = drill.with("components/serving/ollamaEnv.ts", "OLLAMA_MODELS: storePath", "OLLAMA_MODELS: homePath", () =>
      drill.with("components/serving/modelPool.ts", "return 5 + Math.ceil", "return 0 + Math.ceil", () => drill.make("up")),
    );
    expect(code, output).not.to.equal(0);
    expect(output)
      .to.match(/was given up/)
      .and.match(/pod ollama-[a-z0-9]+-[a-z0-9]+, container [a-z-]+: ./)
      .and.match(/users are served by revision/);
    expect(drill.revision()).to.equal(before);
  });

  it("is back with one up, and nothing is left to change", () => {
    const before = drill.revision();
    drill.configure({ keepAlive: "23h" });
    drill.good("up");
    expect(drill.revision()).to.equal(before);
    unchanged(drill.good("preview"));
  });

  it("goes back in one command, and the next up and preview leave it there", () => {
    const bad = drill.revision();
    const undone = drill.good("aictl", 'ARGS=rollout undo ollama --reason "answers got worse"');
    expect(undone)
      .to.match(/passed over: revision 4 \([a-z0-9]+\), which never served \(was never ready/)
      .and.match(/passed over: revision 3 \([a-z0-9]+\), which never served \(.*: Failed\)/)
      .and.match(/pool ollama serves revision \d+ \([a-z0-9]+\)/);
    const kept = drill.revision();
    expect(kept).not.to.equal(bad);
    drill.good("up");
    expect(drill.revision()).to.equal(kept);
    unchanged(drill.good("preview"));
  });

  it("brings the newer one when the hold is released, measured again, and no request of the client failed", async () => {
    const held = drill.revision();
    const count = analyses().length;
    drill.good("aictl", "ARGS=hold release ollama");
    drill.good("up");
    expect(drill.revision()).not.to.equal(held);
    expect(
      analyses()
        .slice(count)
        .map(({ status }) => status.phase),
    ).to.deep.equal(["Successful", "Successful"]);
    await drill.endClient();
  });
});

/** Of a preview. */
function unchanged(output: string): void {
  expect(output)
    .to.match(/\d+ unchanged/)
    .and.not.match(/\d+ to (create|update|replace|delete)/);
}
