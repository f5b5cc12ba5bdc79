import { expect } from "chai";
import { smallContainer } from "../../components/common/podTemplate";
import { Workload, type WorkloadArgs } from "../../components/common/workload";
import { context } from "./support/context";
import { deploy, type Deployed } from "./support/mocks";
import { podTemplates } from "./support/pods";

function workload(more: Partial<WorkloadArgs> = {}): Promise<Deployed> {
  return deploy(
    (opts) =>
      new Workload(
        "app",
        {
          context: context(),
          namespace: "ai-development",
          part: { name: "app", component: "test", instance: "app" },
          pod: { priorityClassName: "ai-serving", container: { name: "main", image: "registry.example.com/app:1", resources: smallContainer } },
          replicas: 1,
          surge: true,
          ports: { http: { port: 80, targetPort: "http" } },
          ...more,
        },
        opts,
      ),
  );
}

describe("a workload", () => {
  it("of one pod is a Deployment with a Service and an account", async () => {
    expect((await workload()).counts()).to.deep.equal({ Workload: 1, Deployment: 1, Service: 1, ServiceAccount: 1 });
  });

  it("of several pods has a disruption budget, and is spread", async () => {
    const made = await workload({ replicas: 3 });
    expect(made.one("Deployment").inputs).to.have.nested.property("spec.replicas", 3);
    expect(made.one("PodDisruptionBudget").inputs).to.have.nested.property("spec.maxUnavailable", 1);
    expect(podTemplates(made)[0]?.[1].spec.topologySpreadConstraints).to.have.length(2);
  });

  it("gives its Service the annotations that it is told, and none else", async () => {
    const annotations = { "example.com/a": "1" };
    expect((await workload({ serviceAnnotations: annotations })).one("Service").inputs).to.have.deep.nested.property("metadata.annotations", annotations);
    expect((await workload()).one("Service").inputs.metadata).not.to.have.property("annotations");
  });

  it("has a Service under another name, without an address, where it is told so", async () => {
    const made = (await workload({ service: { name: "app-active", headless: true } })).one("Service");
    expect([made.name, made.inputs.metadata]).to.deep.equal([
      "app-active",
      { ...(made.inputs.metadata as object), name: "app-active", annotations: { "pulumi.com/skipAwait": "true" } },
    ]);
    expect(made.inputs).to.have.nested.property("spec.clusterIP", "None");
    expect((await workload()).one("Service").inputs.spec).not.to.have.property("clusterIP");
  });

  it("whose pods something else counts has no number of them, and a budget by the most there may be", async () => {
    const made = await workload({ replicas: 1, scaledTo: 3 });
    expect(made.one("Deployment").inputs.spec).not.to.have.property("replicas");
    expect(made.all("PodDisruptionBudget")).to.have.length(1);
    expect(podTemplates(made)[0]?.[1].spec.topologySpreadConstraints).to.have.length(2);
    expect((await workload({ replicas: 3, scaledTo: 1 })).all("PodDisruptionBudget")).to.deep.equal([]);
  });

  it("whose pods a Rollout makes has none itself when it is new, and keeps those that it had", async () => {
    const made = (await workload({ replicas: 3, rollout: true })).one("Deployment");
    expect(made.inputs).to.have.nested.property("spec.replicas", 0);
    expect(made.options.ignoreChanges).to.deep.equal(["spec.replicas"]);
  });

  it("keeps what it is told to keep, and has the annotations that it is told", async () => {
    const made = (await workload({ keep: ["spec.template"], annotations: { "example.com/a": "1" } })).one("Deployment");
    expect(made.options.ignoreChanges).to.deep.equal(["spec.template"]);
    expect(made.inputs).to.have.deep.nested.property("metadata.annotations", { "example.com/a": "1" });
    expect((await workload()).one("Deployment").inputs.metadata).not.to.have.property("annotations");
  });
});
