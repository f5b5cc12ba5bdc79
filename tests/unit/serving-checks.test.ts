/** Models, GPUs and rollouts that contradict each other, or the cluster. */
import { expect } from "chai";
import { promotionOf, requestsPerReplica } from "../../stacks/serving/defaults";
import { cannotBeCut, instanceOf, migGpusOf } from "../../stacks/serving/mig";
import { cluster, config, digest, pools, problems, tiny, type Fields } from "./support/config";

const image = { name: tiny, source: { kind: "image", image: "tiny-model" } };
const name = "codellama:7b-v1.0-base";
const pulled = (fields: Fields = {}) => ({ name, source: { kind: "registry", name: "codellama:7b-code-fp16", digest }, ...fields });
const model = (fields: Fields) => ({ models: [image, pulled(fields)] });
const dimensions = { layers: 2, hiddenSize: 64, feedForward: 128, heads: 4, kvHeads: 4, vocabulary: 354, context: 512 };
const group = (gpu: Fields | undefined, fields: Fields = {}) => ({
  name: "gpu",
  count: 2,
  cpu: "16",
  memory: "64Gi",
  gpus: 4,
  ...(gpu ? { gpu } : {}),
  ...fields,
});
const gpu = (fields: Fields = {}) => ({ class: "A100", memory: "80Gi", ...fields });
const mig = (profile: string, fields: Fields = {}) => cluster({ nodes: [group(gpu({ ...fields, sharing: { kind: "mig", strategy: "single", profile } }))] });
const licensed = (...licences: readonly string[]) => ({ models: [image, pulled()], serving: { pools: [{ name: "ollama", models: [tiny] }], licences } });
const prompt = (fields: Fields) => pools({ rollout: { prompts: [{ model: tiny, prompt: "hello", expect: { kind: "contains", text: "a" }, ...fields }] } });
const capabilities = (fields: Fields) => cluster({ capabilities: fields });

type Row = readonly [what: string, field: string, fields: Fields];

const refused: readonly Row[] = [
  ["a row that the catalogue does not have", "models[1].catalogue", model({ catalogue: "codelama:7b" })],
  ["dimensions beside a row of the catalogue", "models[1].catalogue", model({ catalogue: "codellama:7b", architecture: dimensions })],
  ["heads that keys and values can't be shared by", "models[1].architecture.kvHeads", model({ architecture: { ...dimensions, kvHeads: 3 } })],
  ["heads that a model can't be cut into", "models[1].architecture.heads", model({ architecture: { ...dimensions, heads: 3, kvHeads: 3 } })],
  ["to quantize what is quantized", "models[1].quantize", model({ quantization: "Q8_0", quantize: "Q4_K_M" })],
  ["to quantize what Ollama does not", "models[1].quantize", model({ quantization: "BF16", quantize: "Q4_K_M" })],
  ["to quantize with more memory than the loader has", "models[1].quantize", model({ quantize: "Q4_K_M" })],
  ["a licence that is not allowed", "models[1].licence", licensed("Apache-2.0")],
  ["a quantized cache for heads that its blocks don't divide", "serving.pools[0].kvCacheType", pools({ kvCacheType: "q8_0" })],
  ["a licence twice", "serving.licences[2]", licensed("Llama-2-Community", "Apache-2.0", "Llama-2-Community")],
  ["a licence that nobody knows", "models[1].licence", { ...licensed("Apache-2.0"), models: [image, { ...pulled(), name: "own:7b-v1.0-base" }] }],

  ["a class that no machine has", "serving.pools[0].gpuClass", { ...cluster({ nodes: [group(gpu())] }), ...pools({ gpuClass: "H100" }) }],
  ["a class where no machine says its own", "serving.pools[0].gpuClass", { ...cluster({ nodes: [group(undefined)] }), ...pools({ gpuClass: "A100" }) }],
  [
    "a class for a pool without GPUs",
    "serving.pools[0].gpuClass",
    { ...cluster({ nodes: [group(gpu())] }), ...pools({ gpuClass: "A100", gpusPerReplica: 0 }) },
  ],
  ["two instances of MIG for one pod", "serving.pools[0].gpusPerReplica", { ...mig("3g.40gb"), ...pools({ gpuClass: "A100", gpusPerReplica: 2 }) }],
  [
    "two shares of a GPU for one pod",
    "serving.pools[0].gpusPerReplica",
    { ...cluster({ nodes: [group(gpu({ sharing: { kind: "timeSlicing", replicas: 4 } }))] }), ...pools({ gpuClass: "A100", gpusPerReplica: 2 }) },
  ],
  ["a profile of MIG that the GPU does not have", "cluster.nodes[0].gpu.sharing.profile", mig("1g.5gb")],
  ["a profile of MIG of a GPU with another memory", "cluster.nodes[0].gpu.sharing.profile", mig("1g.18gb", { product: "NVIDIA-H100-80GB-HBM3" })],
  ["MIG on a GPU that has none", "cluster.nodes[0].gpu.sharing.kind", mig("1g.5gb", { product: "NVIDIA-L40S", memory: "46068Mi" })],

  ["custom metrics without a Prometheus", "cluster.capabilities.customMetrics", capabilities({ customMetrics: "keda" })],
  ["a prompt for a model that the pool does not have", "serving.pools[0].rollout.prompts[0].model", { ...prompt({ model: name }), models: [image, pulled()] }],
  ["a regular expression that is none", "serving.pools[0].rollout.prompts[0].expect.text", prompt({ expect: { kind: "regex", text: "(a" } })],
];

const accepted: readonly (readonly [what: string, fields: Fields])[] = [
  ["a quantized cache for heads that its blocks divide", { ...model({}), ...pools({ models: [name], kvCacheType: "q8_0" }) }],
  ["a licence that is allowed", licensed("Apache-2.0", "Llama-2-Community")],
  ["any licence where nothing is said", model({})],
  ["a licence that the configuration says", { ...licensed("Apache-2.0"), models: [image, pulled({ licence: "Apache-2.0" })] }],
  ["to quantize F16, where the loader has the memory", { ...model({ quantize: "Q4_K_M" }), sizing: "guide" }],
  ["a class that machines have", { ...cluster({ nodes: [group(gpu())] }), ...pools({ gpuClass: "A100" }) }],
  ["a profile of MIG", { ...mig("3g.40gb", { product: "NVIDIA-A100-SXM4-80GB" }), ...pools({ gpuClass: "A100" }) }],
  ["a profile of a GPU that is not known", { ...mig("1g.24gb", { memory: "96Gi" }), ...pools({ gpuClass: "A100" }) }],
  ["custom metrics with a Prometheus", capabilities({ customMetrics: "prometheus-adapter", monitoring: true })],
  ["a regular expression", prompt({ expect: { kind: "regex", text: "^a+$" } })],
  ["brackets where no regular expression is meant", prompt({ expect: { kind: "contains", text: "(a" } })],
  ["a preview and prompts without Argo Rollouts", { ...prompt({}), quota: { gpus: 4 } }],
];

describe("the checks of models, GPUs and rollouts", () => {
  for (const [what, field, fields] of refused) {
    it(`refuse ${what}`, () => {
      const found = problems(fields);
      expect(found.map((problem) => problem.field)).to.deep.equal([field]);
      expect(found[0]?.fix).not.to.equal("");
    });
  }
  for (const [what, fields] of accepted) it(`accept ${what}`, () => expect(problems(fields)).to.deep.equal([]));

  it("propose what was meant", () => {
    const fix = (fields: Fields) => problems(fields)[0]?.fix;
    expect(fix(model({ catalogue: "codelama:7b" }))).to.equal('did you mean "codellama:7b"?');
    expect(fix({ ...cluster({ nodes: [group(gpu())] }), ...pools({ gpuClass: "a100" }) })).to.equal('did you mean "A100"?');
    expect(fix(mig("1g.20g".replace("20g", "2gb")))).to.match(/^did you mean "1g\.(10|20)gb"\?$/);
  });

  it("say what a licence restricts", () => {
    expect(problems(licensed("Apache-2.0"))[0]?.fix).to.include("700 million monthly users");
  });

  it("say where a regular expression is wrong", () => {
    expect(problems(prompt({ expect: { kind: "regex", text: "(a" } }))[0]?.allowed).to.include("Unterminated group");
  });

  it("refuse a pool that does not fit, with what would", () => {
    const nodes = [group(gpu({ class: "T4", memory: "4Gi" }))];
    const [problem, ...more] = problems({ ...cluster({ nodes }), ...model({}), ...pools({ models: [name] }) });
    expect(more).to.deep.equal([]);
    expect(problem?.field).to.equal("serving.pools[0].models");
    expect(problem?.allowed).to.match(/^at most 4 GiB, T4, machines gpu \(/);
  });

  it("name the preview where the quota has no room for it", () => {
    const problem = problems({ ...pools({ replicas: 3, previewReplicas: 2 }), sizing: "guide", quota: { memory: "128Gi", memoryLimit: "256Gi" } })[0];
    expect(problem?.value).to.match(/^5 GPUs at the largest scale \(pool ollama: \(3 \+ 2 preview\) × 1\)$/);
    expect(problem?.allowed).to.equal("4 GPUs, the quota of ai-development: quota.gpus, by sizing guide");
    expect(problem?.fix).to.include("serving.pools[0].replicas to 2").and.include("quota.gpus to 5");
  });

  it("do not plan memory where the layer is left out", () => {
    const nodes = [group(gpu({ class: "T4", memory: "4Gi" }))];
    expect(problems({ ...cluster({ nodes }), ...model({}), ...pools({ models: [name] }), layers: { serving: false } })).to.deep.equal([]);
  });
});

describe("MIG", () => {
  it("has the profiles of NVIDIA's guide for each GPU", () => {
    const profiles = (memory: number, product?: string) => migGpusOf(memory, product).flatMap((one) => Object.keys(one.profiles));
    expect(profiles(24e9, "NVIDIA-A30")).to.deep.equal(["1g.6gb", "2g.12gb", "4g.24gb"]);
    expect(profiles(40 * 2 ** 30)).to.deep.equal(["1g.5gb", "1g.10gb", "2g.10gb", "3g.20gb", "4g.20gb", "7g.40gb"]);
    expect(profiles(81_559 * 2 ** 20, "NVIDIA-H100-80GB-HBM3")).to.deep.equal(["1g.10gb", "1g.20gb", "2g.20gb", "3g.40gb", "4g.40gb", "7g.80gb"]);
    expect(profiles(143_771 * 2 ** 20, "NVIDIA-H200")).to.deep.equal(["1g.18gb", "1g.35gb", "2g.35gb", "3g.71gb", "4g.71gb", "7g.141gb"]);
    expect(profiles(48e9)).to.deep.equal([]);
  });

  it("gives an instance its share of the memory, less what is not usable", () => {
    // nvidia-smi mig -lgip on an A100 with 40 GiB: 1g.5gb has 4.75 GiB.
    expect(instanceOf("1g.5gb", 40 * 2 ** 30).memory).to.equal(4.75 * 2 ** 30);
    expect(instanceOf("3g.40gb", 80 * 2 ** 30).memory).to.equal(38 * 2 ** 30);
    // Of a GPU that is not known: what its name says.
    expect(instanceOf("1g.24gb", 96 * 2 ** 30).memory).to.equal(22.8e9);
  });

  it("is not on GPUs for graphics", () => {
    for (const product of ["NVIDIA-L40S", "Tesla-T4", "NVIDIA-A10", "Tesla-V100-SXM2-16GB"]) expect(cannotBeCut(product), product).to.equal(true);
    for (const product of ["NVIDIA-A100-SXM4-80GB", "NVIDIA-H100-80GB-HBM3", "NVIDIA-A30"]) expect(cannotBeCut(product), product).to.equal(false);
  });
});

describe("a default of a pool", () => {
  const pool = (fields: Fields) => {
    const [first] = config({ ...cluster({ capabilities: { metrics: true } }), ...pools(fields) }).serving.pools;
    if (!first) throw new Error("no pool");
    return first;
  };

  it("promotes by hand in production only", () => {
    expect(promotionOf(pool({}), { environment: "production" })).to.equal("manual");
    expect(promotionOf(pool({}), { environment: "staging" })).to.equal("automatic");
    expect(promotionOf(pool({ rollout: { promotion: "automatic" } }), { environment: "production" })).to.equal("automatic");
  });

  it("adds pods at as many requests as a model answers at the same time", () => {
    expect(requestsPerReplica(pool({ parallel: 6 }))).to.equal(6);
    expect(requestsPerReplica(pool({ parallel: 6, scale: { min: 1, max: 2, requestsPerReplica: 3 } }))).to.equal(3);
  });
});
