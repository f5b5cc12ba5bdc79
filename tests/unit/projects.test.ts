import { expect } from "chai";
import { projectOf, projects, sees, sharedIn } from "../../stacks/projects";
import { sizingOf } from "../../stacks/sizing";
import { stack, type Fields } from "./support/stack";

const team = (name: string, quota: Fields = {}, more: Fields = {}) => ({ name, group: `team-${name}`, quota: { cpu: "4", memory: "16Gi", ...quota }, ...more });
const shared = (...volumes: readonly Fields[]): Fields => ({
  storage: { shared: { share: { kind: "nfs", server: "nfs.example.com", path: "/export" }, volumes } },
});

describe("the projects", () => {
  it("are the platform's, ai-infrastructure, and the teams' in order of appearance", () => {
    const plans = projects(stack({ environment: "staging", teams: [team("web"), team("ml"), team("mobile", {}, { project: "web" })] }));
    expect(plans.map(({ key, namespace, kind }) => [key, namespace, kind])).to.deep.equal([
      ["platform", "ai-staging", "platform"],
      ["infrastructure", "ai-infrastructure", "infrastructure"],
      ["web", "ai-staging-web", "team"],
      ["ml", "ai-staging-ml", "team"],
    ]);
    expect(plans[2]?.teams.map(({ name }) => name)).to.deep.equal(["web", "mobile"]);
  });

  it("have no ai-infrastructure where another stack manages the cluster", () => {
    expect(projects(stack({ cluster: { manage: false } })).map(({ key }) => key)).to.deep.equal(["platform"]);
  });

  it("take the platform's quota from sizing, and what the configuration says of it", () => {
    const { platform } = sizingOf({ sizing: "guide", environment: "production" }).quota;
    expect(projects(stack({ environment: "production", sizing: "guide" }))[0]?.quota).to.deep.equal(platform);
    expect(projects(stack({ environment: "production", sizing: "guide", quota: { gpus: 6, memory: "96Gi" } }))[0]?.quota).to.deep.equal({
      ...platform,
      gpus: 6,
      memory: "96Gi",
    });
  });

  it("that teams share have the sum of their quotas, twice the memory as limit, a pod per GiB and 20 claims per team", () => {
    const teams = [
      team("ml", { cpu: "1500m", memory: "512Mi", gpus: 2, storage: "1Ti" }),
      team("data", { cpu: "0.5", memory: "32256Mi", gpus: 1, storage: "100Gi" }, { project: "ml" }),
    ];
    expect(projects(stack({ teams })).at(-1)?.quota).to.deep.equal({
      cpu: "2",
      memory: "32Gi",
      memoryLimit: "64Gi",
      gpus: 3,
      storage: "1124Gi",
      claims: 40,
      pods: 32,
    });
  });

  it("are paid for by their teams' cost centre, else by the stack's, out of the budgets of all of their teams", () => {
    const paying = (...teams: readonly Fields[]) => {
      const { costCentre, monthlyBudget } = projects(stack({ costCentre: "it", teams })).at(-1) ?? {};
      return { costCentre, monthlyBudget };
    };
    expect(paying(team("ml", {}, { costCentre: "research", monthlyBudget: 5000 }))).to.deep.equal({ costCentre: "research", monthlyBudget: 5000 });
    expect(paying(team("ml", {}, { monthlyBudget: 5000 }), team("data", {}, { project: "ml", costCentre: "research", monthlyBudget: 1000 }))).to.deep.equal({
      costCentre: "research",
      monthlyBudget: 6000,
    });
    expect(paying(team("ml", {}, { monthlyBudget: 5000 }), team("data", {}, { project: "ml" }))).to.deep.equal({ costCentre: "it", monthlyBudget: undefined });
  });

  it("of a small team have 10 pods at least", () => {
    expect(projects(stack({ teams: [team("ml", { memory: "1Gi" })] })).at(-1)?.quota.pods).to.equal(10);
  });

  it("have room for the shared volumes that they see, beside what their teams have", () => {
    const volumes = [
      { name: "datasets", size: "200Gi", writer: "ml" },
      { name: "workspace", size: "50Gi", writer: "web", readers: ["ml"] },
      { name: "private", size: "1Gi", writer: "platform", readers: [] },
    ];
    const [platform, infrastructure, ml, web] = projects(stack({ teams: [team("ml"), team("web")], ...shared(...volumes) }));
    expect([ml?.quota.storage, ml?.quota.claims]).to.deep.equal(["350Gi", 22]);
    expect([web?.quota.storage, web?.quota.claims]).to.deep.equal(["350Gi", 22]);
    const { quota } = sizingOf({ sizing: "small", environment: "development" });
    expect([platform?.quota, infrastructure?.quota]).to.deep.equal([quota.platform, quota.infrastructure]);
  });

  it("see a shared volume as its writer, as a named reader, and without named readers all of them but ai-infrastructure", () => {
    const all = { writer: "ml" };
    expect(["ml", "web", "platform", "infrastructure"].map((key) => sees(key, all))).to.deep.equal([true, true, true, false]);
    const named = { writer: "ml", readers: ["infrastructure"] };
    expect(["ml", "web", "platform", "infrastructure"].map((key) => sees(key, named))).to.deep.equal([true, false, false, true]);
    expect(sharedIn("web", stack(shared({ name: "datasets", size: "1Gi", writer: "platform" }))).map(({ name }) => name)).to.deep.equal(["datasets"]);
    expect(sharedIn("web", stack())).to.deep.equal([]);
  });

  it("are named by the team where it names no project", () => {
    expect([projectOf({ name: "ml", project: undefined }), projectOf({ name: "data", project: "ml" })]).to.deep.equal(["ml", "ml"]);
  });
});
