/** What policies support of frameworks, and where that was read. */
import { expect } from "chai";
import { controlOf, frameworks, unconfirmed } from "../../policy/src/frameworks";
import { policies } from "../../policy/src/policies";

describe("the controls of frameworks", () => {
  for (const policy of policies)
    it(`that policy ${policy.number} ${policy.name} names were each read in a source`, () => {
      expect(unconfirmed(policy.controls)).to.deep.equal([]);
    });

  it("cite a document, its version, and the file at a commit or the page that was read", () => {
    for (const { source, id } of frameworks.flatMap(({ controls }) => controls)) {
      expect(source.document, id).to.match(/\S{3}/);
      expect(source.version, id).to.match(/\d/);
      expect(source.read, id).to.match(/^([\w.-]+\/[\w.-]+@[0-9a-f]{7} \S+|https:\/\/\S+)$/);
    }
  });

  it("are each listed once", () => {
    for (const { id, controls } of frameworks) expect(new Set(controls.map((control) => control.id)).size, id).to.equal(controls.length);
  });

  it("leave out what was not confirmed, and say what", () => {
    expect(controlOf("cis", "5.2.2")?.title).to.equal("no privileged containers");
    expect(controlOf("cis", "5.9.9")).to.equal(undefined);
    expect(unconfirmed({ cis: ["5.2.2", "5.9.9"], nist: ["ZZ-1"], aiAct: ["15"] })).to.deep.equal(["cis 5.9.9", "nist ZZ-1"]);
  });

  it("say of no framework that anything complies with it", () => {
    for (const { claim } of frameworks)
      expect(claim)
        .to.match(/support/)
        .and.not.match(/\b(comply|compliant|satisf|fulfil|certif)/i);
    expect(frameworks.find(({ id }) => id === "aiAct")?.claim).to.contain("nothing here says that a system complies");
  });
});
