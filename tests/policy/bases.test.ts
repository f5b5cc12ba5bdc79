/** The objects that cases start from are right themselves: what a case finds wrong is what it changed. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { parse } from "yaml";
import { evaluateObject } from "../../policy/src/evaluate";
import { kubeObject } from "../../policy/src/objects";
import { podsOf } from "../../policy/src/pods";
import { policies } from "../../policy/src/policies";
import { defaultSettings } from "../../policy/src/settings";
import { plain } from "../../policy/src/values";

const bases = parse(readFileSync(join(__dirname, "../../policy/corpus/bases.yaml"), "utf8"), { merge: true }) as Readonly<Record<string, unknown>>;

describe("bases of the corpus", () => {
  for (const [name, value] of Object.entries(bases)) {
    const object = kubeObject(plain(value), { id: name });
    if (object === undefined) throw new Error(`${name} is no object`);

    for (const platform of ["kubernetes", "openshift"] as const)
      it(`${name} is as each policy of containers, pods and objects requires, on ${platform}`, () => {
        const results = policies.flatMap((policy) =>
          policy.scope === "stack" ? [] : evaluateObject(policy, object, { settings: { ...defaultSettings, platform } }),
        );
        const bad = results.filter(({ outcome }) => outcome !== "passed");
        expect(bad.flatMap(({ policy, problems }) => problems.map(({ path, message }) => `${policy.name} ${path}: ${message}`))).to.deep.equal([]);
        if (podsOf(object).length > 0) expect(results.length).to.be.greaterThan(5);
      });
  }
});
