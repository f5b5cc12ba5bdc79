import { expect } from "chai";
import { chosen, settings } from "../../tools/commands/settings";
import { serverOf } from "../../tools/commands/ask";
import { addonsOf, quotaLines } from "../../tools/commands/status";
import { UserError } from "../../tools/lib/errors";
import { trackedConfiguration } from "../../tools/stack/workspace";

describe("the variables of make", () => {
  it("default to the dev stack on a real node", () => {
    expect(settings({}, undefined)).to.deep.equal({
      stack: "dev",
      platform: undefined,
      flavor: "real",
      simulatedBecause: undefined,
      guest: false,
      clusterName: "dev",
      addons: [],
    });
  });

  it("fall back to simulated nodes where a real one cannot run, and keep the reason", () => {
    expect(settings({}, "not root")).to.include({ flavor: "simulated", simulatedBecause: "not root", clusterName: "dev-simulated" });
  });

  it("give no reason when simulated nodes were asked for", () => {
    expect(settings({ FLAVOR: "simulated" }, "not root").simulatedBecause).to.equal(undefined);
  });

  for (const stack of ["staging", "production"]) {
    it(`take simulated nodes for ${stack}, which is sized for real GPUs, and real ones on demand`, () => {
      expect(settings({ STACK: stack }, undefined)).to.include({ flavor: "simulated", clusterName: `${stack}-simulated` });
      expect(settings({ STACK: stack }, undefined).simulatedBecause).to.match(/sized for real GPUs/);
      expect(settings({ STACK: stack, FLAVOR: "real" }, undefined)).to.include({ flavor: "real", clusterName: stack, simulatedBecause: undefined });
    });
  }

  it("put a stack on another one's cluster, with the flavor that it has", () => {
    const flavors = new Map<string, "real" | "simulated">([
      ["production", "real"],
      ["production-simulated", "simulated"],
    ]);
    const on = (CLUSTER: string) => settings({ STACK: "staging", CLUSTER }, undefined, (name) => flavors.get(name));
    expect(on("production")).to.include({ guest: true, clusterName: "production", flavor: "real", simulatedBecause: undefined });
    expect(on("production-simulated")).to.include({ guest: true, clusterName: "production-simulated", flavor: "simulated", simulatedBecause: undefined });
    expect(on("staging-simulated")).to.include({ guest: false, clusterName: "staging-simulated" });
  });

  it("are repeated in the commands that are shown, where they are not the defaults", () => {
    expect(chosen({ STACK: "dev" })).to.equal("");
    expect(chosen({ STACK: "staging", FLAVOR: "simulated", CLUSTER: "production-simulated", PLATFORM: "openshift" })).to.equal(
      " STACK=staging FLAVOR=simulated CLUSTER=production-simulated",
    );
  });

  it("name optional add-ons of the cluster, with commas or spaces between them", () => {
    expect(settings({ ADDONS: "monitoring" }, undefined).addons).to.deep.equal(["monitoring"]);
    expect(settings({ ADDONS: " monitoring, monitoring" }, undefined).addons).to.deep.equal(["monitoring"]);
    expect(settings({ ADDONS: "" }, undefined).addons).to.deep.equal([]);
  });

  it("are refused all at once, each with what is allowed", () => {
    const wrong = () => settings({ STACK: "Dev", PLATFORM: "openshfit", FLAVOR: "real", CLUSTER: "../x", ADDONS: "monitoring,istio" }, "not root");
    expect(wrong).to.throw(
      UserError,
      /STACK=Dev: lower-case letters.*\n.*PLATFORM=openshfit: one of openshift, kubernetes\n.*FLAVOR=real: not root; FLAVOR=simulated works here\n.*CLUSTER=\.\.\/x: the name of an embedded cluster.*\n.*ADDONS=istio: any of autoscaling, monitoring, rollouts/,
    );
  });
});

describe("a stack's tracked configuration", () => {
  it("is named among those that are there when it is not", () => {
    const missing = () => trackedConfiguration("nope");
    expect(missing).to.throw(UserError, "STACK=nope: there is no Pulumi.nope.yaml");
    try {
      missing();
    } catch (error) {
      expect((error as UserError).fix).to.match(/one of .*STACK=dev.*STACK=production.*STACK=staging/);
    }
  });

  it("is written for Pulumi, which takes a time without quotes for none of its texts", () => {
    const { document } = trackedConfiguration("dev");
    document.set("config", document.createNode({ hold: { since: "2026-01-31T12:00:00Z", revision: "7e4" } }));
    expect(document.toString()).to.contain('since: "2026-01-31T12:00:00Z"').and.contain('revision: "7e4"');
  });

  it("says where its models are served", () => {
    const { path, logs, ready } = serverOf({ environment: "staging", serving: { pools: [{ name: "code" }, { name: "chat" }] } });
    expect(ready).to.include.members(["ai-staging", "kubernetes.io/service-name=code-active"]);
    expect(path).to.equal("/api/v1/namespaces/ai-staging/services/http:code:http/proxy");
    expect(logs).to.equal("-n ai-staging logs -l app.kubernetes.io/component=model-server,app.kubernetes.io/instance=code -c ollama");
  });
});

describe("what the status says of a cluster's add-ons", () => {
  it("is their names, and nothing where there are none", () => {
    expect(addonsOf({ addons: [] })).to.deep.equal([]);
    expect(addonsOf({ addons: ["monitoring"] })).to.deep.equal(["add-on monitoring"]);
  });
});

describe("what the status says of a project", () => {
  it("is what its quota counts, GPUs by whatever name, and nothing where the limit is zero", () => {
    const hard = { "requests.cpu": "48", "requests.nvidia.com/mig-1g.10gb": "8", "requests.storage": "0", pods: "100", "count/jobs.batch": "50" };
    const used = { "requests.cpu": "4", "requests.nvidia.com/mig-1g.10gb": "2", "requests.storage": "0" };
    expect(quotaLines([{ metadata: { name: "quota", namespace: "ai-production" }, status: { hard, used } }])).to.deep.equal([
      "project ai-production: 4 of 48 CPU, 2 of 8 GPUs, 0 of 100 pods",
    ]);
  });
});
