import { expect } from "chai";
import { complaint, Exemptions, exemptionsFrom, matches, type Exemption } from "../../policy/src/exemptions";
import { didYouMean, InputError } from "../../policy/src/input";
import { kubeObject, type KubeObject } from "../../policy/src/objects";
import { plain } from "../../policy/src/values";

const names = ["not-privileged", "image-pinned"];
const good = { policy: "not-privileged", resource: "Deployment web/*", reason: "a driver", owner: "ops", expires: "2026-06-30" };
const problemsOf = (value: unknown): readonly string[] => {
  try {
    exemptionsFrom(plain(value), "file", names);
    return [];
  } catch (error) {
    if (error instanceof InputError) return error.problems;
    throw error;
  }
};
const object = (kind: string, namespace: string, name: string, id = "urn:a"): KubeObject => {
  const made = kubeObject(plain({ apiVersion: "v1", kind, metadata: { namespace, name } }), { id });
  if (made === undefined) throw new Error("no object");
  return made;
};

describe("a file of exemptions", () => {
  it("is a list, or a map with one; nothing exempts nothing", () => {
    expect(exemptionsFrom(plain([good]), "file", names)).to.have.length(1);
    expect(exemptionsFrom(plain({ exemptions: [good] }), "file", names)).to.have.length(1);
    expect(exemptionsFrom(undefined, "file", names)).to.deep.equal([]);
    expect(exemptionsFrom(plain({ exemptions: null }), "file", names)).to.deep.equal([]);
    expect(problemsOf("all")).to.deep.equal(['file: "all"; allowed: a list of exemptions, each with policy, resource, reason, owner, expires']);
    expect(problemsOf({ exemption: [good] })[0]).to.match(/^file: \{"exemption"/);
  });

  it("tells all that is wrong with it at once", () => {
    const unowned = { ...good, owner: undefined };
    expect(
      problemsOf([
        good,
        "x",
        { ...unowned, reasn: "y" },
        { ...good, policy: "not-priviledged", expires: "2026-02-30" },
        { ...good, reason: " ", environments: ["test"] },
        { ...good, expires: "30.6.2026", environments: [] },
      ]),
    ).to.deep.equal([
      'file[1]: "x"; allowed: an exemption with policy, resource, reason, owner, expires',
      'file[2].reasn: no such field; allowed: policy, resource, reason, owner, expires, environments; did you mean "reason"?',
      "file[2].owner: not set; allowed: a text, and it must be there",
      'file[3].policy: "not-priviledged"; allowed: the name of a policy, openshift-ai-policy list shows them; did you mean "not-privileged"?',
      'file[3].expires: "2026-02-30"; allowed: a day as YYYY-MM-DD',
      'file[4].reason: " "; allowed: a text, and it must be there',
      'file[4].environments: ["test"]; allowed: a list of dev, staging, production',
      'file[5].expires: "30.6.2026"; allowed: a day as YYYY-MM-DD',
      "file[5].environments: []; allowed: a list of dev, staging, production",
    ]);
  });

  it("can't be fooled by keys of an object's prototype", () => {
    expect(problemsOf([JSON.parse('{"__proto__": {"policy": "image-pinned"}}')])[0]).to.match(/^file\[0\]\.__proto__: no such field/);
  });
});

describe("an exemption", () => {
  const at = (today: string, ...exemptions: readonly Exemption[]) => new Exemptions(exemptions, today, "production");

  it("exempts what it names from one policy, by title or by URN", () => {
    const exemptions = at("2026-01-01", good, { ...good, resource: "urn:b*" });
    expect(exemptions.of("not-privileged", object("Deployment", "web", "a"))?.resource).to.equal("Deployment web/*");
    expect(exemptions.of("not-privileged", object("Job", "web", "a", "urn:b::c"))?.resource).to.equal("urn:b*");
    expect(exemptions.of("image-pinned", object("Deployment", "web", "a"))).to.equal(undefined);
    expect(exemptions.of("not-privileged", object("Deployment", "other", "a"))).to.equal(undefined);
  });

  it("holds to the end of its last day, then stands for itself", () => {
    const deployment = object("Deployment", "web", "a");
    expect(at("2026-06-30", good).of("not-privileged", deployment)).to.equal(good);
    const after = at("2026-07-01", good);
    expect(after.of("not-privileged", deployment)).to.equal(undefined);
    expect(after.states().map(({ state }) => state)).to.deep.equal(["expired"]);
    expect(after.states().map(complaint)[0]).to.match(
      /^the exemption of Deployment web\/\* from not-privileged \(ops: a driver\) expired on 2026-06-30\. Fix: /,
    );
  });

  it("that has expired gives way to one that holds", () => {
    const renewed = { ...good, expires: "2027-01-01" };
    const exemptions = at("2026-12-31", good, renewed);
    expect(exemptions.of("not-privileged", object("Deployment", "web", "a"))).to.equal(renewed);
    expect(exemptions.states().map(({ state }) => state)).to.deep.equal(["expired", "used"]);
  });

  it("that nothing needs is told, but in its environments only", () => {
    const exemptions = at("2026-01-01", good, { ...good, environments: ["dev"] }, { ...good, environments: ["production"], resource: "Job *" });
    exemptions.of("not-privileged", object("Deployment", "web", "a"));
    expect(exemptions.states().map(({ resource, state }) => [resource, state])).to.deep.equal([["Deployment web/*", "used"], ["Job *", "unused"]]); // prettier-ignore
    expect(exemptions.states().map(complaint)).to.satisfy(([used, unused]: readonly unknown[]) => used === undefined && /is not needed/.test(String(unused)));
  });
});

describe("a pattern", () => {
  for (const [pattern, text, is] of [
    ["a", "a", true],
    ["a", "ab", false],
    ["*", "", true],
    ["*", "anything at all", true],
    ["a*", "ab", true],
    ["a*", "ba", false],
    ["*b", "ab", true],
    ["*b", "ba", false],
    ["a*a", "a", false],
    ["a*a", "aa", true],
    ["a*b*c", "a-b-c", true],
    ["a*b*c", "a-c-b", false],
    ["a*bb*b", "a-bb", false],
    ["a.c", "abc", false],
    [`${"*a".repeat(40)}*b`, "a".repeat(5000), false],
  ] as const)
    it(`${pattern.slice(0, 20)} ${is ? "fits" : "does not fit"} ${text.slice(0, 20) || "(nothing)"}`, () => expect(matches(pattern, text)).to.equal(is));
});

describe("a word that is none of the names", () => {
  it("is taken for the nearest, where one is near", () => {
    expect(didYouMean("not-privileed", names)).to.equal('; did you mean "not-privileged"?');
    expect(didYouMean("IMAGE-PINNED", names)).to.equal('; did you mean "image-pinned"?');
    expect(didYouMean("quota", names)).to.equal("");
    expect(didYouMean("x", [])).to.equal("");
  });
});
