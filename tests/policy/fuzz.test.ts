/** Nothing that is written, however malformed, brings a policy or the reading down, or passes because it did. */
import { expect } from "chai";
import fc from "fast-check";
import { corpus, hasUnknown } from "../../policy/corpus";
import type { Io } from "../../policy/src/cli/io";
import { readManifests } from "../../policy/src/cli/read";
import { evaluate } from "../../policy/src/evaluate";
import { exemptionsFrom, matches } from "../../policy/src/exemptions";
import { InputError } from "../../policy/src/input";
import { kubeObject } from "../../policy/src/objects";
import { settingsOfPlatform } from "../../policy/src/platformConfiguration";
import { policies } from "../../policy/src/policies";
import { objectsOf } from "../../policy/src/pulumi/objects";
import { told } from "../../policy/src/redact";
import { defaultSettings } from "../../policy/src/settings";
import { Stack } from "../../policy/src/stack";
import { isFields, plain, shown, UNKNOWN, type Fields, type Value } from "../../policy/src/values";

const settings = {
  ...defaultSettings,
  layers: [...defaultSettings.layers, "data", "gateway", "chat", "mcp", "workspaces", "registry", "pipelines", "recovery"],
} as const;
const odd: fc.Arbitrary<Value> = fc.constantFrom<Value>(null, UNKNOWN, true, 0, -1, 1e308, "", "1e3m", "*", "nvidia.com/gpu", [], [null], [UNKNOWN], plain({}), plain(JSON.parse('{"__proto__":{"a":1},"constructor":2}'))); // prettier-ignore
const anything: fc.Arbitrary<Value> = fc.oneof(odd, fc.jsonValue().map((value) => plain(value))); // prettier-ignore
const seeds = corpus().flatMap(({ objects }) => objects.filter(isFields));

/** A value with one part, anywhere in it, replaced. */
function replaced(value: Value, at: number, by: Value): Value {
  const places = paths(value);
  const path = places[at % places.length] ?? [];
  const change = (inner: Value, [key, ...rest]: readonly (string | number)[]): Value => {
    if (key === undefined) return by;
    if (Array.isArray(inner)) return (inner as readonly Value[]).map((one, i) => (i === key ? change(one, rest) : one));
    return isFields(inner) ? plain(Object.fromEntries(Object.entries(inner).map(([name, one]) => [name, name === key ? change(one, rest) : one]))) : inner;
  };
  return change(value, path);
}

function paths(value: Value): readonly (readonly (string | number)[])[] {
  const keys = Array.isArray(value) ? value.map((_, i) => i) : isFields(value) ? Object.keys(value) : [];
  return [[], ...keys.flatMap((key) => paths((value as Fields)[key]).map((rest) => [key, ...rest]))];
}

/** What the policies say of objects, however broken: no policy's own error. */
function errorsOf(values: readonly Value[]): readonly string[] {
  const objects = values.map((value, i) => kubeObject(value, { id: `fuzz#${i}` })).filter((object) => object !== undefined);
  return evaluate(policies, new Stack(objects), { settings, evidence: true })
    .filter(({ outcome }) => outcome === "error")
    .map(({ policy, problems }) => `${policy.name}: ${problems[0]?.message ?? ""}`);
}

describe("no input brings the policies down", function () {
  this.timeout(120_000);

  it("objects of the cases, each with a part replaced by something odd", () => {
    const broken = fc.tuple(fc.constantFrom(...seeds), fc.nat(), anything).map(([seed, at, by]) => replaced(seed, at, by));
    fc.assert(
      fc.property(fc.array(broken, { minLength: 1, maxLength: 4 }), (values) => void expect(errorsOf(values)).to.deep.equal([])),
      { numRuns: 1500 },
    );
  });

  it("objects of known kinds that hold anything", () => {
    const kinds = [...new Map(seeds.map(({ apiVersion, kind }) => [JSON.stringify([apiVersion, kind]), { apiVersion, kind }])).values()];
    const object = fc.tuple(fc.constantFrom(...kinds), fc.dictionary(fc.constantFrom("metadata", "spec", "data", "rules", "subjects", "roleRef"), anything));
    fc.assert(
      fc.property(object, ([kind, fields]) => void expect(errorsOf([plain({ ...fields, ...kind })])).to.deep.equal([])),
      { numRuns: 1500 },
    );
  });

  it("a pod of 10,000 containers, one of them privileged", () => {
    const containers = Array.from({ length: 10_000 }, (_, i) => ({ name: `c${i}`, image: "web:1", securityContext: { privileged: i === 9_999 } }));
    const object = kubeObject(plain({ apiVersion: "v1", kind: "Pod", metadata: { name: "a", namespace: "b" }, spec: { containers } }), { id: "a" });
    const results = evaluate(policies, new Stack(object ? [object] : []), { settings });
    expect(results.filter(({ policy, outcome }) => policy.name === "not-privileged" && outcome === "violated").map(({ unit }) => unit)).to.deep.equal([
      "spec.containers[9999]",
    ]);
    expect(results.filter(({ outcome }) => outcome === "error")).to.deep.equal([]);
  });

  it("what is known passes or not, whatever else is unknown beside it", () => {
    const bad = { name: "a", securityContext: { privileged: true } };
    fc.assert(
      fc.property(fc.array(anything, { maxLength: 5 }), fc.nat({ max: 5 }), (others, at) => {
        const containers = [...others.slice(0, at), plain(bad), ...others.slice(at)];
        const object = kubeObject(plain({ apiVersion: "v1", kind: "Pod", spec: { containers } }), { id: "a" });
        const results = evaluate(policies.filter(({ name }) => name === "not-privileged"), new Stack(object ? [object] : []), { settings }); // prettier-ignore
        return results.some(({ outcome, unit }) => outcome === "violated" && unit === `spec.containers[${Math.min(at, others.length)}]`);
      }),
    );
  });

  it("the prototype of objects stays what it is", () => {
    errorsOf([
      plain(
        JSON.parse(
          '{"apiVersion":"v1","kind":"Pod","__proto__":{"polluted":true},"metadata":{"labels":{"__proto__":"x","constructor":1}},"spec":{"containers":[{"__proto__":{"polluted":true}}]}}',
        ),
      ),
    ]);
    expect(Object.hasOwn(Object.prototype, "polluted")).to.equal(false);
  });
});

describe("no input brings the reading down", () => {
  const io = (text: string): Io => ({
    read: () => text,
    files: () => undefined,
    stdin: () => Promise.resolve(text),
    out: () => undefined,
    err: () => undefined,
    now: () => new Date(0),
  });
  const readable = async (text: string) => {
    try {
      await readManifests(["-"], io(text));
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
    }
  };

  it("any text", () => fc.assert(fc.asyncProperty(fc.oneof(fc.string(), fc.string({ unit: "binary" })), readable), { numRuns: 500 }));

  it("manifests with some of their text changed", () => {
    const text = seeds.filter((seed) => !hasUnknown(seed)).slice(0, 50).map((seed) => JSON.stringify(seed)).join("\n---\n"); // prettier-ignore
    const changed = fc.tuple(fc.nat({ max: 4000 }), fc.string({ maxLength: 4 })).map(([at, by]) => text.slice(0, at) + by + text.slice(at + 1, 5000));
    return fc.assert(fc.asyncProperty(changed, readable), { numRuns: 100 });
  });

  it("any exemptions, any configuration of the platform, any resource's type", () => {
    fc.assert(
      fc.property(anything, fc.string(), (value, text) => {
        settingsOfPlatform(isFields(value) ? value : {});
        objectsOf({ type: text, urn: "urn:a", opts: { protect: false } }, { value, secrets: [] });
        objectsOf({ type: `kubernetes:apps/v1:${text}`, urn: "urn:a", opts: { protect: false } }, { value, secrets: [] });
        try {
          exemptionsFrom(value, "file", ["probes"]);
        } catch (error) {
          if (!(error instanceof InputError)) throw error;
        }
      }),
      { numRuns: 1000 },
    );
  });

  it("a pattern without stars is the text itself, and `*` is any", () => {
    fc.assert(fc.property(fc.string(), (text) => matches("*", text) && matches(text.replaceAll("*", ""), text.replaceAll("*", ""))));
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) =>
        matches(`${a.replaceAll("*", "")}*${b.replaceAll("*", "")}`, a.replaceAll("*", "") + b.replaceAll("*", "")),
      ),
    );
  });
});

describe("what is secret", () => {
  it("is in nothing that is shown of a Secret, wherever in it and however it is asked for", () => {
    const word = "s3cret";
    const holding = fc.dictionary(fc.constantFrom("a", "b.c", "d/e"), fc.constantFrom<unknown>(word, [word], { x: word }), { minKeys: 1 });
    fc.assert(
      fc.property(holding, fc.constantFrom("data", "stringData", "anything"), (fields, where) => {
        const object = kubeObject(plain({ apiVersion: "v1", kind: "Secret", metadata: { name: "a", annotations: { last: word } }, [where]: fields }), {
          id: "a",
        });
        if (object === undefined) throw new Error("no object");
        return !told(object, "", object.value).includes(word) && !told(object, where, object.value[where]).includes(word) && !told(object, "metadata", object.value.metadata).includes(word); // prettier-ignore
      }),
    );
  });

  it("is in nothing that is shown of what a program marks", () => {
    const object = kubeObject(plain({ apiVersion: "v1", kind: "Pod", spec: { containers: [{ env: [{ name: "A", value: "s3cret" }, { name: "B", value: "open" }] }] } }), { id: "a", secrets: ["spec.containers[0].env[0].value"] }); // prettier-ignore
    if (object === undefined) throw new Error("no object");
    for (const path of ["", "spec", "spec.containers", "spec.containers[0].env[0].value"]) {
      const value = path === "" ? object.value : object.view().view(path).value;
      expect(told(object, path, value), path).not.to.include("s3cret");
    }
    expect(told(object, "spec.containers[0].env[1].value", "open")).to.equal(shown("open"));
    // The first of ten is not the tenth.
    expect(told(object, "spec.containers[0].env[0].values", "open")).to.equal(shown("open"));
  });
});
