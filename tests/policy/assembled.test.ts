import { expect } from "chai";
import { Assembled, inherited, lenient } from "../../policy/src/assembled";
import { kubeObject } from "../../policy/src/objects";
import { Malformed, NotDecided, plain, UNKNOWN, View, type Value } from "../../policy/src/values";

const both = (own: unknown, defaults: unknown) => inherited(plain(own), plain(defaults));

describe("a part with its defaults", () => {
  const cases: readonly (readonly [what: string, own: unknown, defaults: unknown, is: unknown])[] = [
    ["its defaults where it is absent", undefined, { a: 1 }, { a: 1 }],
    ["its defaults where it is null", null, { a: 1 }, { a: 1 }],
    ["itself where there are no defaults", { a: 1 }, undefined, { a: 1 }],
    ["itself where the defaults are null", { a: 1 }, null, { a: 1 }],
    ["itself where it is a plain value", 2, 1, 2],
    ["itself where the defaults are of another type", [1], { a: 1 }, [1]],
    ["itself where it is of another type", { a: 1 }, [1], { a: 1 }],
    ["maps by field, however deep", { a: { b: 1 } }, { a: { b: 2, c: 3 }, d: 4 }, { a: { b: 1, c: 3 }, d: 4 }],
    ["itself for a list of plain values", ["ALL"], ["NET_RAW", "CHOWN"], ["ALL"]],
    ["itself where one of its items is plain", [{ name: "a" }, "b"], [{ name: "c" }], [{ name: "a" }, "b"]],
    ["itself where one of the default items is plain", [{ name: "a" }], [{ name: "c" }, "d"], [{ name: "a" }]],
    ["variables joined by name", [{ name: "A", value: "1" }], [{ name: "A", value: "2" }, { name: "B" }], [{ name: "A", value: "1" }, { name: "B" }]],
    [
      "mounts joined by path, whatever their volume",
      [{ name: "own", mountPath: "/tmp" }],
      [
        { name: "other", mountPath: "/tmp" },
        { name: "own", mountPath: "/data" },
      ],
      [
        { name: "own", mountPath: "/tmp" },
        { name: "own", mountPath: "/data" },
      ],
    ],
    ["unknown where it is unknown", UNKNOWN, { a: 1 }, UNKNOWN],
    ["unknown where its defaults are", { a: 1 }, UNKNOWN, UNKNOWN],
    ["unknown only in the field that is", { a: UNKNOWN }, { a: 1, b: 2 }, { a: UNKNOWN, b: 2 }],
  ];
  for (const [what, own, defaults, is] of cases) it(`is ${what}`, () => expect(plain(both(own, defaults))).to.deep.equal(plain(is)));
});

describe("a view of which fields stand elsewhere", () => {
  const elsewhere = new View(plain({ runAsUser: 1 }), "podTemplate.securityContext");
  const view = new Assembled(plain({ image: "a", securityContext: { runAsUser: 0 } }), "steps[0]", undefined, { securityContext: elsewhere });

  it("reads those where they are, and says so", () => {
    expect(view.number("securityContext.runAsUser")).to.equal(1);
    expect(view.view("securityContext.runAsUser").path).to.equal("podTemplate.securityContext.runAsUser");
  });
  it("reads all else where it is", () => {
    expect(view.string("image")).to.equal("a");
    expect(view.view("image").path).to.equal("steps[0].image");
    expect(view.has("constructor")).to.equal(false);
  });
  it("is itself at no key, and a list by numbers", () => {
    expect(view.at().value).to.equal(view.value);
    expect(new Assembled(["a"], "list", undefined, { 0: elsewhere }).at(0).value).to.equal("a");
  });
});

describe("a part that may be malformed on the way", () => {
  const at = (value: unknown, ...keys: readonly (string | number)[]) => lenient(new View(plain(value), "root"), ...keys);

  it("is found", () => expect(at({ a: [{ b: 1 }] }, "a", 0, "b")).to.include({ value: 1, path: "root.a[0].b" }));
  for (const nothing of [undefined, null])
    it(`is absent below ${nothing}`, () => expect(at({ a: nothing }, "a", "b")).to.include({ value: undefined, path: "root.a" }));
  const wrong: readonly (readonly [what: string, value: Value, key: string | number])[] = [
    ["a string where a map is due", "text", "b"],
    ["a list where a map is due", [1], "b"],
    ["a map where a list is due", { b: 1 }, 0],
    ["what is unknown", UNKNOWN, "b"],
  ];
  for (const [what, value, key] of wrong)
    it(`is ${what}, which reading finds out`, () => {
      const part = at({ a: value }, "a", key);
      expect(part.path).to.equal("root.a");
      expect(() => part.at(key).known()).to.throw(value === UNKNOWN ? NotDecided : Malformed);
    });
});

describe("an object", () => {
  it("has the group and the kind that it says, and a title of all that is known", () => {
    const rollout = kubeObject(plain({ apiVersion: "argoproj.io/v1alpha1", kind: "Rollout", metadata: { name: "a", namespace: "b" } }), { id: "urn" });
    expect(rollout).to.include({ group: "argoproj.io", title: "Rollout b/a" });
    const service = kubeObject(plain({ apiVersion: "v1", kind: "Service", metadata: { name: UNKNOWN } }), { id: "urn" });
    expect(service).to.include({ group: "", title: "Service (name known only after up)" });
  });
  const none: readonly (readonly [what: string, value: unknown])[] = [
    ["text", "text"],
    ["nothing", undefined],
    ["a list", []],
    ["a map without a kind", { apiVersion: "v1" }],
    ["a map without a version", { kind: "Service" }],
    ["a map whose kind is a number", { apiVersion: "v1", kind: 1 }],
    ["kustomize's own file", { apiVersion: "kustomize.config.k8s.io/v1beta1", kind: "Kustomization" }],
  ];
  for (const [what, value] of none) it(`is not ${what}`, () => expect(kubeObject(plain(value), { id: "urn" })).to.equal(undefined));
});
