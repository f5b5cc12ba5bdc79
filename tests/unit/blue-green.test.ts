import { expect } from "chai";
import { analysisTemplate, loadSeconds, tolerance, type AnalysisArgs } from "../../components/serving/blueGreen/analysis";
import { analysisPlan } from "../../components/serving/blueGreen/analysisJob";
import { progressSeconds, rolloutSpec } from "../../components/serving/blueGreen/rolloutSpec";
import { cluster, pools } from "./support/config";
import type { Deployed } from "./support/mocks";
import { violations, type PodTemplate } from "./support/pods";
import { serving } from "./support/serving";

/** The guide's. */
const limits = { firstTokenSeconds: 2, errorRatio: 0.05, gpuUtilization: 0.3, intervalSeconds: 30, count: 10, gpuCount: 5 };
const rollout = {
  name: "code",
  deployment: "code",
  selector: { "app.kubernetes.io/instance": "code" },
  previewReplicas: 2,
  promotion: "automatic",
  scaleDownDelaySeconds: 30,
  limits,
  readySeconds: 600,
} as const;

describe("the Rollout of a pool", () => {
  it("has the guide's numbers: two previews, 30 s until the old pods go", () => {
    const { blueGreen } = rolloutSpec(rollout).strategy;
    expect([blueGreen.activeService, blueGreen.previewService]).to.deep.equal(["code-active", "code-preview"]);
    expect([blueGreen.previewReplicaCount, blueGreen.scaleDownDelaySeconds]).to.deep.equal([2, 30]);
  });

  it("is promoted by itself only where that is wanted", () => {
    expect(rolloutSpec(rollout).strategy.blueGreen.autoPromotionEnabled).to.equal(true);
    expect(rolloutSpec({ ...rollout, promotion: "manual" }).strategy.blueGreen.autoPromotionEnabled).to.equal(false);
  });

  it("leaves the number of pods to an autoscaler, where there is one", () => {
    expect(rolloutSpec(rollout)).not.to.have.property("replicas");
    expect(rolloutSpec({ ...rollout, replicas: 3 }).replicas).to.equal(3);
  });

  it("has a preview even where none is configured: what does not run can't be measured", () => {
    expect(rolloutSpec({ ...rollout, previewReplicas: 0 }).strategy.blueGreen.previewReplicaCount).to.equal(1);
  });

  it("gives a version up that makes no progress, but not while it is measured", () => {
    const spec = rolloutSpec(rollout);
    expect(spec.progressDeadlineAbort).to.equal(true);
    expect(spec.progressDeadlineSeconds)
      .to.equal(progressSeconds(600, limits))
      .and.be.above(600 + loadSeconds(limits));
  });
});

describe("the analysis of a version", () => {
  const args: AnalysisArgs = { namespace: "ai-production", pool: "code", limits, job: { template: { spec: { containers: [] } } } };
  const prometheus = { address: "https://thanos:9091", tokenSecret: "code-prometheus", insecure: true };
  const names = (of: AnalysisArgs) => analysisTemplate(of).metrics.map(({ name }) => name);

  it("asks the prompts always, Prometheus where there is one, and for GPUs where somebody measures them", () => {
    expect(names(args)).to.deep.equal(["answers"]);
    expect(names({ ...args, prometheus })).to.deep.equal(["answers", "first-token", "error-ratio"]);
    expect(names({ ...args, prometheus, gpu: "utilization" })).to.deep.equal(["answers", "first-token", "error-ratio", "gpu"]);
    expect(names({ ...args, gpu: "utilization" })).to.deep.equal(["answers"]);
  });

  it("measures as the guide does: every 30 s, 10 times, GPUs 5 times, within the load", () => {
    const [, ...measured] = analysisTemplate({ ...args, prometheus, gpu: "utilization" }).metrics;
    expect(measured.map(({ interval, count }) => [interval, count])).to.deep.equal([
      ["30s", 10],
      ["30s", 10],
      ["30s", 5],
    ]);
    for (const { initialDelay, count } of measured) expect(Number.parseInt(initialDelay ?? "", 10) + 30 * count).to.be.at.most(loadSeconds(limits));
  });

  it("sends the token of a Secret along, and no token where there is none", () => {
    const spec = analysisTemplate({ ...args, prometheus });
    expect(spec.args).to.deep.equal([{ name: "revision" }, { name: "token", valueFrom: { secretKeyRef: { name: "code-prometheus", key: "token" } } }]);
    expect(JSON.stringify(spec.metrics[1])).to.contain('"headers":[{"key":"Authorization","value":"Bearer {{args.token}}"}]');
    const open = analysisTemplate({ ...args, prometheus: { address: "http://prometheus:9090", insecure: false } });
    expect(open.args).to.deep.equal([{ name: "revision" }]);
    expect(JSON.stringify(open)).not.to.match(/Authorization|insecure/);
  });

  it("never passes on measurements without data alone, whatever their number", () => {
    for (let count = 1; count <= 1000; count++) {
      const { failureLimit, inconclusiveLimit } = tolerance(count);
      expect(failureLimit + inconclusiveLimit, `of ${count}`).to.be.below(count);
    }
    expect(tolerance(10)).to.deep.equal({ failureLimit: 2, inconclusiveLimit: 1, consecutiveErrorLimit: 12 });
  });

  it("asks a model without a prompt of its own a word", () => {
    const right = { model: "a:1b", prompt: "1+1=", maxTokens: 1, seed: 0, expect: { kind: "exact", text: "2" } } as const;
    const plan = analysisPlan({ service: "code-preview", concurrency: 4, answerSeconds: 300, limits, models: ["a:1b", "b:1b"], prompts: [right] });
    expect(plan.prompts).to.deep.equal([right, { model: "b:1b", prompt: "Hello", maxTokens: 16, seed: 0 }]);
    expect(plan.target).to.equal("code-preview:11434");
  });
});

for (const platform of ["openshift", "kubernetes"] as const) {
  describe(`blue-green on ${platform}`, () => {
    let made: Deployed;
    before(async () => {
      made = await serving({ platform, ...cluster({ capabilities: { argoRollouts: true } }), ...pools({ previewReplicas: 1 }) });
    });

    it("makes a Rollout that takes its pods from the Deployment, which has none", () => {
      const [one] = made.resources.filter(({ inputs }) => inputs.kind === "Rollout");
      expect(one?.inputs.metadata).to.include({ name: "ollama" });
      expect(JSON.stringify(one?.inputs.spec)).to.contain('"workloadRef":{"apiVersion":"apps/v1","kind":"Deployment","name":"ollama","scaleDown":"never"}');
      const deployment = made.all("Deployment").find(({ name }) => name === "ollama");
      expect(deployment?.inputs.spec).to.include({ replicas: 0 });
    });

    it("asks the preview before the switch, and what users ask after it", () => {
      const map = made.all("ConfigMap").find(({ name }) => name === "ollama-analysis");
      const data = map?.inputs.data as Record<string, string>;
      const targets = Object.entries(data).map(([key, text]) => [key, (JSON.parse(text) as { target: string }).target]);
      expect(targets).to.have.deep.members([
        ["ollama-pre.json", "ollama-preview:11434"],
        ["ollama-post.json", "ollama:11434"],
      ]);
    });

    it("runs nothing that the restricted Pod Security Standard refuses", () => {
      const templates = made.resources.filter(({ inputs }) => inputs.kind === "AnalysisTemplate");
      expect(templates.map(({ name }) => name)).to.deep.equal(["ollama-pre", "ollama-post"]);
      for (const { inputs } of templates) {
        const { metrics } = inputs.spec as { metrics: { provider: { job?: { spec: { template: PodTemplate } } } }[] };
        const template = metrics[0]?.provider.job?.spec.template;
        expect(template && violations(template)).to.deep.equal([]);
      }
    });

    it("waits for the end of the rollout after everything that makes a version", () => {
      const wait = made.all("Command").find(({ name }) => name === "ollama-rollout");
      expect(wait?.inputs.create).to.equal("node components/serving/blueGreen/watch.mjs");
      expect(wait?.inputs.environment).to.include({ WATCH_ROLLOUT: "ollama" });
    });
  });
}
