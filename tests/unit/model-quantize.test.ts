/** Models that the loader quantizes: what its Job is told, and what it needs for it. */
import { expect } from "chai";
import { sourceOf, sourceVersion } from "../../components/serving/modelLoader";
import { modelAnnotations } from "../../stacks/modelNames";
import { catalogued } from "../../stacks/serving/catalogue";
import { quantizingMemory } from "../../stacks/serving/weights";
import { pools, reference, tiny, type Fields } from "./support/config";
import { containersOf, podTemplates } from "./support/pods";
import { fromImage, metadata, pulled, serving } from "./support/serving";

const gib = 2 ** 30;

async function job(model: Fields & { readonly name: string }) {
  const made = await serving({ models: [model], ...pools({ models: [model.name] }), sizing: "guide", quota: { gpus: 4 } });
  const template = podTemplates(made).find(([of]) => of.startsWith("Job"))?.[1];
  const container = template && containersOf(template)[0];
  if (!container) throw new Error("no container");
  return { inputs: made.one("Job").inputs, env: Object.fromEntries((container.env ?? []).map(({ name, value }) => [name, value])) };
}

describe("a loader of a model that is quantized", () => {
  const fp16 = { ...pulled, quantization: "F16" };

  it("is told the type, and to do one matrix at a time within its memory", async () => {
    const { env } = await job({ ...fp16, quantize: "Q4_K_M" });
    expect(env).to.include({ QUANTIZE: "Q4_K_M", GOMAXPROCS: "1", GOMEMLIMIT: "3865470566" });
  });

  it("is told nothing of it where the weights stay as they are", async () => {
    expect((await job(fromImage)).env).not.to.have.any.keys("QUANTIZE", "GOMAXPROCS", "GOMEMLIMIT");
  });

  it("is another one for another type, so that the model is made anew", () => {
    const [plain, small, smaller] = [undefined, "Q8_0", "Q4_K_M"].map((type) =>
      sourceVersion(tiny, sourceOf({ kind: "image", image: "tiny-model", path: "/" }, reference, type)),
    );
    expect(new Set([plain, small, smaller]).size).to.equal(3);
    // What was loaded before there was a choice is not loaded again.
    expect(plain).to.equal(sourceVersion(tiny, { kind: "image", reference: reference("tiny-model"), path: "/" }));
  });

  it("says what was made", async () => {
    const { inputs } = await job({ ...fp16, quantize: "Q8_0" });
    expect(metadata(inputs).annotations).to.include({ "openshift-ai-platform/model-quantize": "Q8_0" });
    expect(modelAnnotations("a:1b-v1.0-base", "x")).not.to.have.any.keys("openshift-ai-platform/model-quantize");
  });
});

describe("the memory for quantizing", () => {
  const of = (id: string) => {
    const row = catalogued(id);
    if (!row) throw new Error(`${id} is not in the catalogue`);
    return quantizingMemory(row.architecture, "F16", "Q4_K_M");
  };

  it("is that of the largest matrix, which the vocabulary decides", () => {
    // 32,016 × 4096 and 11,008 × 4096 in 2.5, 4 and up to 0.82 bytes.
    expect(of("codellama:7b")).to.be.within(256 * 2 ** 20 + 131_137_536 * 7, 256 * 2 ** 20 + 131_137_536 * 7.4);
    expect(of("llama3.1:8b")).to.be.greaterThan(3 * of("codellama:7b"));
  });

  it("is within the guide's loader but for the largest", () => {
    for (const id of ["codellama:34b", "llama3.1:8b", "mistral:7b", "deepseek-coder:33b", "phi3:14b"]) expect(of(id), id).to.be.below(4 * gib);
    for (const id of ["gemma2:9b", "gemma2:27b", "qwen2.5-coder:14b"]) expect(of(id), id).to.be.greaterThan(4 * gib);
  });
});
