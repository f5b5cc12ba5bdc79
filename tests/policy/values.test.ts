import { expect } from "chai";
import fc from "fast-check";
import { evaluate } from "../../policy/src/evaluate";
import { kubeObject } from "../../policy/src/objects";
import { containerPolicy, objectPolicy, stackPolicy } from "../../policy/src/policy";
import { quantity, quantityAt } from "../../policy/src/quantity";
import { defaultSettings, isGpu } from "../../policy/src/settings";
import { Stack } from "../../policy/src/stack";
import { Malformed, NotDecided, plain, shown, UNKNOWN, View, type Value } from "../../policy/src/values";

const view = (value: unknown) => new View(plain(value));
const thrown = (run: () => unknown): Error => {
  try {
    run();
  } catch (error) {
    return error as Error;
  }
  throw new Error("nothing was thrown");
};

describe("a value that a policy reads", () => {
  it("is found by its path, with indexes and keys that hold dots", () => {
    const pod = view({ spec: { containers: [{ name: "a" }, { name: "b" }] }, metadata: { labels: { "app.kubernetes.io/name": "web" } } });
    expect(pod.string("spec.containers[1].name")).to.equal("b");
    expect(pod.string('metadata.labels["app.kubernetes.io/name"]')).to.equal("web");
    expect(pod.view("metadata.labels").at("app.kubernetes.io/name").path).to.equal('metadata.labels["app.kubernetes.io/name"]');
    expect(pod.list("spec.containers").map(({ path }) => path)).to.deep.equal(["spec.containers[0]", "spec.containers[1]"]);
  });

  it("is absent where it or what leads to it is absent or null", () => {
    for (const value of [{}, { spec: null }, { spec: {} }, { spec: { a: null } }]) {
      expect(view(value).get("spec.a")).to.equal(undefined);
      expect(view(value).has("spec.a")).to.equal(false);
      expect(view(value).list("spec.a")).to.deep.equal([]);
      expect(view(value).entries("spec.a")).to.deep.equal([]);
      expect(view(value).text("spec.a")).to.equal(undefined);
    }
    expect(view({ list: [1] }).get("list[5]")).to.equal(undefined);
  });

  it("that is known only after up is not taken for an absent one, wherever it stands on the way", () => {
    for (const [value, path] of [
      [{ a: UNKNOWN }, "a"],
      [UNKNOWN, ""],
      [{ a: { b: UNKNOWN } }, "a.b"],
    ] as const) {
      const error = thrown(() => view(value).string("a.b"));
      expect(error).to.be.instanceOf(NotDecided);
      expect((error as NotDecided).path).to.equal(path);
    }
    expect(thrown(() => view({ list: ["a", UNKNOWN] }).strings("list"))).to.be.instanceOf(NotDecided);
  });

  it("of another type than Kubernetes allows is named, with what stands there and what has to", () => {
    const cases: readonly (readonly [string, () => unknown])[] = [
      ['a is "x", but must be true or false', () => view({ a: "x" }).boolean("a")],
      ["a is true, but must be a string", () => view({ a: true }).string("a")],
      ['a is "1", but must be a number', () => view({ a: "1" }).number("a")],
      ["a is {}, but must be a string or a number", () => view({ a: {} }).text("a")],
      ["a is {}, but must be a list", () => view({ a: {} }).list("a")],
      ["a is [], but must be a map", () => view({ a: [] }).entries("a")],
      ["a is 1, but must be a map", () => view({ a: 1 }).get("a.b")],
      ["a is {}, but must be a list", () => view({ a: {} }).get("a[0]")],
      ["a[0] is not set, but must be a string", () => view({ a: [null] }).strings("a")],
      ["a[0] is 1, but must be a string", () => view({ a: [1] }).strings("a")],
      ["a.b is 1, but must be a string", () => view({ a: { b: 1 } }).map("a")],
      ["a.b is not set, but must be a string", () => view({ a: { b: null } }).map("a")],
    ];
    for (const [message, run] of cases) {
      const error = thrown(run);
      expect(error).to.be.instanceOf(Malformed);
      expect(error.message).to.equal(message);
    }
  });

  it("is its own data, whatever its keys are called", () => {
    const hostile = view(JSON.parse('{"__proto__":{"privileged":true},"constructor":{"prototype":{"x":1}},"labels":{"__proto__":"a"}}'));
    expect(hostile.get("privileged")).to.equal(undefined);
    expect(hostile.get("__proto__.privileged")).to.equal(true);
    expect(hostile.get("toString")).to.equal(undefined);
    expect(hostile.map("labels")).to.have.property("__proto__");
    expect(({} as { privileged?: boolean }).privileged).to.equal(undefined);
  });

  it("is unknown where reading it throws, as Pulumi's SDK tells of it", () => {
    const input = new Proxy({ a: 1, b: 2 }, { get: (target, key) => { if (key === "b") throw new Error("can't be known"); return Reflect.get(target, key) as unknown; } }); // prettier-ignore
    expect(plain(input)).to.deep.equal(Object.assign(Object.create(null), { a: 1, b: UNKNOWN }));
    expect(plain([1, () => 2, null])).to.deep.equal([1, undefined, null]);
  });

  it("is shown short, and as what it is", () => {
    expect(shown(undefined)).to.equal("not set");
    expect(shown(null)).to.equal("not set");
    expect(shown(UNKNOWN)).to.equal("known only after up");
    expect(shown(["a", UNKNOWN])).to.equal('["a","known only after up"]');
    expect(shown("x".repeat(118))).to.have.length(120);
    expect(shown("x".repeat(119)))
      .to.have.length(120)
      .and.match(/\.\.\.$/);
  });

  it("is noted with its path, where a trace is asked for", () => {
    const trace = new Map<string, Value>();
    new View(plain({ spec: { replicas: 2 } }), "", trace).number("spec.replicas");
    expect([...trace]).to.deep.equal([["spec.replicas", 2]]);
  });
});

describe("a quantity", () => {
  for (const [text, value] of [
    ["1", 1],
    ["0.5", 0.5],
    [".5", 0.5],
    ["500m", 0.5],
    ["1k", 1000],
    ["2Ki", 2048],
    ["3M", 3e6],
    ["2Gi", 2 ** 31],
    ["1e3", 1000],
    ["1E3", 1000],
    ["1E", 1e18],
    ["+2", 2],
    ["-1", -1],
    ["1e3m", undefined],
    ["", undefined],
    ["Gi", undefined],
    ["1 Gi", undefined],
    ["1gi", undefined],
    ["one", undefined],
    ["1.2.3", undefined],
    ["0x10", undefined],
  ] as const)
    // prettier-ignore
    it(`${text || "(nothing)"} is ${value ?? "none"}`, () => expect(quantity(text)).to.equal(value));

  it("of any number and unit is that many of them", () => {
    fc.assert(
      fc.property(
        fc.nat({ max: 1e6 }),
        fc.constantFrom(["m", 1e-3], ["", 1], ["Ki", 1024], ["Mi", 2 ** 20], ["G", 1e9]),
        (n, [unit, factor]) => quantity(`${n}${unit}`) === n * factor,
      ),
    );
  });

  it("may be a number too, and is malformed where it is neither", () => {
    expect(quantityAt(view({ limits: { "nvidia.com/gpu": 2 } }), "limits", "nvidia.com/gpu")).to.equal(2);
    expect(quantityAt(view({}), "limits", "cpu")).to.equal(undefined);
    expect(thrown(() => quantityAt(view({ limits: { cpu: "much" } }), "limits", "cpu")).message).to.equal(
      'limits.cpu is "much", but must be a quantity, e.g. 500m or 2Gi',
    );
  });
});

describe("the resource of a GPU", () => {
  it("is one of the settings', in full or by its prefix", () => {
    expect(["nvidia.com/gpu", "nvidia.com/gpu.shared", "nvidia.com/mig-1g.10gb"].every((name) => isGpu(defaultSettings, name))).to.equal(true);
    expect(["nvidia.com/gpus", "cpu", "requests.nvidia.com/gpu", "nvidia.com/migs"].some((name) => isGpu(defaultSettings, name))).to.equal(false);
  });
});

const common = { number: 1, title: "t", why: "w", fix: "f", group: "gpu", severity: "low", controls: {} } as const;
const pod = (...containers: readonly unknown[]) =>
  kubeObject(plain({ apiVersion: "v1", kind: "Pod", metadata: { name: "a", namespace: "b" }, spec: { containers } }), { id: "urn" });
const run = (policy: Parameters<typeof evaluate>[0][number], ...objects: readonly (ReturnType<typeof kubeObject> | undefined)[]) =>
  evaluate([policy], new Stack(objects.filter((object) => object !== undefined)), { settings: defaultSettings, evidence: true });

describe("the evaluation", () => {
  const named = containerPolicy({
    ...common,
    name: "named",
    check: ({ view }) => (view.string("name") === "bad" ? [{ path: view.path, value: "bad", message: "no" }] : []),
  });

  it("decides on each container by itself: what is unknown or malformed in one hides nothing of another", () => {
    const results = run(named, pod({ name: UNKNOWN }, { name: 1 }, null, { name: "bad" }, { name: "good" }));
    expect(results.map(({ unit, outcome }) => [unit, outcome])).to.deep.equal([
      ["spec.containers[0]", "not decided"],
      ["spec.containers[1]", "violated"],
      ["spec.containers[2]", "violated"],
      ["spec.containers[3]", "violated"],
      ["spec.containers[4]", "passed"],
    ]);
    expect(results[1]?.problems).to.deep.equal([{ path: "spec.containers[1].name", value: 1, message: "must be a string" }]);
  });

  it("does not decide on a pod whose containers are unknown, and refuses one whose are no list", () => {
    const spec = (containers: unknown) => kubeObject(plain({ apiVersion: "v1", kind: "Pod", spec: { containers } }), { id: "urn" });
    expect(run(named, spec(UNKNOWN)).map(({ outcome }) => outcome)).to.deep.equal(["not decided"]);
    expect(run(named, spec("many")).map(({ outcome }) => outcome)).to.deep.equal(["violated"]);
  });

  it("reports a policy's own exception as an error of it, and goes on", () => {
    const broken = objectPolicy({ ...common, name: "broken", applies: () => true, check: () => { throw new TypeError("x is undefined"); } }); // prettier-ignore
    expect(run(broken, pod()).map(({ outcome, problems }) => [outcome, problems[0]?.message])).to.deep.equal([
      ["error", "the policy itself failed: x is undefined"],
    ]);
    const subjects = stackPolicy({ ...common, name: "subjects", subjects: () => { throw new TypeError("y"); }, check: () => [] }); // prettier-ignore
    expect(run(subjects, pod()).map(({ outcome }) => outcome)).to.deep.equal(["error"]);
    expect(run(subjects)).to.deep.equal([]);
  });

  it("notes what it read, of each unit its own", () => {
    const results = run(named, pod({ name: "a" }, { name: "b" }));
    expect([...(results[1]?.evidence ?? [])].filter(([path]) => path.startsWith("spec.containers"))).to.deep.equal([["spec.containers[1].name", "b"]]);
  });

  it("leaves out policies of a layer that is not built", () => {
    expect(run(containerPolicy({ ...common, name: "later", layer: "chat", check: () => [] }), pod({}))).to.deep.equal([]);
  });

  it("gives parameters their defaults, and their values where there are some", () => {
    const limit = objectPolicy({
      ...common,
      name: "limit",
      parameters: { most: { type: "integer", description: "d", default: 3 } },
      applies: () => true,
      check: (_, { parameters }) => [{ path: "", value: parameters.most, message: "" }],
    });
    const value = (parameters: Readonly<Record<string, Readonly<Record<string, Value>>>>) =>
      evaluate([limit], new Stack([pod()].filter((one) => one !== undefined)), { settings: defaultSettings, parameters })[0]?.problems[0]?.value;
    expect([value({}), value({ limit: { most: 5 } }), value({ other: { most: 5 } })]).to.deep.equal([3, 5, 3]);
  });
});
