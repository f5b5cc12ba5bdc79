/** The pack as the engine runs it: each case of the corpus goes through its process, and has to come out as the evaluation has it. */
import { expect } from "chai";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { corpus, objectsOf, type Case } from "../../../policy/corpus";
import { evaluate } from "../../../policy/src/evaluate";
import type { KubeObject } from "../../../policy/src/objects";
import { policies } from "../../../policy/src/policies";
import { notPrivileged } from "../../../policy/src/policies/workload/notPrivileged";
import type { Results } from "../../../policy/src/results";
import { defaultSettings, type Settings } from "../../../policy/src/settings";
import { Stack } from "../../../policy/src/stack";
import { plain, UNKNOWN } from "../../../policy/src/values";
import { ensurePack } from "../../../tools/policy/pack";
import { PackServer, type Diagnostic, type Sent } from "./packServer";

const cases = corpus();
const dir = mkdtempSync(join(tmpdir(), "oap-pack-"));
const file = join(dir, "results.json");
let server: PackServer;

before(async function startPack() {
  this.timeout(120_000);
  server = await PackServer.start(await ensurePack(), { OPENSHIFT_AI_POLICY_RESULTS: file });
});
after(() => {
  server.stop();
  rmSync(dir, { recursive: true });
});

const sentOf = (object: KubeObject, i: number): Sent => {
  const version = object.group === "" ? `core/${object.apiVersion}` : object.apiVersion;
  return { type: `kubernetes:${version}:${object.kind}`, urn: `urn:pulumi:test::test::kubernetes:${version}:${object.kind}::${i}`, props: object.value };
};
const pod = (spec: unknown, i = 0, metadata: unknown = { name: "web", namespace: "web" }): Sent => ({
  type: "kubernetes:core/v1:Pod",
  urn: `urn:pulumi:test::test::kubernetes:core/v1:Pod::${i}`,
  props: plain({ metadata, spec }),
});
const only = (...names: readonly string[]): string =>
  JSON.stringify(Object.fromEntries(policies.filter(({ name }) => !names.includes(name)).map(({ name }) => [name, "disabled"])));
const settingsConfig = (settings: Settings): Record<string, string> =>
  Object.fromEntries(Object.entries(settings).map(([key, value]) => [`openshift-ai-policy:${key}`, typeof value === "string" ? value : JSON.stringify(value)]));

async function through(all: readonly Sent[]): Promise<readonly Diagnostic[]> {
  const each: Diagnostic[] = [];
  for (const one of all) each.push(...(await server.analyze(one)));
  return [...each, ...(await server.analyzeStack(all))];
}

/** `name (3)` of the line of what is not decided. */
function notDecided(diagnostics: readonly Diagnostic[], name: string): number {
  const line = diagnostics.find(({ policy }) => policy === "not-decided")?.message ?? "";
  return Number(new RegExp(`${name} \\((\\d+)\\)`).exec(line)?.[1] ?? 0);
}

describe("the pack as the engine runs it", function () {
  this.timeout(300_000);

  it("names itself, all policies, and two of its own", async () => {
    const info = await server.info();
    expect(info.getName()).to.equal("openshift-ai-policy");
    expect(info.getPoliciesList().map((one) => one.getName())).to.deep.equal([...policies.map(({ name }) => name), "exemptions", "not-decided"]);
    for (const policy of info.getPoliciesList().slice(0, policies.length)) {
      expect(policy.getDisplayname(), policy.getName()).not.to.equal("");
      expect(policy.getRemediationSteps(), policy.getName()).not.to.equal("");
      expect(policy.getUrl(), policy.getName()).to.equal(`docs/policies/${policy.getName()}.md`);
    }
  });

  for (const policy of policies) {
    const own = cases.filter((one) => one.policy === policy.name);
    it(`says of ${own.length} cases of ${policy.name} what the evaluation says`, async () => {
      for (const one of own) await agrees(one);
    });
  }

  async function agrees(one: Case): Promise<void> {
    const policy = policies.filter(({ name }) => name === one.policy);
    const layers = policy.flatMap(({ layer = [] }) => layer);
    const settings = { ...defaultSettings, layers: [...defaultSettings.layers, ...layers], ...one.settings };
    const parameters = { [one.policy]: one.parameters ?? {} };
    const objects = objectsOf(one);
    const expected = evaluate(policy, new Stack(objects), { settings, parameters });
    const count = (outcome: string) => expected.filter((result) => result.outcome === outcome).length;

    await server.configure({
      ...settingsConfig(settings),
      "openshift-ai-policy:levels": only(one.policy),
      "openshift-ai-policy:parameters": JSON.stringify(parameters),
    });
    const found = await through(objects.map(sentOf));
    const where = `${one.policy}: ${one.case}`;
    expect(
      found.filter(({ policy: name }) => name === one.policy),
      where,
    ).to.have.length(count("violated") + count("error"));
    expect(notDecided(found, one.policy), where).to.equal(count("not decided"));
  }
});

describe("a violation, as the engine gets it", function () {
  this.timeout(60_000);
  const privileged = { name: "a", image: "web", securityContext: { privileged: true } };

  it("has the resource, the field, its value, the required state, the fix and the page", async () => {
    await server.configure({ "openshift-ai-policy:levels": only("not-privileged") });
    const [violation, ...others] = await server.analyze(pod({ containers: [{ name: "b" }, privileged] }));
    expect(others).to.deep.equal([]);
    expect(violation).to.deep.equal({
      policy: "not-privileged",
      urn: "urn:pulumi:test::test::kubernetes:core/v1:Pod::0",
      mandatory: true,
      message:
        "No container is privileged.\nPod web/web: spec.containers[1].securityContext.privileged is true: must not be true\n" +
        `Fix: ${notPrivileged.fix}\nPage: docs/policies/not-privileged.md`,
    });
  });

  it("counts as the environment has it", async () => {
    await server.configure({ "openshift-ai-platform:environment": "development", "openshift-ai-policy:levels": only("not-privileged") });
    expect((await server.analyze(pod({ containers: [privileged] }))).map(({ mandatory }) => mandatory)).to.deep.equal([false]);
  });

  it("is told for each request, however they mix", async () => {
    await server.configure({ "openshift-ai-policy:levels": only("not-privileged", "resources-stated") });
    const requests = Array.from({ length: 20 }, (_, i) => pod({ containers: i % 2 === 0 ? [privileged] : [{ name: "b" }] }, i));
    const found = await Promise.all(requests.map((one) => server.analyze(one)));
    expect(found.map((list) => list.filter(({ policy }) => policy === "not-privileged").length)).to.deep.equal(requests.map((_, i) => 1 - (i % 2)));
    // The same resource again, changed: an up after its preview.
    expect((await server.analyze(pod({ containers: [{ name: "b" }] }, 0))).filter(({ policy }) => policy === "not-privileged")).to.deep.equal([]);
  });

  it("never shows what the program marks as secret, nor the content of a Secret", async () => {
    await server.configure({ "openshift-ai-policy:levels": only("no-secret-values", "not-privileged") });
    const marked = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", value: "hunter2-privileged" };
    const secret: Sent = {
      type: "kubernetes:core/v1:Secret",
      urn: "urn:pulumi:test::test::kubernetes:core/v1:Secret::s",
      props: plain({ metadata: { name: "s", namespace: "web" }, stringData: { password: "hunter2-content" } }),
    };
    const found = await through([pod({ containers: [{ name: "a", securityContext: { privileged: marked } }] }), secret]);
    expect(found.map(({ policy }) => policy)).to.include("not-privileged");
    expect(found.map(({ message }) => message).join("\n"))
      .to.include("(secret, not shown)")
      .and.not.include("hunter2");
    expect(readFileSync(file, "utf8")).not.to.include("hunter2");
  });
});

describe("what is no plain object", function () {
  this.timeout(60_000);
  const bad = { containers: [{ name: "a", securityContext: { privileged: true } }] };
  before(() => server.configure({ "openshift-ai-policy:levels": only("not-privileged") }));
  const of = (type: string, props: unknown): Sent => ({ type, urn: `urn:pulumi:test::test::${type}::x`, props: plain(props) });
  const violations = async (sent: Sent) => (await server.analyze(sent)).length;

  it("is passed over where it is a component, a provider, or of another cloud", async () => {
    for (const type of [
      "pulumi:providers:kubernetes",
      "kubernetes:yaml:ConfigFile",
      "kubernetes:helm.sh/v4:Chart",
      "openshift-ai:serving:ModelPool",
      "aws:s3/bucket:Bucket",
    ])
      expect(await violations(of(type, { kind: "Pod", apiVersion: "v1", spec: bad })), type).to.equal(0);
  });

  it("is looked into where it is a List, item by item", async () => {
    expect(await violations(of("kubernetes:core/v1:PodList", { items: [{ spec: bad }, { metadata: {} }, { spec: bad }] }))).to.equal(2);
    expect(await violations(of("kubernetes:core/v1:List", { items: [{ apiVersion: "v1", kind: "Pod", spec: bad }, null] }))).to.equal(1);
  });

  it("is a custom resource by its token", async () => {
    expect(await violations(of("kubernetes:example.com/v1:Robot", { spec: { template: { spec: bad } } }))).to.equal(1);
  });

  it("is not decided where a patch says nothing of it", async () => {
    await server.configure({ "openshift-ai-policy:levels": only("not-privileged", "seccomp-profile") });
    const patch = of("kubernetes:apps/v1:DeploymentPatch", {
      kind: "Deployment",
      apiVersion: "apps/v1",
      metadata: { name: "a" },
      spec: { template: { spec: bad } },
    });
    const found = await through([patch]);
    expect(found.map(({ policy }) => policy)).to.deep.equal(["not-privileged", "not-decided"]);
    expect(notDecided(found, "seccomp-profile")).to.equal(1);
  });

  it("is told where the provider installs a chart that nobody can look into", async () => {
    const found = await through([of("kubernetes:helm.sh/v3:Release", { chart: "ollama" })]);
    expect(found.map(({ policy, message }) => [policy, /1 Helm release not looked into/.test(message)])).to.deep.equal([["not-decided", true]]);
  });
});

describe("exemptions and results, as the engine runs them", function () {
  this.timeout(60_000);
  const bad = pod({
    containers: [
      { name: "a", securityContext: { privileged: true } },
      { name: UNKNOWN, securityContext: UNKNOWN },
    ],
  });
  const exemption = { policy: "not-privileged", resource: "Pod web/*", reason: "a driver", owner: "ops", expires: "2999-01-01" };
  const configure = (...exemptions: readonly object[]) =>
    server.configure({ "openshift-ai-policy:levels": only("not-privileged"), "openshift-ai-policy:exemptions": JSON.stringify(exemptions) }, "exempted");
  const results = (): Results => JSON.parse(readFileSync(file, "utf8")) as Results;

  it("let a violation pass, and say so", async () => {
    await configure(exemption);
    const found = await through([bad]);
    expect(found.map(({ policy, mandatory }) => [policy, mandatory])).to.deep.equal([["not-decided", false]]);
    expect(found[0]?.message).to.match(/1 violation exempted: not-privileged\n1 policy × object pair not decided before up: not-privileged \(1\)/);
    const { stack, results: all, exemptions, objects } = results();
    expect(stack).to.equal("exempted");
    expect(objects.map(({ title, urn }) => [title, urn])).to.deep.equal([["Pod web/web", bad.urn]]);
    expect(all.map(({ unit, outcome, exemption: by }) => [unit, outcome, by?.owner])).to.deep.equal([
      ["spec.containers[0]", "exempted", "ops"],
      ["spec.containers[1]", "not decided", undefined],
    ]);
    expect(all[0]?.evidence).to.deep.include({ path: "spec.containers[0].securityContext.privileged", value: "true" });
    expect(exemptions.map(({ state }) => state)).to.deep.equal(["used"]);
  });

  it("that have expired or are not needed are refused", async () => {
    await configure({ ...exemption, expires: "2020-01-01" }, { ...exemption, resource: "Job *" });
    const found = await through([bad]);
    expect(found.map(({ policy, mandatory }) => [policy, mandatory])).to.deep.equal([["not-privileged", true], ["exemptions", true], ["exemptions", true], ["not-decided", false]]); // prettier-ignore
    expect(results().exemptions.map(({ state }) => state)).to.deep.equal(["expired", "unused"]);
  });

  it("leave out a resource that the stack has no more", async () => {
    await configure();
    await server.analyze(bad);
    await server.analyzeStack([]);
    expect(results().results).to.deep.equal([]);
  });

  it("are refused with all that is wrong, before anything is looked at", async () => {
    const error = await server.configure({ "openshift-ai-policy:enviroment": "x", "openshift-ai-policy:exemptions": "nowhere.yaml" }).then(
      () => "",
      (reason: unknown) => (reason instanceof Error ? reason.message : ""),
    );
    expect(error)
      .to.include("the settings of the policy pack are wrong")
      .and.include('did you mean "environment"?')
      .and.include("nowhere.yaml: can't be read")
      .and.not.match(/\n +at /);
  });
});
