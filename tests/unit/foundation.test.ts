import { expect } from "chai";
import { labelsOf, ownerLabel } from "../../components/common/labels";
import { retainedMetadata, type StackContext } from "../../components/common/context";
import { profileOf, type PlatformProfile } from "../../components/common/platform";
import { ClusterGuard } from "../../components/foundation/clusterGuard";
import { ClusterScope } from "../../components/foundation/clusterScope";
import { limitsOf, quotaOf } from "../../components/foundation/limits";
import { Project, type ProjectArgs } from "../../components/foundation/project";
import type { ProjectPlan } from "../../stacks/projects";
import { deploy, type Deployed } from "./support/mocks";

const quota = { cpu: "16", memory: "32Gi", memoryLimit: "64Gi", gpus: 4, storage: "1Ti", claims: 20, pods: 50 };
const containers: ProjectArgs["containers"] = {
  default: {
    requests: { cpu: "100m", memory: "128Mi", "ephemeral-storage": "64Mi" },
    limits: { cpu: "1", memory: "512Mi", "ephemeral-storage": "1Gi" },
  },
  max: { cpu: "16", memory: "64Gi" },
};
const team = (name: string) => ({ name, group: `${name}-people`, quota: { cpu: "1", memory: "1Gi", gpus: 0, storage: "1Gi" }, models: [] });
const plans = {
  platform: { key: "platform", namespace: "ai-development", kind: "platform", quota, teams: [], costCentre: "ai-platform" },
  infrastructure: {
    key: "infrastructure",
    namespace: "ai-infrastructure",
    kind: "infrastructure",
    quota: { ...quota, gpus: 0 },
    teams: [],
    costCentre: "ai-platform",
  },
  team: {
    key: "ml",
    namespace: "ai-development-ml",
    kind: "team",
    quota,
    teams: [team("ml"), team("search")],
    costCentre: "research-4711",
    monthlyBudget: 6000,
  },
} satisfies Record<string, ProjectPlan>;

function contextOf(platform: PlatformProfile["name"] = "kubernetes", site: Partial<StackContext["site"]> = {}): StackContext {
  return {
    profile: profileOf(platform),
    owner: "openshift-ai-platform.dev",
    site: { gpuResource: "nvidia.com/gpu", trustedCA: false, ...site },
    retained: { retainOnDelete: true },
  };
}

function project(args: Partial<ProjectArgs> = {}): Promise<Deployed> {
  const all = { context: contextOf(), environment: "development", plan: plans.platform, containers, ...args } as const;
  return deploy((opts) => new Project(all.plan.namespace, all, opts));
}

interface Metadata {
  readonly name: string;
  readonly namespace?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}
const metadata = (inputs: Readonly<Record<string, unknown>>) => inputs.metadata as Metadata;

describe("what outlives a stack", () => {
  it("is written under its owner's name, so that a second owner is in conflict", () => {
    const part = { name: "ollama", component: "model-store", instance: "models" };
    expect(retainedMetadata(contextOf(), "models", "ai-development", part)).to.deep.equal({
      name: "models",
      namespace: "ai-development",
      labels: labelsOf("openshift-ai-platform.dev", part),
      annotations: { "pulumi.com/patchFieldManager": "openshift-ai-platform.dev" },
    });
  });
});

describe("a project", () => {
  for (const platform of ["openshift", "kubernetes"] as const) {
    it(`is a namespace held to the restricted standard, at a pinned version, on ${platform}`, async () => {
      const { labels, annotations, namespace } = metadata((await project({ context: contextOf(platform) })).one("Namespace").inputs);
      for (const mode of ["enforce", "audit", "warn"]) {
        expect(labels).to.include({ [`pod-security.kubernetes.io/${mode}`]: "restricted", [`pod-security.kubernetes.io/${mode}-version`]: "v1.36" });
      }
      expect(labels["security.openshift.io/scc.podSecurityLabelSync"]).to.equal(platform === "openshift" ? "false" : undefined);
      expect(annotations).to.deep.equal({ "pulumi.com/patchFieldManager": "openshift-ai-platform.dev" });
      expect(namespace).to.equal(undefined);
    });
  }

  it("consists of the namespace, a quota and limits, and of nothing else where the site has nothing to add", async () => {
    expect((await project()).counts()).to.deep.equal({ Project: 1, Namespace: 1, ResourceQuota: 1, LimitRange: 1 });
  });

  it("says what it is for, and whose it is", async () => {
    const labelsIn = async (plan: ProjectPlan) => metadata((await project({ plan })).one("Namespace").inputs).labels;
    const [kind, environment] = ["openshift-ai-platform/project", "openshift-ai-platform/environment"];
    expect(await labelsIn(plans.platform)).to.include({ [kind]: "platform", [environment]: "development", [ownerLabel]: "openshift-ai-platform.dev" });
    expect(await labelsIn(plans.team)).to.include({
      [kind]: "team",
      "openshift-ai-platform/team-ml": "true",
      "openshift-ai-platform/team-search": "true",
    });
    const infrastructure = await labelsIn(plans.infrastructure);
    expect(infrastructure).to.include({ [kind]: "infrastructure", [environment]: "shared" });
  });

  it("says who pays for it, and what it may cost where its teams say so", async () => {
    const shared = metadata((await project({ plan: plans.team })).one("Namespace").inputs);
    expect(shared.labels).to.include({ "openshift-ai-platform/cost-centre": "research-4711" });
    expect(shared.annotations).to.include({ "openshift-ai-platform/monthly-budget": "6000" });
    const other = metadata((await project({ plan: plans.platform })).one("Namespace").inputs);
    expect(other.labels).to.include({ "openshift-ai-platform/cost-centre": "ai-platform" });
    expect(other.annotations).not.to.have.property("openshift-ai-platform/monthly-budget");
  });

  it("has the site's authorities, where it has some", async () => {
    const pem = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    const { inputs } = (await project({ context: contextOf("kubernetes", { trustedCA: true }), trustedCA: pem })).one("ConfigMap");
    expect(metadata(inputs)).to.include({ name: "trusted-ca", namespace: "ai-development" });
    expect(inputs.data).to.deep.equal({ "ca.crt": pem });
  });

  it("has the pull secret under its name, where the stack makes it", async () => {
    const context = contextOf("kubernetes", { pullSecret: "registry-pull" });
    const { inputs } = (await project({ context, registryCredentials: '{"auths":{}}' })).one("Secret");
    expect(metadata(inputs)).to.include({ name: "registry-pull", namespace: "ai-development" });
    expect(inputs.type).to.equal("kubernetes.io/dockerconfigjson");
    expect(JSON.stringify(inputs.stringData)).to.include(".dockerconfigjson");
    expect((await project({ context })).all("Secret")).to.deep.equal([]);
  });
});

describe("the quota of a project", () => {
  it("counts GPUs by their requests, and allows none under another name", () => {
    const hard = quotaOf(quota, "nvidia.com/mig-1g.10gb", {});
    expect(Object.entries(hard).filter(([name]) => name.includes("nvidia"))).to.have.deep.members([
      ["requests.nvidia.com/gpu", "0"],
      ["requests.nvidia.com/gpu.shared", "0"],
      ["requests.nvidia.com/mig-1g.10gb", "4"],
    ]);
    expect(quotaOf(quota, "nvidia.com/gpu", {})).to.include({ "requests.nvidia.com/gpu": "4", "requests.nvidia.com/gpu.shared": "0" });
  });

  it("counts compute, storage and objects, and lets no Service out by itself", async () => {
    const { hard } = (await project()).one("ResourceQuota").inputs.spec as { hard: Record<string, string> };
    expect(hard).to.include({
      "requests.cpu": "16",
      "requests.memory": "32Gi",
      "limits.memory": "64Gi",
      "requests.storage": "1Ti",
      persistentvolumeclaims: "20",
      pods: "50",
      "services.loadbalancers": "0",
      "services.nodeports": "0",
    });
    expect(hard).to.include.keys("configmaps", "secrets", "services", "count/jobs.batch", "count/deployments.apps");
  });

  it("takes other counts of objects where they are given", async () => {
    const { hard } = (await project({ objects: { configmaps: 7 } })).one("ResourceQuota").inputs.spec as { hard: Record<string, string> };
    expect(hard).to.include({ configmaps: "7" }).and.not.have.property("secrets");
  });

  it("goes with limits of containers and claims", () => {
    expect(limitsOf(containers, quota)).to.deep.equal([
      { type: "Container", defaultRequest: containers.default.requests, default: containers.default.limits, max: containers.max },
      { type: "PersistentVolumeClaim", max: { storage: "1Ti" } },
    ]);
  });
});

describe("what is cluster-wide", () => {
  it("are three priority classes by their documented names, none of them the default, with the owner's label", async () => {
    const made = await deploy((opts) => new ClusterScope("cluster-scope", { context: contextOf() }, opts));
    expect(made.counts()).to.deep.equal({ ClusterScope: 1, PriorityClass: 3 });
    const values = made.all("PriorityClass").map(({ inputs }) => [metadata(inputs).name, inputs.value, inputs.globalDefault ?? false]);
    expect(values).to.deep.equal([
      ["ai-serving", 1_000_000, false],
      ["ai-interactive", 100_000, false],
      ["ai-batch", 10_000, false],
    ]);
    for (const { inputs } of made.all("PriorityClass")) expect(metadata(inputs).labels).to.include({ [ownerLabel]: "openshift-ai-platform.dev" });
  });

  it("is guarded by a question that is asked on deletion only, and never by a replacement", async () => {
    const cluster = { context: "ai", kubeconfig: "/clusters/dev/kubeconfig", kubectl: "kubectl" };
    const { inputs } = (await deploy((opts) => new ClusterGuard("guard", { context: contextOf(), cluster, after: [] }, opts))).one("Command");
    expect(inputs).to.include({ delete: "node components/foundation/dependents.mjs" });
    expect(inputs).not.to.have.any.keys("create", "update", "triggers");
    expect(inputs.environment).to.deep.equal({
      DEPENDENTS_KUBECTL: "kubectl",
      DEPENDENTS_CONTEXT: "ai",
      DEPENDENTS_KUBECONFIG: "/clusters/dev/kubeconfig",
      DEPENDENTS_OWNER: "openshift-ai-platform.dev",
    });
  });
});
