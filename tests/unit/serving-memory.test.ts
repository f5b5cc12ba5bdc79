/** What models take of GPU memory: caches and graphs beside published figures, and what more of anything does. */
import { expect } from "chai";
import { catalogue, catalogued } from "../../stacks/serving/catalogue";
import { cachePerLayer, effective, graphOf, overheadBytes, type Load } from "../../stacks/serving/graph";
import { isKnown, memoryOf, onOneGpu, type ModelMemory } from "../../stacks/serving/modelMemory";
import type { Architecture, Quantization } from "../../stacks/serving/architecture";
import type { ModelFacts } from "../../stacks/serving/modelFacts";
import { randomly, type Random } from "./support/random";

const gib = 2 ** 30;
const usual: Load = { context: 4096, parallel: 1, cacheType: "f16", flashAttention: true };

function architecture(id: string): Architecture {
  const row = catalogued(id);
  if (!row) throw new Error(`${id} is not in the catalogue`);
  return row.architecture;
}
const facts = (id: string, quantization: Quantization = "Q4_0"): ModelFacts => ({
  name: id,
  row: undefined,
  architecture: architecture(id),
  quantization,
  sourceQuantization: quantization,
  fileSize: undefined,
  licence: undefined,
});
function known(id: string, load: Load, quantization: Quantization = "Q4_0"): ModelMemory {
  const memory = memoryOf(facts(id, quantization), load);
  if (!isKnown(memory)) throw new Error(memory.missing);
  return memory;
}
const cache = (id: string, load: Partial<Load>) => cachePerLayer(architecture(id), { ...usual, ...load }) * architecture(id).layers;

describe("the cache of keys and values", () => {
  // Llama 2 7B, whose dimensions CodeLlama has: 2 GiB at 4096 tokens, as llama.cpp prints it; 0.5 MiB for each token.
  const rows: readonly (readonly [id: string, load: Partial<Load>, bytes: number])[] = [
    ["codellama:7b", {}, 2 * gib],
    ["codellama:7b", { context: 1 }, 2 ** 19],
    ["codellama:7b", { parallel: 4 }, 8 * gib],
    ["codellama:7b", { cacheType: "q8_0" }, (2 * gib * 34) / 64],
    ["codellama:7b", { cacheType: "q4_0" }, (2 * gib * 18) / 64],
    ["codellama:13b", {}, 3.125 * gib],
    // A quarter and an eighth of the heads.
    ["mistral:7b", {}, 0.5 * gib],
    ["llama3.1:8b", { context: 131_072 }, 16 * gib],
    ["codellama:34b", {}, 0.75 * gib],
    ["qwen2.5-coder:7b", { context: 32_768 }, 1.75 * gib],
    ["gemma2:9b", { context: 8192 }, 2.625 * gib],
  ];
  for (const [id, load, bytes] of rows) {
    it(`of ${id} takes ${(bytes / gib).toFixed(3)} GiB ${JSON.stringify(load)}`, () => expect(cache(id, load)).to.equal(bytes));
  }
});

describe("the compute graph", () => {
  it("is what Ollama reckons with for Llama: by tokens times heads, or by the vocabulary where contexts are short", () => {
    // fs/ggml/ggml.go, GraphSize, computed by hand for CodeLlama 7B, 512 tokens at once.
    const [e, v, c, b] = [4096, 32_016, 4096, 512];
    const rest = 4 * b * (1 + e + c) + (e * e * 9) / 16 + 4 * c * (b * 32 + 128 * 32);
    expect(graphOf(architecture("codellama:7b"), usual)).to.equal(Math.max(4 * b * (1 + 4 * e + c * 33), 4 * b * e + rest));
    const small = { ...usual, context: 256 };
    expect(graphOf(architecture("codellama:7b"), small)).to.equal(Math.ceil(4 * 256 * e + 4 * 256 * (e + v) + (e * v * 105) / 128));
  });

  it("is not smaller without flash attention", () => {
    for (const { id, architecture: one } of catalogue) {
      const load = { ...usual, parallel: 4 };
      expect(graphOf(one, { ...load, flashAttention: false }), id).to.be.at.least(graphOf(one, load));
    }
    expect(graphOf(architecture("phi3:3.8b"), { ...usual, flashAttention: false })).to.be.greaterThan(graphOf(architecture("phi3:3.8b"), usual));
  });
});

describe("what a model gets of a load", () => {
  it("is no context longer than it was trained with", () => {
    expect(effective(architecture("gemma2:9b"), { ...usual, context: 32_768 }).context).to.equal(8192);
    expect(effective(architecture("codellama:7b"), usual).context).to.equal(4096);
  });

  it("is no quantized cache where Ollama does no flash attention", () => {
    const load: Load = { ...usual, cacheType: "q8_0" };
    expect(effective(architecture("gemma2:9b"), load)).to.include({ flashAttention: false, cacheType: "f16" });
    expect(effective(architecture("codellama:7b"), load)).to.include({ flashAttention: true, cacheType: "q8_0" });
    expect(effective(architecture("codellama:7b"), { ...load, flashAttention: false }).cacheType).to.equal("f16");
  });
});

describe("the memory of a model", () => {
  it("leaves out what stays in the machine's memory, and has CUDA's share", () => {
    const { weights, overhead } = known("codellama:7b", usual);
    // The file less the matrix that reads tokens: 32,016 × 4096 in Q4_0.
    expect(weights).to.be.closeTo(3_825_156_608 - (32_016 * 4096 * 18) / 32, 1);
    expect(overhead).to.equal(457 * 2 ** 20);
  });

  it("is all of the file where only that is known", () => {
    const memory = memoryOf({ ...facts("codellama:7b"), fileSize: 5 * gib }, usual);
    expect(isKnown(memory) && memory.weights).to.equal(5 * gib);
  });

  it("is not known without dimensions, but at least that of its file", () => {
    const nothing = { ...facts("codellama:7b"), architecture: undefined };
    expect(memoryOf(nothing, usual)).to.deep.equal({ name: "codellama:7b", missing: "not in the catalogue, and no architecture", atLeast: 0 });
    expect(memoryOf({ ...nothing, fileSize: gib }, usual)).to.deep.include({ atLeast: gib + overheadBytes });
    expect(memoryOf({ ...facts("codellama:7b"), quantization: undefined }, usual)).to.deep.include({ missing: "no quantization or fileSize" });
  });

  const anyLoad = ({ below, pick }: Random): Load => ({
    context: 256 * (1 + below(200)),
    parallel: 1 + below(16),
    cacheType: pick(["f16", "q8_0", "q4_0"]),
    flashAttention: below(2) === 0,
  });

  it("never is less with a longer context or more requests at the same time", () => {
    randomly(400, (random) => {
      const { id } = random.pick(catalogue);
      const load = anyLoad(random);
      const least = onOneGpu(known(id, load));
      expect(onOneGpu(known(id, { ...load, context: load.context + 256 * random.below(50) }))).to.be.at.least(least);
      expect(onOneGpu(known(id, { ...load, parallel: load.parallel + random.below(8) }))).to.be.at.least(least);
    });
  });

  it("never is more with a smaller type of cache or weights, or with flash attention", () => {
    randomly(400, (random) => {
      const { id } = random.pick(catalogue);
      const load = anyLoad(random);
      const sizes = (["f16", "q8_0", "q4_0"] as const).map((cacheType) => onOneGpu(known(id, { ...load, cacheType })));
      expect([...sizes].sort((a, b) => b - a)).to.deep.equal(sizes);
      expect(onOneGpu(known(id, { ...load, flashAttention: true }))).to.be.at.most(onOneGpu(known(id, { ...load, flashAttention: false })));
      expect(onOneGpu(known(id, load, "Q4_0"))).to.be.at.most(onOneGpu(known(id, load, "Q8_0")));
    });
  });
});
