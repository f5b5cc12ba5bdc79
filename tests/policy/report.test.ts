/** What a compliance report says of results, whatever it is written as. */
import { expect } from "chai";
import type { ControlReport, Report } from "../../policy/src/report/model";
import { evidenceOf } from "../../policy/src/report/evidence";
import { excuse, mixed, report, result, resultsOf } from "./reportResults";

const control = (from: Report, id: string): ControlReport => {
  const found = from.frameworks.flatMap(({ controls }) => controls).find((one) => one.control.id === id);
  if (found === undefined) throw new Error(`no control ${id}`);
  return found;
};
const verdict = (...parameters: Parameters<typeof report>) => report(...parameters).verdict;

describe("the verdict of a report", () => {
  it("is passed where everything passed", () => {
    expect(verdict([result("not-privileged", "web", "passed")])).to.deep.equal({
      outcome: "passed",
      sentence: "No mandatory violation, and all checks were decided.",
    });
  });

  it("is open where something was not decided, though nothing is violated", () => {
    expect(verdict([result("not-privileged", "web", "passed"), result("not-privileged", "api", "not decided")])).to.deep.equal({
      outcome: "open",
      sentence: "No mandatory violation. 1 check not decided before up.",
    });
  });

  it("is failed by a mandatory violation, and says what else there is", () => {
    const { outcome, sentence } = verdict(mixed);
    expect(outcome).to.equal("failed");
    expect(sentence).to.equal(
      "1 mandatory violation, 1 policy that failed itself. Besides: 1 exempted violation, 1 advisory violation, 1 check not decided before up.",
    );
  });

  it("is not failed by an advisory violation, but tells of it", () => {
    expect(verdict([result("replicas-spread", "web", "violated"), result("replicas-spread", "api", "violated")])).to.deep.equal({
      outcome: "passed",
      sentence: "No mandatory violation, and all checks were decided. 2 advisory violations.",
    });
  });

  it("is failed by an error of an advisory policy: nobody knows what it would have said", () => {
    expect(verdict([result("replicas-spread", "web", "error"), result("replicas-spread", "api", "error")])).to.deep.equal({
      outcome: "failed",
      sentence: "2 policies that failed themselves.",
    });
  });

  it("is passed by an exempted violation, and failed by an exemption that expired or that nothing needs", () => {
    const exempted = result("image-pinned", "web", "exempted", { exemption: excuse });
    const entry = { ...excuse, policy: "image-pinned", resource: "Deployment shop/*" };
    const told = (state: "used" | "expired" | "unused") => verdict([exempted], { exemptions: [{ ...entry, state }] });
    expect(told("used")).to.deep.equal({ outcome: "passed", sentence: "No mandatory violation, and all checks were decided. 1 exempted violation." });
    expect(told("expired")).to.deep.equal({ outcome: "failed", sentence: "1 expired exemption. Besides: 1 exempted violation." });
    expect(told("unused")).to.deep.equal({ outcome: "failed", sentence: "1 unused exemption. Besides: 1 exempted violation." });
  });

  it("is failed where nothing was checked", () => {
    expect(verdict([])).to.deep.equal({ outcome: "failed", sentence: "Nothing was checked: the results hold no result." });
  });
});

describe("a control in a report", () => {
  it("has the counts of all policies that support it", () => {
    const { counts, policies, notApplicable, state } = control(report(mixed), "AC-6");
    expect(policies.map(({ policy }) => policy.name)).to.deep.equal(["not-privileged", "no-privilege-escalation"]);
    expect(counts).to.deep.equal({ passed: 2, violated: 1, exempted: 0, notDecided: 0, errors: 0 });
    expect([state, notApplicable]).to.deep.equal(["failed", 0]);
  });

  it("is passed only where every check passed", () => {
    const states = (...outcomes: ("passed" | "violated" | "not decided" | "exempted" | "error")[]) =>
      control(report(outcomes.map((outcome, i) => result("job-limits", "web", outcome, { unit: `spec[${i}]` }))), "SC-6").state;
    expect(states("passed", "passed")).to.equal("passed");
    expect(states("passed", "exempted")).to.equal("exempted");
    expect(states("passed", "exempted", "not decided")).to.equal("not decided");
    expect(states("passed", "not decided", "violated")).to.equal("failed");
    expect(states("passed", "error")).to.equal("failed");
    expect(states()).to.equal("not applicable");
  });

  it("is not applicable, with the reason at its policy, where the layer isn't built", () => {
    const made = report(mixed);
    expect([control(made, "SC-8").state, control(made, "SC-8").notApplicable]).to.deep.equal(["not applicable", 1]);
    const reasonOf = (name: string, from = made) => from.policies.find(({ policy }) => policy.name === name)?.reason;
    expect(reasonOf("database-tls")).to.equal("layer not built: data");
    expect(reasonOf("job-limits", report([result("image-pinned", "web", "passed")]))).to.equal("nothing in this stack that it is about");
    const off = resultsOf([]).policies.map((policy) => ({ ...policy, applicable: policy.name !== "job-limits" }));
    expect(reasonOf("job-limits", report([], { policies: off }))).to.equal("switched off");
  });

  it("stands where its framework numbers it", () => {
    const nist = report(mixed).frameworks.find(({ framework }) => framework.id === "nist");
    expect(nist?.controls.map(({ control: { id } }) => id)).to.deep.equal(["AC-6", "CM-7", "SC-6", "SC-8", "SI-7", "SI-13(5)"]);
  });

  it("is left out, and said to be, where it was not confirmed", () => {
    const policies = resultsOf([]).policies.map((policy) => (policy.number === 11 ? { ...policy, controls: { cis: ["5.2.2", "9.9.9"] } } : policy));
    const made = report(mixed, { policies });
    expect(made.unconfirmed).to.deep.equal(["CIS Kubernetes Benchmark 9.9.9"]);
    expect(made.frameworks[0]?.controls.map(({ control: { id } }) => id)).to.deep.equal(["5.2.2", "5.2.6"]);
  });

  it("that no policy supports is known to be without", () => {
    const aiAct = report(mixed).frameworks.find(({ framework }) => framework.id === "aiAct");
    expect(aiAct?.controls.map(({ control: { id } }) => id)).to.deep.equal(["15"]);
    expect(aiAct?.unsupported.map(({ id }) => id)).to.deep.equal(["10", "12", "13", "14"]);
  });
});

describe("the rows of a report", () => {
  it("are in the order of policies, objects and units, whatever order the results came in", () => {
    const order = (from: Report) => from.rows.map(({ policy, object, unit }) => [policy.number, object.title, unit]);
    const units = [10, 2, 1].map((i) => result("not-privileged", "web", "passed", { unit: `c[${i}]` }));
    expect(order(report([...mixed, ...units]))).to.deep.equal(order(report([...units, ...mixed].reverse())));
    expect(order(report(mixed)).map(([number]) => number)).to.deep.equal([11, 11, 12, 25, 49, 49, 54]);
  });

  it("name policies and objects that the results list; others are refused", () => {
    expect(() => report([result("no-such-policy", "web", "passed")])).to.throw("policy no-such-policy");
    expect(() => report([result("job-limits", "nothing", "passed")])).to.throw("object urn:pulumi:production::shop::kubernetes:apps/v1:Deployment::nothing");
  });

  it("show the fields that were read, not what leads to them", () => {
    const read = ["spec", "spec.a", "spec.a[0]", 'spec.a[0]["x.y/z"]', "spec.ab", "metadata.name"].map((path) => ({ path, value: "1" }));
    expect(evidenceOf(read).fields.map(({ path }) => path)).to.deep.equal(["metadata.name", 'spec.a[0]["x.y/z"]', "spec.ab"]);
  });

  it("show twelve fields of many, and count the others", () => {
    const read = Array.from({ length: 40 }, (_, i) => ({ path: `rules[${i}]`, value: "1" }));
    expect(evidenceOf(read).fields).to.have.length(12);
    expect(evidenceOf(read).more).to.equal(28);
    expect(evidenceOf(read.slice(0, 12)).more).to.equal(0);
  });
});
