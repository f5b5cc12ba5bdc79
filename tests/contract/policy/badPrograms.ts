/** Programs that are wrong in one way each, written into a folder from the examples of the policies' pages; one preview runs them all. */
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { corpus } from "../../../policy/corpus";
import { policies } from "../../../policy/src/policies";
import { isFields, type Value } from "../../../policy/src/values";
import { root } from "../../../tools/lib/paths";

export interface BadProgram {
  /** The policy that has to refuse it. */
  readonly policy: string;
  /** Type of its component, which stands in the URNs of all that it makes. */
  readonly component: string;
}

/** Writes the programs and one that loads them. @returns one for each policy whose example needs no settings of its own */
export function writePrograms(dir: string): readonly BadProgram[] {
  const found = policies.flatMap((policy) => {
    const example = corpus().find((one) => one.policy === policy.name && one.docs === "bad");
    const own = example === undefined || example.settings !== undefined || example.parameters !== undefined;
    return own ? [] : [{ policy: policy.name, objects: example.objects }];
  });
  writeFileSync(join(dir, "Pulumi.yaml"), "name: bad-programs\nruntime:\n  name: nodejs\n  options: { typescript: false }\n");
  writeFileSync(join(dir, "package.json"), '{ "name": "bad-programs", "main": "index.js" }\n');
  symlinkSync(join(root, "node_modules"), join(dir, "node_modules"));
  const programs = found.map(({ policy, objects }) => {
    const component = `bad:program:${policy}`;
    mkdirSync(join(dir, policy));
    writeFileSync(join(dir, policy, "index.js"), program(policy, component, apart(objects, policy)));
    return { policy, component };
  });
  writeFileSync(join(dir, "index.js"), programs.map(({ policy }) => `require("./${policy}");\n`).join(""));
  return programs;
}

/** By type tokens, since the classes of the SDK refuse to make what lacks a required field. */
function program(name: string, component: string, objects: readonly Value[]): string {
  const resources = objects.map((object, i) => {
    const { apiVersion = "", kind = "" } = object as { readonly apiVersion?: string; readonly kind?: string };
    const type = `kubernetes:${apiVersion.includes("/") ? apiVersion : `core/${apiVersion}`}:${kind}`;
    return `new pulumi.CustomResource(${JSON.stringify(type)}, ${JSON.stringify(`${name}-${i}`)}, ${JSON.stringify(object, undefined, 2)}, { parent, version });`;
  });
  return `const pulumi = require("@pulumi/pulumi");
const { version } = require("@pulumi/kubernetes/package.json");
const parent = new pulumi.ComponentResource(${JSON.stringify(component)}, ${JSON.stringify(name)});
${resources.join("\n")}
`;
}

/** Each program in namespaces of its own, so that none mends what is wrong with another. */
function apart(objects: readonly Value[], name: string): readonly Value[] {
  const namespaces = new Set(
    objects.flatMap((object) => {
      const { kind, metadata } = isFields(object) ? object : {};
      const { name: own, namespace } = isFields(metadata) ? metadata : {};
      return kind === "Namespace" ? [own, namespace] : [namespace];
    }),
  );
  // The default namespace is what one of the policies is about, and what the cluster has is everybody's.
  const renamed = (value: Value): Value => {
    if (typeof value === "string" && namespaces.has(value) && !/^(default|kube-|openshift-)/.test(value)) return `${value}-${name}`;
    if (Array.isArray(value)) return (value as readonly Value[]).map(renamed);
    return isFields(value) ? Object.fromEntries(Object.entries(value).map(([key, one]) => [key, renamed(one)])) : value;
  };
  return objects.map(renamed);
}
