import { expect } from "chai";
import { toDiffResponse } from "../../tools/plugins/lib/provider";
import { InitFailed, toServiceError } from "../../tools/plugins/lib/server";
import { copySecrets, fromStruct, hasSecret, hasUnknown, makeSecret, plain, same, toStruct, UNKNOWN } from "../../tools/plugins/lib/values";
import { idOutputs, randomInteger, randomPet, randomShuffle, randomText, textRules, uuid7 } from "../../tools/plugins/random-values";

describe("property values", () => {
  it("survive the wire with their marks", () => {
    const value = { a: makeSecret({ b: [1, null, "x"] }), c: UNKNOWN };
    expect(fromStruct(toStruct(value))).to.deep.equal(value);
  });
  it("lose their secret marks, and only those", () => expect(plain({ a: makeSecret([makeSecret("x"), UNKNOWN]) })).to.deep.equal({ a: ["x", UNKNOWN] }));
  it("know what is in them", () => {
    expect(hasSecret({ a: [{ b: makeSecret(1) }] })).to.equal(true);
    expect(hasUnknown({ a: makeSecret([UNKNOWN]) })).to.equal(true);
    expect(hasUnknown({ a: "known" })).to.equal(false);
  });
  it("are the same whatever the order of keys and the marks", () => {
    expect(same({ a: 1, b: makeSecret("x") }, { b: "x", a: 1 })).to.equal(true);
    expect(same({ a: 1 }, { a: 1, b: null })).to.equal(false);
    expect(same([1, 2], [2, 1])).to.equal(false);
  });
  it("mark in the output what was secret in the input: maps by key, lists as a whole", () => {
    expect(copySecrets({ m: { a: 1, b: 2 }, l: [1, 2] }, { m: { a: makeSecret(1), b: 2 }, l: [makeSecret(1), 2] })).to.deep.equal({
      m: { a: makeSecret(1), b: 2 },
      l: makeSecret([1, 2]),
    });
  });
});

describe("messages to the engine", () => {
  it("say per path what changed and what replaces", () => {
    const reply = toDiffResponse({
      changes: new Map([
        ["spec.a[0]", { kind: "update", replace: true }],
        ["data", { kind: "add", replace: false }],
      ]),
      deleteBeforeReplace: true,
    });
    expect({ diffs: reply.getDiffsList(), replaces: reply.getReplacesList(), first: reply.getDeletebeforereplace() }).to.deep.equal({
      diffs: ["spec", "data"],
      replaces: ["spec.a[0]"],
      first: true,
    });
  });
  it("keep the state of what was made but is not ready", () => {
    const error = toServiceError(new InitFailed("not ready", "id", { a: 1 }, ["because"]));
    expect(error.details).to.equal("not ready");
    expect(error.metadata?.get("grpc-status-details-bin")).to.have.length(1);
    expect(toServiceError(new Error("plain")).metadata).to.equal(undefined);
  });
});

describe("random values", () => {
  it("follow the rules for characters", () => {
    for (let i = 0; i < 50; i++) {
      const text = randomText(textRules({ length: 12, upper: false, minNumeric: 2, minSpecial: 1, overrideSpecial: "_" }));
      expect(text)
        .to.match(/^[a-z0-9_]{12}$/)
        .and.match(/\d.*\d/)
        .and.match(/_/);
    }
  });
  it("refuse rules that nothing can follow", () => {
    expect(() => textRules({ length: 0 })).to.throw("length: 0");
    expect(() => textRules({ length: 3, minLower: 2, minUpper: 2 })).to.throw("length: 3 is less than the 4 characters");
    expect(() => textRules({ length: 3, lower: false, upper: false, numeric: false, special: false })).to.throw("at least one must be true");
  });
  it("of an id have the same bytes in each form", () =>
    expect(idOutputs(Buffer.from([0, 255]), "p")).to.deep.equal({ id: "AP8", outputs: { b64Std: "pAP8=", b64Url: "pAP8", hex: "p00ff", dec: "p255" } }));
  it("stay in their bounds", () => {
    for (let i = 0; i < 50; i++) expect(randomInteger({ min: 3, max: 5 })).to.be.within(3, 5);
    expect(() => randomInteger({ min: 5, max: 3 })).to.throw("min: 5 is more than max: 3");
  });
  it("are repeated by a seed", () => {
    expect(randomInteger({ min: 0, max: 1e6, seed: "s" })).to.equal(randomInteger({ min: 0, max: 1e6, seed: "s" }));
    expect(randomShuffle({ inputs: ["a", "b", "c"], seed: "s" })).to.deep.equal(randomShuffle({ inputs: ["a", "b", "c"], seed: "s" }));
  });
  it("of a shuffle have each input once, cut or repeated to the count", () => {
    expect([...randomShuffle({ inputs: ["a", "b", "c"] })].sort()).to.deep.equal(["a", "b", "c"]);
    expect(randomShuffle({ inputs: ["a", "b"], resultCount: 5 })).to.have.length(5);
    expect(randomShuffle({ inputs: [] })).to.deep.equal([]);
  });
  it("have their usual form", () => {
    expect(uuid7()).to.match(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(randomPet({ length: 3, prefix: "my", separator: "_" })).to.match(/^my_[a-z]+_[a-z]+_[a-z]+$/);
  });
});
