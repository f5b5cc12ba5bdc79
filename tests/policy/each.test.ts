/** Several parts of one object: what is wrong outweighs what is unknown, and nothing hides a mistake of the policy's own. */
import { expect } from "chai";
import { all, each, named } from "../../policy/src/each";
import { kubeObject } from "../../policy/src/objects";
import { peek } from "../../policy/src/peek";
import { problem } from "../../policy/src/policy";
import { NotDecided, plain, UNKNOWN, View } from "../../policy/src/values";

const list = new View(plain({ known: ["a", "*"], unknown: ["a", UNKNOWN, UNKNOWN], both: [UNKNOWN, "*"], malformed: [1, UNKNOWN] }));
const check = (key: string) => each(list.list(key), (item) => (item.string("") === "*" ? [problem(item, "", "must not be *")] : []));

describe("the parts of an object", () => {
  it("are all looked at", () => {
    expect(check("known")).to.deep.equal([{ path: "known[1]", value: "*", message: "must not be *" }]);
  });

  it("are wrong where one is, whatever is unknown of another", () => {
    expect(check("both").map(({ path }) => path)).to.deep.equal(["both[1]"]);
  });

  it("are not decided where nothing is wrong and one is unknown; the first is named", () => {
    expect(() => check("unknown")).to.throw(NotDecided, /^unknown\[1\] is known only after up$/);
  });

  it("are wrong where one is malformed", () => {
    expect(check("malformed")).to.deep.equal([{ path: "malformed[0]", value: 1, message: "must be a string" }]);
  });

  it("let errors of the policy's own through", () => {
    const fails = () => {
      throw new RangeError("a mistake");
    };
    expect(() => all(() => [], fails)).to.throw(RangeError, "a mistake");
  });
});

describe("what is said to be missing", () => {
  const object = (metadata: object) => kubeObject(plain({ apiVersion: "v1", kind: "ServiceAccount", metadata }), { id: "a" });
  const check = (metadata: object) => () => named([object(metadata)].filter((one) => one !== undefined));

  it("is not decided while something has no name or project yet", () => {
    expect(check({ name: UNKNOWN, namespace: "a" })).to.throw(NotDecided);
    expect(check({ name: "a", namespace: UNKNOWN })).to.throw(NotDecided);
    expect(check({ name: "a" })).not.to.throw();
  });
});

describe("looking at an object", () => {
  const value = plain({ spec: { a: { b: 1 }, none: null, later: UNKNOWN, list: [1] } });

  it("finds what is there, and says what is unknown or absent without an error", () => {
    expect(peek(value, "spec", "a", "b")).to.equal(1);
    expect(peek(value, "spec", "later", "c")).to.equal(UNKNOWN);
    expect(peek(value, "spec", "later")).to.equal(UNKNOWN);
    for (const path of [
      ["spec", "none"],
      ["spec", "c", "d"],
      ["spec", "list", "0"],
      ["spec", "constructor"],
      ["spec", "a", "b", "c"],
    ])
      expect(peek(value, ...path), path.join(".")).to.equal(undefined);
  });
});
