/** The tracked stack files, and what is made from the schema: docs/configuration.md and the schema for editors. */
import { expect } from "chai";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { capacityPlan } from "../../stacks/capacity";
import { projects } from "../../stacks/projects";
import { configurationDocs } from "../../tools/docs/configuration";
import { editorSchema } from "../../tools/docs/configurationSchema";
import { formatJson } from "../../tools/docs/json";
import { config, problems, stackFile, stacks, type Fields } from "./support/config";
import { fullConfigs } from "./support/fullConfig";

const root = join(__dirname, "../..");

/** A stack file for a cluster that is no OpenShift: its comments say what else is to be changed. */
function onKubernetes(fields: Fields): Fields {
  const storage = fields.storage as Fields;
  const { kind } = storage.classes as { kind: string };
  return { ...fields, platform: "kubernetes", storage: kind === "odf" ? { ...storage, classes: { kind: "existing" } } : storage };
}

describe("the stack file", () => {
  for (const stack of stacks) {
    it(`of ${stack} has no problem on OpenShift`, () => {
      expect(problems(stackFile(stack))).to.deep.equal([]);
    });

    it(`of ${stack} has no problem on Kubernetes`, () => {
      expect(problems(onKubernetes(stackFile(stack)))).to.deep.equal([]);
    });

    it(`of ${stack} is one that editors accept, and names the schema for them`, () => {
      const [first] = readFileSync(join(root, `Pulumi.${stack}.yaml`), "utf8").split("\n");
      const path = /^# yaml-language-server: \$schema=(.*)$/.exec(first ?? "")?.[1] ?? "";
      expect(existsSync(join(root, path)), path).to.equal(true);
      expect(editors.safeParse(written(stackFile(stack))).error?.issues).to.equal(undefined);
    });

    it(`of ${stack} says what each section is for`, () => {
      const lines = readFileSync(join(root, `Pulumi.${stack}.yaml`), "utf8").split("\n");
      expect(lines.filter((line) => line.trimStart().startsWith("#")).length).to.be.greaterThan(12);
    });
  }

  it("of production is sized as in the guide", () => {
    const production = config(stackFile("production"));
    const { serving, storage } = production;
    const [pool, ...more] = serving.pools;
    expect(more).to.deep.equal([]);
    expect([pool?.replicas, pool?.scale?.min, pool?.scale?.max, pool?.previewReplicas, pool?.gpusPerReplica]).to.deep.equal([3, 2, 6, 2, 1]);
    expect([storage.models.size, storage.models.accessMode]).to.deep.equal(["500Gi", "ReadWriteMany"]);
    expect(storage.shared?.volumes.find(({ name }) => name === "workspace")?.size).to.equal("100Gi");
    const [platform] = projects(production);
    expect([platform?.quota.gpus, platform?.quota.memory, platform?.quota.memoryLimit]).to.deep.equal([8, "128Gi", "256Gi"]);
  });

  it("of production uses 8 GPUs at its largest scale, all of its quota", () => {
    const [platform] = capacityPlan(config(stackFile("production"))).projects;
    expect([platform?.used.gpus, platform?.hard.gpus]).to.deep.equal([8n, 8n]);
  });

  it("of production is refused with the guide's 10 replicas", () => {
    const production = stackFile("production");
    const { pools } = production.serving as { pools: readonly Fields[] };
    const ten = { pools: pools.map((pool) => ({ ...pool, scale: { min: 2, max: 10 } })) };
    const [problem, ...more] = problems({ ...production, serving: ten });
    expect(more).to.deep.equal([]);
    expect(problem?.field).to.equal("serving.pools");
    expect(problem?.allowed).to.match(/^8 GPUs, the quota of ai-production/);
    expect(problem?.fix).to.match(/serving\.pools\[0\]\.scale\.max to 6/);
  });

  it("of development has the guide's 4 GPUs", () => {
    expect(projects(config(stackFile("dev")))[0]?.quota.gpus).to.equal(4);
  });
});

const editors = z.fromJSONSchema(editorSchema());

/** As it stands in the file; credentials as Pulumi encrypts them. */
function written(fields: Fields): unknown {
  const entries = Object.entries(fields).map(([name, value]) => [
    `openshift-ai-platform:${name}`,
    name === "registryCredentials" ? { secure: "v1:abc" } : value,
  ]);
  return { config: Object.fromEntries(entries) as Fields, encryptionsalt: "v1:abc" };
}

describe("the schema for editors", () => {
  const [full = {}] = fullConfigs();
  const accepts = (value: unknown) => editors.safeParse(value).success;

  it("accepts a configuration with every field, for each kind of storage and share", () => {
    expect(fullConfigs().map((fields) => editors.safeParse(written(fields)).error?.issues)).to.deep.equal([undefined, undefined, undefined, undefined]);
  });

  it("accepts keys of providers", () => {
    expect(accepts({ config: { ...(written(full) as { config: Fields }).config, "kubernetes:context": "other" } })).to.equal(true);
  });

  for (const [what, fields] of [
    ["an unknown section", { ...full, platfrom: "openshift" }],
    ["an unknown field", { ...full, quota: { gpu: 1 } }],
    ["a wrong value", { ...full, quota: { memory: "128GB" } }],
    ["a number out of range", { ...full, capacity: { overcommit: 11 } }],
    ["a missing section", { ...full, cluster: undefined }],
  ] as const) {
    it(`refuses ${what}`, () => {
      expect(accepts(JSON.parse(JSON.stringify(written(fields))))).to.equal(false);
    });
  }

  it("refuses credentials in plain text", () => {
    const { config: sections } = written(full) as { config: Fields };
    expect(accepts({ config: { ...sections, "openshift-ai-platform:registryCredentials": '{"auths":{}}' } })).to.equal(false);
  });
});

describe("the documentation of the configuration", () => {
  const made = configurationDocs();

  it("in the repository is the one that the schema gives", () => {
    for (const [path, content] of Object.entries(made)) expect(readFileSync(join(root, path), "utf8") === content, `${path}: make docs`).to.equal(true);
  });

  it("has tables whose rows have as many cells as their heads", () => {
    const rows = (made["docs/configuration.md"] ?? "").split("\n").filter((line) => line.startsWith("|"));
    expect(rows.length).to.be.greaterThan(100);
    for (const row of rows) expect(row.split(/(?<!\\)\|/).length, row).to.equal(7);
  });
});

describe("JSON", () => {
  it("is written as Prettier writes it: lists of values on one line where they fit, maps never", () => {
    expect(formatJson({ a: [1, "b"], c: [{ d: [] }], e: {}, f: undefined, g: ["x".repeat(158)] })).to.equal(
      `{\n  "a": [1, "b"],\n  "c": [\n    {\n      "d": []\n    }\n  ],\n  "e": {},\n  "g": [\n    "${"x".repeat(158)}"\n  ]\n}\n`,
    );
  });
});
