/**
 * New versions of a pool in real containers under the real Argo Rollouts, through `make up`, in a copy of the clone whose configuration and model the test
 * changes: a good one is promoted, a slow and a wrong one are given up, the way back is one `up`; and a client that keeps asking notices nothing.
 */
import { expect } from "chai";
import { namespace, PoolDrill } from "./poolDrill";

describe("new versions of a pool in real containers", function () {
  this.timeout(300_000);
  // A second between measurements.
  const drill = new PoolDrill({ ADDONS: "rollouts" }, { intervalSeconds: 2, count: 3, gpuCount: 1 });

  before("bring it up", function () {
    this.timeout(900_000);
    drill.copy();
    drill.configure({});
    expect(drill.good("up")).to.match(/revision 1 \([a-z0-9]+\), 1 of 1 pods ready: serves/);
  });
  after("stop what is left", function () {
    this.timeout(300_000);
    drill.remove();
  });

  it("has one pod, of the Rollout, that answers", () => {
    expect(drill.kubectl("-n", namespace, "get", "deployment", "ollama", "-o", "jsonpath={.spec.replicas}").trim()).to.equal("0");
    drill.learnAnswer();
  });

  it("promotes a good version while a client keeps asking", async () => {
    await drill.startClient();
    const before = drill.revision();
    drill.configure({ keepAlive: "23h" });
    expect(drill.good("up")).to.match(/revision 2 \([a-z0-9]+\), 1 of 1 pods ready: serves/);
    expect(drill.revision()).not.to.equal(before);
  });

  it("gives up a version that is too slow, and says so", () => {
    const before = drill.revision();
    // Nothing is slow here, so that the limit is what no version keeps.
    drill.configure({ keepAlive: "22h" }, { firstTokenSeconds: 0.001 });
    const { code, output } = drill.make("up");
    expect(code, output).not.to.equal(0);
    expect(output)
      .to.match(/revision 3 \([a-z0-9]+\) was given up/)
      .and.match(/first token after [0-9.e+-]+ s \(95th percentile\), wanted <= 0\.001 s/);
    expect(drill.revision()).to.equal(before);
  });

  it("gives up a version whose model is another, by its answers", () => {
    const before = drill.revision();
    drill.configure({ keepAlive: "23h" });
    const tag = /(image: localhost\/openshift-ai-platform\/model-tiny\n\s+tag: )1\.0\.0/;
    const { code, output } = drill.with("images/recipes/tiny-model.ts", "modelFiles(0)", "modelFiles(1)", () =>
      drill.with("images/images.lock", tag, "$11.0.1", () => drill.make("up")),
    );
    expect(code, output).not.to.equal(0);
    expect(output)
      .to.match(/was given up/)
      .and.match(/answers: model tiny\S+, prompt "once upon a time": answered ".*", wanted exact/);
    expect(drill.revision()).to.equal(before);
  });

  it("is back with one up, at once, and no request of the client failed", async () => {
    const before = drill.revision();
    drill.configure({ keepAlive: "23h" });
    drill.good("up");
    expect(drill.revision()).to.equal(before);
    await drill.endClient();
  });
});
