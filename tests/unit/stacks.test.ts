import { expect } from "chai";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connections } from "../../stacks/connections";
import { imageReferences, ImagesError } from "../../stacks/images";
import { ConfigError, loadConfig } from "../../stacks/load";
import { jsonSchemaOf, nearest } from "../../stacks/problems";
import { schema } from "../../stacks/schema";
import { sizings } from "../../stacks/sizing";
import { config, digest, entries, images, pools, tiny, type Fields } from "./support/config";

/** The problems of a configuration, as "field: value". */
function problems(fields: Fields): ConfigError["problems"] {
  try {
    loadConfig(entries(fields), "Pulumi.dev.yaml", images);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

const cluster = { name: "development", context: "ai", apiServerAddresses: ["198.18.0.2/32"] };
const pulled = { name: "codellama:7b-v1.0-base", source: { kind: "registry", name: "codellama:7b-code", digest } };

describe("the configuration", () => {
  it("has defaults for all that is not about the cluster, the models and the pools", () => {
    const { imagesLock, serving, storage, smokeCheck, models } = config({ sizing: undefined });
    expect({ imagesLock, storage, smokeCheck }).to.deep.equal({
      imagesLock: undefined,
      storage: { models: { accessMode: "ReadWriteOnce" } },
      smokeCheck: true,
    });
    expect(models[0]?.loadMinutes).to.equal(60);
    expect(serving.pools).to.deep.equal([
      {
        name: "ollama",
        models: [tiny],
        replicas: 1,
        gpusPerReplica: 1,
        nodeSelector: {},
        parallel: 4,
        contextLength: 4096,
        keepAlive: "24h",
        loadTimeoutSeconds: 300,
        maxLoadedModels: 3,
        maxQueue: 512,
        flashAttention: true,
        kvCacheType: "f16",
        origins: [],
        drainSeconds: 30,
      },
    ]);
  });

  it("reads scalars that are not text from the text that Pulumi passes", () => {
    expect(config({ smokeCheck: false }).smokeCheck).to.equal(false);
  });

  it("leaves the keys of other namespaces alone", () => {
    expect(loadConfig({ ...entries(), "kubernetes:context": "other" }, "Pulumi.dev.yaml", images).platform).to.equal("openshift");
  });

  it("describes every field", () => {
    const undescribed: string[] = [];
    const visit = (node: ReturnType<typeof jsonSchemaOf>, path: string) => {
      for (const [name, field] of Object.entries(node.properties ?? {})) {
        if (!field.description) undescribed.push(`${path}${name}`);
        visit(field, `${path}${name}.`);
        for (const branch of [...(field.oneOf ?? []), ...(field.items ? [field.items] : [])]) visit(branch, `${path}${name}.`);
      }
    };
    visit(jsonSchemaOf(schema), "");
    expect(undescribed).to.deep.equal([]);
  });

  const source = (fields: Fields) => ({ models: [{ name: tiny, source: { kind: "image", image: "tiny-model", ...fields } }] });
  const registry = (fields: Fields) => ({ models: [{ name: tiny, source: { ...pulled.source, ...fields } }] });
  const wrong: readonly (readonly [field: string, fields: Fields])[] = [
    ["environment", { environment: "test" }],
    ["environment", { environment: undefined }],
    ["platform", { platform: "openshfit" }],
    ["sizing", { sizing: "big" }],
    ["cluster", { cluster: "mine" }],
    ["cluster.name", { cluster: { ...cluster, name: "My Cluster" } }],
    ["cluster.context", { cluster: { ...cluster, context: "" } }],
    ["cluster.kubeconfig", { cluster: { ...cluster, kubeconfig: "apiVersion: v1\nkind: Config" } }],
    ["cluster.kubectl", { cluster: { ...cluster, kubectl: 1 } }],
    ["cluster.apiServerAddresses", { cluster: { ...cluster, apiServerAddresses: [] } }],
    ["cluster.apiServerAddresses[0]", { cluster: { ...cluster, apiServerAddresses: ["10.0.0.300"] } }],
    ["imagesLock", { imagesLock: "" }],
    ["storage", { storage: [] }],
    ["storage.models.class", { storage: { models: { class: 5 } } }],
    ["storage.models.size", { storage: { models: { size: "500GB" } } }],
    ["storage.models.accessMode", { storage: { models: { accessMode: "RWX" } } }],
    ["models", { models: [] }],
    ["models[0].name", { models: [{ name: "tiny", source: pulled.source }], ...pools({ models: [tiny] }) }],
    ["models[0].loadMinutes", { models: [{ name: tiny, loadMinutes: 0, source: pulled.source }] }],
    ["models[0].source.kind", source({ kind: "http" })],
    ["models[0].source.image", source({ image: 1 })],
    ["models[0].source.path", source({ path: "models" })],
    ["models[0].source.name", registry({ name: "codellama" })],
    ["models[0].source.digest", registry({ digest: "sha256:abc" })],
    ["serving", { serving: undefined }],
    ["serving.pools", { serving: { pools: [] } }],
    ["serving.pools[0].name", pools({ name: "Ollama" })],
    ["serving.pools[0].models", pools({ models: [] })],
    ["serving.pools[0].replicas", pools({ replicas: 0 })],
    ["serving.pools[0].replicas", pools({ replicas: 1.5 })],
    ["serving.pools[0].gpusPerReplica", pools({ gpusPerReplica: -1 })],
    ["serving.pools[0].nodeSelector.bad key", pools({ nodeSelector: { "bad key": "x" } })],
    ["serving.pools[0].parallel", pools({ parallel: "four" })],
    ["serving.pools[0].contextLength", pools({ contextLength: 1 })],
    ["serving.pools[0].keepAlive", pools({ keepAlive: "0" })],
    ["serving.pools[0].loadTimeoutSeconds", pools({ loadTimeoutSeconds: 1 })],
    ["serving.pools[0].maxLoadedModels", pools({ maxLoadedModels: 0 })],
    ["serving.pools[0].maxQueue", pools({ maxQueue: 0 })],
    ["serving.pools[0].flashAttention", pools({ flashAttention: "yes" })],
    ["serving.pools[0].kvCacheType", pools({ kvCacheType: "q8" })],
    ["serving.pools[0].origins[0]", pools({ origins: ["*"] })],
    ["serving.pools[0].drainSeconds", pools({ drainSeconds: 0 })],
    ["smokeCheck", { smokeCheck: "maybe" }],
  ];
  for (const [field, fields] of wrong) {
    it(`refuses a wrong ${field}: ${JSON.stringify(fields).slice(0, 90)}`, () => {
      expect(problems(fields).map((problem) => problem.field)).to.deep.equal([field]);
    });
  }

  it("has a test for each of its fields", () => {
    const tested = wrong.map(([field]) => field.replace(/\[\d+\]/g, ""));
    const fields: string[] = [];
    const visit = (node: ReturnType<typeof jsonSchemaOf>, path: string) => {
      for (const [name, field] of Object.entries(node.properties ?? {})) {
        fields.push(`${path}${name}`);
        for (const next of [field, ...(field.oneOf ?? []), ...(field.items ? [field.items] : [])]) visit(next, `${path}${name}.`);
      }
    };
    visit(jsonSchemaOf(schema), "");
    const parents = ["storage.models", "models.source"];
    expect(
      [...new Set(fields)].filter((field) => !parents.includes(field) && !tested.some((name) => name === field || name.startsWith(`${field}.`))),
    ).to.deep.equal([]);
  });

  const unknown: readonly (readonly [field: string, meant: string, fields: Fields])[] = [
    ["platfrom", "platform", { platfrom: "openshift" }],
    ["cluster.contxt", "context", { cluster: { ...cluster, contxt: "ai" } }],
    ["storage.model", "models", { storage: { model: {} } }],
    ["storage.models.sise", "size", { storage: { models: { sise: "1Gi" } } }],
    ["models[0].sources", "source", { models: [{ name: tiny, source: pulled.source, sources: {} }] }],
    ["models[0].source.paths", "path", source({ paths: "/" })],
    ["serving.pool", "pools", { serving: { pools: [{ name: "ollama", models: [tiny] }], pool: [] } }],
    ["serving.pools[0].replica", "replicas", pools({ replica: 2 })],
  ];
  for (const [field, meant, fields] of unknown) {
    it(`refuses the unknown key ${field} and proposes ${meant}`, () => {
      const [problem, ...more] = problems(fields);
      expect(more).to.deep.equal([]);
      expect(problem).to.include({ field, fix: `did you mean "${meant}"?` });
    });
  }

  it("names the sources of models when the kind is unknown", () => {
    expect(problems(source({ kind: "imgae" }))[0]).to.include({ value: '"imgae"', fix: 'did you mean "image"?' });
  });

  it("reports all problems at the same time, each with field, value, what is allowed, and the fix", () => {
    const message = new ConfigError("Pulumi.dev.yaml", problems({ platform: "openshfit", ...pools({ replicas: 0, parralel: 3 }) })).message;
    expect(message).to.equal(
      [
        "Pulumi.dev.yaml: 3 problems",
        '  openshift-ai-platform:platform is "openshfit"',
        '    allowed: "openshift" or "kubernetes" (what the cluster is)',
        '    fix: did you mean "openshift"?',
        "  openshift-ai-platform:serving.pools[0].replicas is 0",
        "    allowed: a whole number from 1 to 64 (pods)",
        "    fix: change it, for example 1",
        "  openshift-ai-platform:serving.pools[0].parralel is 3",
        "    allowed: no such field; there are name, models, replicas, gpusPerReplica, nodeSelector, parallel, contextLength, keepAlive, loadTimeoutSeconds, maxLoadedModels, maxQueue, flashAttention, kvCacheType, origins, drainSeconds",
        '    fix: did you mean "parallel"?',
      ].join("\n"),
    );
  });

  it("says that a field is missing", () => {
    expect(new ConfigError("f", problems({ environment: undefined })).message).to.include("openshift-ai-platform:environment is missing");
  });

  it("proposes nothing for a word that resembles no other", () => {
    expect(nearest("xyzzy", ["platform", "sizing"])).to.equal(undefined);
  });
});

describe("contradictions in the configuration", () => {
  const refused: readonly (readonly [what: string, field: string, fields: Fields])[] = [
    ["a model twice", "models[1].name", { models: [pulled, pulled], ...pools({ models: [pulled.name] }) }],
    ["a pool twice", "serving.pools[1].name", pools({}, {})],
    ["a model twice in a pool", "serving.pools[0].models[1]", pools({ models: [tiny, tiny] })],
    ["a pool of a model that is not there", "serving.pools[0].models[0]", pools({ models: ["tiny:0.1m-v1.0-randon"] })],
    ["a model from an image that is not locked", "models[0].source.image", { models: [{ name: tiny, source: { kind: "image", image: "tiny-modle" } }] }],
    [
      "more models than may be loaded",
      "serving.pools[0].maxLoadedModels",
      { models: [{ name: tiny, source: { kind: "image", image: "tiny-model" } }, pulled], ...pools({ models: [tiny, pulled.name], maxLoadedModels: 1 }) },
    ],
    ["a quantized cache without flash attention", "serving.pools[0].kvCacheType", pools({ kvCacheType: "q8_0", flashAttention: false })],
    ["more GPUs than the quota has", "serving.pools", pools({ replicas: 10 })],
  ];
  for (const [what, field, fields] of refused) {
    it(`refuses ${what}`, () => {
      expect(problems(fields).map((problem) => problem.field)).to.deep.equal([field]);
    });
  }

  it("shows the sum of the GPUs that don't fit", () => {
    expect(problems(pools({ name: "chat", replicas: 2 }, { name: "code", replicas: 3, gpusPerReplica: 2 }))[0]).to.include({
      value: "8 GPUs (chat: 2 × 1, code: 3 × 2)",
      allowed: "at most 4 GPUs, the quota of sizing small",
    });
  });
});

describe("sizing", () => {
  it("has a small size that fits a machine with 2 cores", () => {
    const { quota } = sizings.small;
    expect([quota["requests.cpu"], quota["requests.memory"]]).to.deep.equal(["1600m", "14Gi"]);
  });

  it("has the guide's size for development", () => {
    const { quota, server, modelStorage } = sizings.guide;
    expect([quota.gpus, quota["requests.memory"], modelStorage]).to.deep.equal([4, "32Gi", "500Gi"]);
    expect([server.requests.cpu, server.requests.memory, server.limits.cpu, server.limits.memory]).to.deep.equal(["2", "8Gi", "4", "16Gi"]);
  });
});

describe("the table of connections", () => {
  it("lets the API server's proxy reach each pool, and nothing else, when no model is pulled", () => {
    expect(connections(config(pools({ name: "chat" }, { name: "code" }))).map(({ from, to, port }) => ({ from, to, port }))).to.deep.equal([
      { from: "api-server", to: { component: "model-server", instance: "chat" }, port: 11434 },
      { from: "api-server", to: { component: "model-server", instance: "code" }, port: 11434 },
    ]);
  });

  it("lets only loaders that pull look up names and leave on port 443", () => {
    const table = connections(config({ models: [pulled], ...pools({ models: [pulled.name] }) }));
    expect(table.filter(({ from }) => from !== "api-server").map(({ from, to, port }) => ({ from, to, port }))).to.deep.equal([
      { from: { component: "model-loader", instance: "registry" }, to: "dns", port: "dns" },
      { from: { component: "model-loader", instance: "registry" }, to: "internet", port: 443 },
    ]);
  });
});

describe("images", () => {
  const lock = {
    ollama: { image: "docker.io/ollama/ollama", tag: "0.17.4", digest: "unresolved", pull: true, recipe: "r", madeFrom: "m", usedBy: "u", licence: "MIT" },
  };
  let dir = "";
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "oap-images-"));
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  it("are referred to by tag while no digest is known", () => {
    expect(imageReferences(lock, undefined, false)("ollama")).to.equal("docker.io/ollama/ollama:0.17.4");
  });

  it("are referred to by the digest that the cluster's own lock has", () => {
    const path = join(dir, "images.lock");
    writeFileSync(path, JSON.stringify({ ollama: { image: "docker.io/ollama/ollama", tag: "0.17.4", digest, source: "made", size: 1 } }));
    expect(imageReferences(lock, path, true)("ollama")).to.equal(`docker.io/ollama/ollama:0.17.4@${digest}`);
  });

  it("are refused without a digest in production", () => {
    expect(() => imageReferences(lock, undefined, true)).to.throw(ImagesError, /ollama \(docker.io\/ollama\/ollama:0.17.4\)[^]*fix: make images-lock/);
  });

  it("of a lock that is missing or broken are refused with the fix", () => {
    expect(() => imageReferences(lock, join(dir, "none"), false)).to.throw(ImagesError, /none: can't be read[^]*fix: run make up/);
    const path = join(dir, "broken");
    writeFileSync(path, "ollama: 5");
    expect(() => imageReferences(lock, path, false)).to.throw(ImagesError, /broken: \d+ problems?\n/);
  });

  it("that nobody locked are refused", () => {
    expect(() => imageReferences(lock, undefined, false)("redis")).to.throw(ImagesError, 'no image "redis"');
  });
});
