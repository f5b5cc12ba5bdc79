/** What the policies cost by themselves: per policy and resource, and how it grows. */
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { evaluate } from "../../policy/src/evaluate";
import { kubeObject, type KubeObject } from "../../policy/src/objects";
import { policies } from "../../policy/src/policies";
import type { Policy } from "../../policy/src/policy";
import { defaultSettings } from "../../policy/src/settings";
import { Stack } from "../../policy/src/stack";
import { plain } from "../../policy/src/values";
import { packDir } from "../../tools/policy/pack";
import type { Manifest } from "../../tools/render/render";
import { median } from "./measure";
import type { Figure } from "./proxy";

/** A pack of one policy that looks at nothing: what the engine and the SDK take of their own. @returns its folder, which is new */
export function emptyPack(parent: string): string {
  const dir = join(parent, "empty-pack");
  mkdirSync(dir, { recursive: true });
  rmSync(join(dir, "node_modules"), { force: true });
  symlinkSync(join(packDir, "node_modules"), join(dir, "node_modules"));
  writeFileSync(join(dir, "PulumiPolicy.yaml"), "runtime: nodejs\n");
  writeFileSync(join(dir, "package.json"), '{ "name": "empty", "version": "0.0.1", "main": "index.js" }\n');
  const policy = '{ name: "nothing", description: "Nothing.", validateResource: () => undefined }';
  writeFileSync(join(dir, "index.js"), `const { PolicyPack } = require("@pulumi/policy");\nnew PolicyPack("empty", { policies: [${policy}] });\n`);
  return dir;
}

const runs = 5;
const large = 5000;

/** @param manifests of a stack, taken again and again under other names until there are enough */
export function benchPolicies(manifests: readonly Manifest[]): readonly Figure[] {
  const twice = [...policies, ...policies];
  // Once for the compiler.
  time(policies, large / 10, manifests);
  const times = Array.from({ length: runs }, () => ({
    half: time(policies, large / 2, manifests),
    all: time(policies, large, manifests),
    twice: time(twice, large / 2, manifests),
  }));
  const of = (key: "half" | "all" | "twice") => median(times.map((one) => one[key]));
  return [
    { what: `a policy on a resource, of ${large} resources`, value: (of("all") * 1000) / (large * policies.length), unit: " µs" },
    { what: `policies: T(${large}) / T(${large / 2}) in resources`, value: of("all") / of("half"), unit: "×", target: 2.2 },
    { what: `policies: T(${twice.length}) / T(${policies.length}) in policies`, value: of("twice") / of("half"), unit: "×", target: 2.2 },
  ];
}

/** Milliseconds of a run over so many objects, which no run before has seen. */
function time(all: readonly Policy[], count: number, manifests: readonly Manifest[]): number {
  const stack = new Stack(objectsOf(count, manifests));
  const start = performance.now();
  evaluate(all, stack, { settings: { ...defaultSettings, platform: "openshift" } });
  return performance.now() - start;
}

/** Copies of the whole stack, each in namespaces of its own, so that what refers to one another goes on doing so. */
function objectsOf(count: number, manifests: readonly Manifest[]): readonly KubeObject[] {
  const objects: KubeObject[] = [];
  for (let copy = 0; objects.length < count; copy++)
    for (const manifest of manifests) {
      const { kind, metadata } = manifest;
      const own = kind === "Namespace" ? { ...metadata, name: `${metadata.name}-${copy}` } : metadata;
      const namespace = metadata.namespace === undefined ? {} : { namespace: `${metadata.namespace}-${copy}` };
      const object = kubeObject(plain({ ...manifest, metadata: { ...own, ...namespace } }), { id: `${copy}#${objects.length}` });
      if (object !== undefined && objects.length < count) objects.push(object);
    }
  return objects;
}
