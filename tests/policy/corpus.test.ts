/** Each policy on its cases: policy/corpus. */
import { expect } from "chai";
import { corpus, objectsOf, type Case } from "../../policy/corpus";
import { evaluate, type Outcome, type Result } from "../../policy/src/evaluate";
import { policies } from "../../policy/src/policies";
import { defaultSettings } from "../../policy/src/settings";
import { Stack } from "../../policy/src/stack";

const cases = corpus();

/** What these read is never unknown: an object without a version or a kind is none. */
const alwaysDecided = ["api-versions"];

for (const policy of policies) {
  const own = cases.filter((one) => one.policy === policy.name);
  describe(`policy ${policy.number} ${policy.name}`, () => {
    it("has cases right, wrong and unknown, and an example of each for its page", () => {
      expect(own.map(({ expect }) => expect)).to.include.members(["passed", "violated", ...(alwaysDecided.includes(policy.name) ? [] : ["not decided"])]);
      expect(own.flatMap(({ docs = [] }) => docs)).to.include.members(["good", "bad"]);
    });
    for (const one of own)
      it(`${one.expect}: ${one.case}${one.docs ? ` (${one.docs})` : ""}`, () => {
        const results = run(one);
        expect(verdict(results), results.flatMap(({ problems }) => problems.map(({ path, message }) => `${path}: ${message}`)).join("\n")).to.equal(one.expect);
        if (one.path !== undefined) expect(results.flatMap(({ problems }) => problems)[0]?.path).to.equal(one.path);
        if (one.message !== undefined) expect(results.flatMap(({ problems }) => problems)[0]?.message).to.equal(one.message);
      });
  });
}

describe("the corpus", () => {
  it("has no cases of a policy that there is none of", () => {
    expect([...new Set(cases.map(({ policy }) => policy))].filter((name) => !policies.some((policy) => policy.name === name))).to.deep.equal([]);
  });
});

function run(one: Case): readonly Result[] {
  const policy = policies.filter(({ name }) => name === one.policy);
  // A policy of a layer to come is right already; `layers` says when it counts.
  const layers = policy.flatMap(({ layer = [] }) => layer);
  const settings = { ...defaultSettings, layers: [...defaultSettings.layers, ...layers], ...one.settings };
  return evaluate(policy, new Stack(objectsOf(one)), { settings, parameters: { [one.policy]: one.parameters ?? {} } });
}

/** The outcome of all results together: what is wrong outweighs what is unknown. */
function verdict(results: readonly Result[]): Outcome | "not applicable" {
  for (const outcome of ["error", "violated", "not decided", "passed"] as const) if (results.some((result) => result.outcome === outcome)) return outcome;
  return "not applicable";
}
