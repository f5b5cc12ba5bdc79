/**
 * Every field of the configuration is used by the program: the whole of it is run with configurations that note which fields are read after they were checked.
 * What is only checked, or read by a tool, promises something that does not happen.
 */
import * as pulumi from "@pulumi/pulumi";
import { expect } from "chai";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type * as load from "../../stacks/load";
import { digest, entries, secretKeys, type Fields } from "./support/config";
import { credentials, fullConfigs } from "./support/fullConfig";
import { setMocks } from "./support/mocks";
import { leafPaths } from "./support/schemaPaths";

const requireFrom = createRequire(__filename);
const paths = { program: requireFrom.resolve("../../index"), load: requireFrom.resolve("../../stacks/load") };

/**
 * A copy that notes the path of each value that is read by its name. Copying a whole map ({ ...map }, Object.entries) is no use of what is in it: that looks
 * at the property before it reads it. The same object is always the same copy, so that the program can compare them.
 */
function recording<T extends object>(value: T, read: (path: string) => void, path = "", known = new WeakMap<object, object>()): T {
  const found = known.get(value);
  if (found) return found as T;
  let copied: PropertyKey | undefined;
  const proxy = new Proxy(value, {
    getOwnPropertyDescriptor(target, key) {
      copied = key;
      return Reflect.getOwnPropertyDescriptor(target, key);
    },
    get(target, key, receiver) {
      const member: unknown = Reflect.get(target, key, receiver);
      if (typeof key === "symbol" || !Object.hasOwn(target, key) || (Array.isArray(target) && key === "length")) return member;
      const here = Array.isArray(target) ? `${path}[]` : path === "" ? key : `${path}.${key}`;
      if (copied !== key || Array.isArray(target)) read(here);
      copied = undefined;
      return typeof member === "object" && member !== null ? recording(member, read, here, known) : member;
    },
  });
  known.set(value, proxy);
  return proxy;
}

/** Fields that are not read by their names, with tests of their own: a secret, which is taken from Pulumi to stay one, and a map that is taken as a whole. */
const shownByObjects = ["registryCredentials", "quota."];

interface Quota {
  readonly metadata: { readonly namespace: string };
  readonly spec: { readonly hard: Readonly<Record<string, string>> };
}

interface Run {
  /** Paths of the fields that were read. */
  readonly read: ReadonlySet<string>;
  readonly registered: readonly pulumi.runtime.MockResourceArgs[];
}

/** Runs index.ts with a configuration. */
async function run(fields: Fields): Promise<Run> {
  const read = new Set<string>();
  const registered: pulumi.runtime.MockResourceArgs[] = [];
  setMocks((args) => void registered.push(args));
  pulumi.runtime.setAllConfig(entries(fields), [...secretKeys]);
  const before = process.env.PULUMI_CONFIG_SECRET_KEYS;
  process.env.PULUMI_CONFIG_SECRET_KEYS = JSON.stringify(secretKeys);
  const original = requireFrom(paths.load) as typeof load;
  const cached = requireFrom.cache[paths.load];
  if (!cached) throw new Error("stacks/load is not in the cache of modules");
  cached.exports = {
    ...original,
    loadConfig: (...args: Parameters<typeof load.loadConfig>) => recording(original.loadConfig(...args), (path) => read.add(path)),
  };
  try {
    Reflect.deleteProperty(requireFrom.cache, paths.program);
    const outputs = requireFrom(paths.program) as Readonly<Record<string, unknown>>;
    await settled(pulumi.output(outputs));
    return { read, registered };
  } finally {
    if (before === undefined) delete process.env.PULUMI_CONFIG_SECRET_KEYS;
    else process.env.PULUMI_CONFIG_SECRET_KEYS = before;
    cached.exports = original;
    Reflect.deleteProperty(requireFrom.cache, paths.program);
  }
}

/** Resources are registered after the program's text has run: until all outputs are known and nothing more comes. */
async function settled(outputs: pulumi.Output<unknown>): Promise<void> {
  await new Promise((resolve) => outputs.apply(resolve));
  await pulumi.runtime.disconnect();
}

describe("the program", function () {
  this.timeout(120_000); // four runs of the whole program
  let dir = "";
  let runs: readonly Run[] = [];
  before(async () => {
    dir = mkdtempSync(join(tmpdir(), "oap-fields-"));
    const lock = join(dir, "images.lock");
    writeFileSync(lock, JSON.stringify({ ollama: { image: "docker.io/ollama/ollama", tag: "0.17.4", digest, source: "made", size: 1 } }));
    const made: Run[] = [];
    for (const fields of fullConfigs(lock)) made.push(await run(fields));
    runs = made;
  });
  after(() => rmSync(dir, { recursive: true }));

  it("makes objects from each of the configurations", () => {
    for (const { registered } of runs) expect(registered.filter(({ type }) => type.startsWith("kubernetes:")).length).to.be.greaterThan(10);
  });

  // What the doctor compares with the cluster, and the checks with other fields; the layers that act on the first three are still to come.
  const compared = ["certManager", "gatewayApi", "monitoring", "metrics"].map((name) => `cluster.capabilities.${name}`);

  it("uses every field of the configuration", () => {
    const read = new Set([...runs.flatMap((one) => [...one.read]), ...compared]);
    expect(leafPaths().filter((path) => !shownByObjects.some((other) => path.startsWith(other)) && !read.has(path))).to.deep.equal([]);
  });

  it("makes the quota of the platform's project from the quota that is configured", () => {
    for (const { registered } of runs) {
      const quotas = registered.filter(({ type }) => type === "kubernetes:core/v1:ResourceQuota").map(({ inputs }) => inputs as Quota);
      const own = quotas.find(({ metadata }) => metadata.namespace === "ai-staging");
      expect(own?.spec.hard).to.include({
        "requests.cpu": "64",
        "requests.memory": "128Gi",
        "limits.memory": "256Gi",
        "requests.nvidia.com/gpu": "8",
        "requests.storage": "4Ti",
      });
    }
  });

  it("makes the pull secret of each project from the credentials, where it makes secrets", () => {
    for (const [i, { registered }] of runs.entries()) {
      const projects = registered.filter(({ type }) => type === "kubernetes:core/v1:Namespace");
      const secrets = registered.filter(({ type, inputs }) => type === "kubernetes:core/v1:Secret" && JSON.stringify(inputs).includes("auths"));
      const external = fullConfigs()[i]?.registryCredentials === undefined;
      expect(secrets.length, `configuration ${i}`).to.equal(external ? 0 : projects.length);
      for (const { inputs } of secrets) expect(JSON.stringify(inputs)).to.include(JSON.stringify(credentials).slice(1, -1));
    }
  });
});

describe("the record of what is read", () => {
  it("has what was read, and nothing else", () => {
    const read: string[] = [];
    const { list, map } = recording({ list: [{ a: 1, b: 2 }], map: { c: 3, d: { e: 4 } }, other: 5 }, (path) => read.push(path));
    expect(list[0]?.a).to.equal(1);
    expect(map.d.e).to.equal(4);
    expect([...new Set(read)]).to.deep.equal(["list", "map", "list[]", "list[].a", "map.d", "map.d.e"]);
  });

  it("has nothing of a map that was copied", () => {
    const read: string[] = [];
    const { map } = recording({ map: { a: 1, b: 2 } }, (path) => read.push(path));
    expect({ ...map, c: Object.entries(map) }).to.include({ a: 1, b: 2 });
    expect(read).to.deep.equal(["map"]);
    expect(map.b).to.equal(2);
    expect(read).to.deep.equal(["map", "map.b"]);
  });

  it("knows an object again", () => {
    const { list } = recording({ list: [{ a: 1 }] }, () => undefined);
    expect(list.indexOf(list[0] ?? { a: 2 })).to.equal(0);
  });
});
