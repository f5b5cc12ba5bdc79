/** The pack works alone, so it has the rule of models' names once more; the two must not differ. */
import { expect } from "chai";
import { isModelName } from "../../policy/src/models";
import { isModelName as isNameInConfiguration } from "../../stacks/modelNames";

/** Pieces of names, right and wrong ones; all their combinations are tried. */
const models = ["codellama", "a", "a.b-c_d", "deep--seek", "", "Code", "a/b", "-a", "a".repeat(63), "a".repeat(64), "é"];
const sizes = ["7b", "0.1m", "8x7b", "1.5x2.5t", "0b", "07b", "7", "7q", "", "b", "7b7"];
const versions = ["v1.0", "v0.10.2", "v1", "v01.0", "v1.00", "1.0", "v1.0.0.0", ""];
const variants = ["base", "q4-k_m", "a..b", "", "Base", "b".repeat(63), "b".repeat(64)];

describe("models' names in policies and in the configuration", () => {
  it("are the same, for all combinations of right and wrong parts", () => {
    const names = models.flatMap((model) =>
      sizes.flatMap((size) => versions.flatMap((version) => variants.map((variant) => `${model}:${size}-${version}-${variant}`))),
    );
    const right = names.filter(isNameInConfiguration);
    expect(names.filter(isModelName)).to.deep.equal(right);
    expect(right.length)
      .to.be.greaterThan(50)
      .and.lessThan(names.length / 2);
  });

  it("are the same where the tag is just as long as may be", () => {
    for (const length of [78, 79, 80, 81, 82]) {
      const name = `a:7b-v1.0.${"1".repeat(length - 8 - 61)}-${"b".repeat(60)}`;
      expect(isModelName(name), String(length))
        .to.equal(isNameInConfiguration(name))
        .and.to.equal(length <= 80);
    }
  });

  it("are the same for what is no name at all", () => {
    for (const name of [
      "",
      ":",
      "codellama",
      "codellama:latest",
      "codellama:7b-v1.0-base\n",
      " codellama:7b-v1.0-base",
      "constructor",
      "__proto__:7b-v1.0-base",
    ])
      expect(isModelName(name), name).to.equal(isNameInConfiguration(name));
  });
});
