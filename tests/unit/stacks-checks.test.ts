/** Fields that contradict each other, and names of nothing. */
import { expect } from "chai";
import { cluster, config, digest, pools, problems, tiny, type Fields } from "./support/config";

const image = { name: tiny, source: { kind: "image", image: "tiny-model" } };
const pulled = { name: "codellama:7b-v1.0-base", source: { kind: "registry", name: "codellama:7b-code", digest } };
const fromRegistry = { models: [pulled], ...pools({ models: [pulled.name] }) };
const team = (name: string, fields: Fields = {}) => ({ name, group: "team", quota: { cpu: "1", memory: "1Gi" }, ...fields });
const shared = (...volumes: readonly Fields[]) => ({
  teams: [team("ml"), team("web")],
  storage: {
    shared: {
      share: { kind: "nfs", server: "nfs", path: "/ai" },
      volumes: volumes.map((volume) => ({ name: "data", size: "1Gi", writer: "ml", ...volume })),
    },
  },
});
const node = { name: "gpu", count: 2, cpu: "16", memory: "64Gi", gpus: 2 };
const production = { environment: "production", storage: { classes: { kind: "local" } } };
const scaled = (fields: Fields, capabilities: Fields = { metrics: true }) => ({ ...cluster({ capabilities }), ...pools(fields) });
const credentials = '{"auths":{}}';

type Row = readonly [what: string, field: string, fields: Fields];

const refused: readonly Row[] = [
  ["a model twice", "models[1].name", { models: [pulled, pulled], ...pools({ models: [pulled.name] }) }],
  ["a pool twice", "serving.pools[1].name", pools({}, {})],
  ["a model twice in a pool", "serving.pools[0].models[1]", pools({ models: [tiny, tiny] })],
  ["a team twice", "teams[1].name", { teams: [team("ml"), team("ml")] }],
  ["a model twice in a team", "teams[0].models[1]", { teams: [team("ml", { models: [tiny, tiny] })] }],
  ["a group twice in a role", "access.viewers[1]", { access: { viewers: ["all", "all"] } }],
  ["machines of one name twice", "cluster.nodes[1].name", cluster({ nodes: [{ ...node, gpus: 4 }, node] })],
  [
    "labels of one machine twice",
    "cluster.nodeLabels[1].node",
    cluster({
      nodeLabels: [
        { node: "a", labels: { b: "c" } },
        { node: "a", labels: { d: "e" } },
      ],
    }),
  ],
  ["an address twice", "cluster.apiServerAddresses[1]", cluster({ apiServerAddresses: ["10.0.0.1/32", "10.0.0.1/32"] })],
  ["an allowed address twice", "network.allowedAddresses[1]", { network: { allowedAddresses: ["10.0.0.1/32", "10.0.0.1/32"] } }],
  ["a shared volume twice", "storage.shared.volumes[1].name", shared({}, {})],
  ["a reader twice", "storage.shared.volumes[0].readers[1]", shared({ readers: ["web", "web"] })],

  ["a pool called as another one's routers are", "serving.pools[1].name", pools({ gpusPerReplica: 0 }, { name: "ollama-router", gpusPerReplica: 0 })],
  ["a pool whose Services would have too long a name", "serving.pools[0].name", pools({ name: "p".repeat(56) })],
  ["a pool of a model that is not there", "serving.pools[0].models[0]", pools({ models: ["tiny:0.1m-v1.0-randon"] })],
  ["a model from an image that is not locked", "models[0].source.image", { models: [{ name: tiny, source: { kind: "image", image: "tiny-modle" } }] }],
  ["a team with a model that no pool serves", "teams[0].models[0]", { models: [image, pulled], teams: [team("ml", { models: [pulled.name] })] }],
  ["a team of the name of the platform's project", "teams[0].name", { teams: [team("platform")] }],
  ["a team in the platform's project", "teams[0].project", { teams: [team("ml", { project: "infrastructure" })] }],
  ["a writer that is no project", "storage.shared.volumes[0].writer", shared({ writer: "mll" })],
  ["a reader that is no project", "storage.shared.volumes[0].readers[0]", shared({ readers: ["wbe"] })],
  ["a writer that reads besides", "storage.shared.volumes[0].readers[1]", shared({ readers: ["web", "ml"] })],
  ["a shared volume of the name of the models' claim", "storage.shared.volumes[0].name", shared({ name: "models" })],
  [
    "ai-infrastructure as a reader where another stack has it",
    "storage.shared.volumes[0].readers[0]",
    { ...cluster({ manage: false }), ...shared({ readers: ["infrastructure"] }) },
  ],

  ["a smallest scale above the largest", "serving.pools[0].scale.min", scaled({ scale: { min: 3, max: 2 } })],
  ["fewer replicas than the smallest scale", "serving.pools[0].replicas", scaled({ replicas: 1, scale: { min: 2, max: 3 } })],
  ["more replicas than the largest scale", "serving.pools[0].replicas", scaled({ replicas: 4, scale: { min: 2, max: 3 } })],
  ["scaling without metrics", "serving.pools[0].scale", scaled({ scale: { min: 1, max: 2 } }, {})],
  [
    "more models than may be loaded",
    "serving.pools[0].maxLoadedModels",
    { models: [image, pulled], ...pools({ models: [tiny, pulled.name], maxLoadedModels: 1 }) },
  ],
  ["a quantized cache without flash attention", "serving.pools[0].kvCacheType", pools({ kvCacheType: "q8_0", flashAttention: false })],
  [
    "two shares of a GPU for one pod",
    "serving.pools[0].gpusPerReplica",
    { ...cluster({ gpuResource: "nvidia.com/gpu.shared" }), ...pools({ gpusPerReplica: 2 }) },
  ],

  [
    "labels of machines of a cluster that another stack manages",
    "cluster.nodeLabels",
    cluster({ manage: false, nodeLabels: [{ node: "a", labels: { b: "c" } }] }),
  ],
  ["storage classes of a cluster that another stack manages", "storage.classes.kind", { ...cluster({ manage: false }), storage: { classes: { kind: "odf" } } }],
  ["host names without EgressFirewall", "network.allowedHosts", { network: { allowedHosts: ["registry.ollama.ai"] } }],
  ["hosts without a proxy, where there is none", "network.noProxy", { network: { noProxy: [".example.com"] } }],
  ["models of a registry without a way to it", "network.downloads", { ...fromRegistry, network: { downloads: false } }],
  [
    "models of a registry behind a proxy that loaders may not reach",
    "network.downloads",
    { ...fromRegistry, network: { downloads: false, proxy: { url: "http://proxy:3128", addresses: ["10.0.0.1/32"] } } },
  ],
  [
    "teams of one project that different cost centres pay for",
    "teams[1].costCentre",
    { teams: ["a", "b"].map((name) => ({ name, project: "ml", group: name, quota: { cpu: "1", memory: "1Gi" }, costCentre: name })) },
  ],
  ["promotion tests in development", "network.promotionTests", { network: { promotionTests: true } }],
  ["storage on one machine in production", "storage.classes.kind", production],
  [
    "a share on one machine in production",
    "storage.shared.share.kind",
    {
      environment: "production",
      storage: {
        shared: { share: { kind: "local", path: "/ai", nodeSelector: { a: "b" } }, volumes: [{ name: "data", size: "1Gi", writer: "platform" }] },
      },
    },
  ],
  [
    "a volume for many nodes of a driver that makes none",
    "storage.models.accessMode",
    { storage: { classes: { kind: "local" }, models: { accessMode: "ReadWriteMany" } } },
  ],
  [
    "more throughput than the I/O operations give",
    "storage.classes.throughput",
    { storage: { classes: { kind: "aws", fileSystemId: "fs-01234567", iops: 3000, throughput: 751 } } },
  ],
  ["a volume of one machine for pods of two", "storage.models.accessMode", { ...cluster({ nodes: [node] }), ...pools({ replicas: 3 }), quota: { gpus: 3 } }],
  ["a pull secret without content", "registry.pullSecret", { registry: { pullSecret: "pull" } }],
  ["content of a pull secret without its name", "registryCredentials", { registryCredentials: credentials }],
  [
    "content of a pull secret that somebody else makes",
    "registryCredentials",
    { registry: { pullSecret: "pull" }, secrets: { source: "external" }, registryCredentials: credentials },
  ],
];

const accepted: readonly (readonly [what: string, fields: Fields])[] = [
  ["one group for two teams", { teams: [team("ml"), team("web")] }],
  ["two teams in one project", { teams: [team("ml"), team("web", { project: "ml" })] }],
  ["a group in two roles", { access: { viewers: ["all"], developers: ["all"] } }],
  ["a project as writer and the platform as reader", shared({ readers: ["platform", "web"] })],
  ["ai-infrastructure as a reader", shared({ readers: ["infrastructure"] })],
  ["replicas at the ends of the scale", scaled({ replicas: 3, scale: { min: 3, max: 3 } })],
  ["models of a registry by addresses of the site", { ...fromRegistry, network: { downloads: false, allowedAddresses: ["10.0.0.1/32"] } }],
  ["models of images without a way out", { network: { downloads: false } }],
  ["two pods of one machine on its volume", { ...cluster({ nodes: [{ ...node, gpus: 4 }] }), ...pools({ replicas: 2 }) }],
  ["a volume of one machine where nobody says what machines there are", pools({ replicas: 3 })],
  [
    "a volume of many machines for pods of two",
    { ...cluster({ nodes: [node] }), ...pools({ replicas: 3 }), quota: { gpus: 4 }, storage: { models: { accessMode: "ReadWriteMany" } } },
  ],
  ["storage on one machine in production for trying out", { ...production, images: { requireDigests: false } }],
  ["all the throughput that the I/O operations give", { storage: { classes: { kind: "aws", fileSystemId: "fs-01234567", iops: 3000, throughput: 750 } } }],
  ["two MIG devices for one pod", { ...cluster({ gpuResource: "nvidia.com/mig-1g.10gb" }), ...pools({ gpusPerReplica: 2 }) }],
  [
    "two whole GPUs of a class for one pod where the others are shared",
    {
      ...cluster({ gpuResource: "nvidia.com/gpu.shared", nodes: [{ ...node, gpus: 4, gpu: { class: "a100", memory: "80Gi", sharing: { kind: "whole" } } }] }),
      ...pools({ gpusPerReplica: 2, gpuClass: "a100" }),
      quota: { gpus: 0 },
    },
  ],
  ["a pull secret that is there already", { registry: { pullSecret: "pull" }, secrets: { source: "external" } }],
  ["promotion tests in staging", { environment: "staging", network: { promotionTests: true } }],
];

describe("contradictions in the configuration", () => {
  for (const [what, field, fields] of refused) {
    it(`refuses ${what}`, () => {
      const found = problems(fields);
      expect(found.map((problem) => problem.field)).to.deep.equal([field]);
      expect(found.every(({ value, allowed, fix }) => value !== undefined && allowed !== "" && fix !== "")).to.equal(true);
    });
  }

  for (const [what, fields] of accepted) {
    it(`accepts ${what}`, () => {
      expect(problems(fields)).to.deep.equal([]);
    });
  }

  it("reports all of them at the same time, those of capacity too", () => {
    const found = problems({
      ...cluster({ manage: false, nodeLabels: [{ node: "a", labels: { b: "c" } }] }),
      ...pools({ replicas: 5 }),
      quota: { cpu: "2" },
      network: { promotionTests: true, noProxy: ["a"] },
      registry: { pullSecret: "pull" },
    });
    expect(found.map(({ field }) => field)).to.deep.equal([
      "cluster.nodeLabels",
      "network.noProxy",
      "network.promotionTests",
      "registry.pullSecret",
      "serving.pools",
    ]);
  });

  it("sums nothing up while a name is wrong", () => {
    expect(problems(pools({ replicas: 10, models: ["tiny:0.1m-v1.0-randon"] })).map(({ field }) => field)).to.deep.equal(["serving.pools[0].models[0]"]);
  });

  it("proposes the name that was meant", () => {
    const fix = (fields: Fields) => problems(fields)[0]?.fix;
    expect(fix(pools({ models: ["tiny:0.1m-v1.0-randon"] }))).to.equal(`did you mean "${tiny}"?`);
    expect(fix(shared({ writer: "mll" }))).to.equal('did you mean "ml"?');
    expect(fix({ models: [{ name: tiny, source: { kind: "image", image: "tiny-modle" } }] })).to.equal('did you mean "tiny-model"?');
  });

  it("says which entry is the same", () => {
    expect(problems({ teams: [team("ml"), team("web"), team("ml")] })[0]).to.include({ value: '"ml"', allowed: "each once: teams[0].name is the same" });
  });

  it("leaves what it accepts as it is written", () => {
    expect(config(shared({ readers: [] })).storage.shared?.volumes[0]?.readers).to.deep.equal([]);
  });
});
