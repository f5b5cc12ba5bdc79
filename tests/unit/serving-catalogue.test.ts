/** The catalogue, and weights that are reckoned from dimensions beside the sizes of published files. */
import { expect } from "chai";
import { readFileSync } from "node:fs";
import { matricesOf, parametersOf } from "../../stacks/serving/architecture";
import { catalogue, catalogued, licences } from "../../stacks/serving/catalogue";
import { factsOf } from "../../stacks/serving/modelFacts";
import { weightsOf } from "../../stacks/serving/weights";
import type { ModelConfig } from "../../stacks/schema";
import { isModelName } from "../../stacks/modelNames";
import { sizingDocs } from "../../tools/docs/sizing";
import { stack, type Fields } from "./support/stack";

/** Of the size that a file is published with; half of the last decimal that the source shows is in it. */
const usual = 0.007;
/** Larger ones, each with its reason in docs/sizing.md. */
const tolerances: Readonly<Record<string, number>> = {
  "llama3.2:1b Q8_0 1300000000": 0.011,
  "llama3.1:8b Q4_0 4700000000": 0.011,
  "gemma2:2b Q4_0 1600000000": 0.016,
  "gemma2:9b Q4_0 5500000000": 0.012,
  "gemma2:27b Q4_0 16000000000": 0.025,
};

describe("the catalogue", () => {
  it("has the guide's models", () => {
    const guide = [
      "codellama:7b",
      "codellama:13b",
      "codellama:34b",
      "llama3.2:1b",
      "llama3.2:3b",
      "mistral:7b",
      "phi3:3.8b",
      "gemma2:9b",
      "deepseek-coder:6.7b",
    ];
    for (const id of guide) expect(catalogued(id), id).not.to.equal(undefined);
  });

  it("has each model once, under the model and size of the platform's names", () => {
    const ids = catalogue.map(({ id }) => id);
    expect(new Set(ids).size).to.equal(ids.length);
    for (const id of ids) expect(isModelName(`${id}-v1.0-base`), id).to.equal(true);
  });

  it("says of each where its numbers were read, and a licence that is explained", () => {
    for (const { id, source, licence, files } of catalogue) {
      expect(source, id).not.to.equal("");
      expect(licences[licence], id).not.to.equal(undefined);
      for (const file of files) expect(file.source, id).not.to.equal("");
    }
  });

  it("has dimensions that fit each other", () => {
    for (const { id, architecture } of catalogue) {
      expect(architecture.heads % architecture.kvHeads, id).to.equal(0);
      // Queries are as wide as the model, but for Gemma's.
      if (architecture.family !== "gemma2") expect(architecture.heads * architecture.headDim, id).to.equal(architecture.hiddenSize);
    }
  });

  it("has as many parameters as a model's name says", () => {
    // Names are rounded by their makers: Gemma 2 9B has 9.24, CodeLlama 7B 6.74; Qwen's 1.5B and 14B count otherwise, Gemma's without its vocabulary.
    for (const { id, architecture } of catalogue) {
      const [, number = "", unit = ""] = /:([0-9.]+)([bm])$/.exec(id) ?? [];
      const said = Number(number) * (unit === "b" ? 1e9 : 1e6);
      expect(parametersOf(architecture) / said, id).to.be.within(0.95, 1.31);
    }
  });

  for (const { id, architecture, files } of catalogue) {
    for (const { quantization, size, source } of files) {
      it(`reckons ${id} in ${quantization} as large as it is published: ${(size / 1e9).toFixed(2)} GB, ${source}`, () => {
        const off = weightsOf(architecture, quantization).file / size - 1;
        expect(Math.abs(off)).to.be.at.most(tolerances[`${id} ${quantization} ${size}`] ?? usual);
      });
    }
  }

  it("has no tolerance for what is not in it", () => {
    const published = new Set(catalogue.flatMap(({ id, files }) => files.map(({ quantization, size }) => `${id} ${quantization} ${size}`)));
    expect(Object.keys(tolerances).filter((key) => !published.has(key))).to.deep.equal([]);
  });
});

describe("weights", () => {
  const llama = catalogued("codellama:7b")?.architecture;
  if (!llama) throw new Error("codellama:7b is not in the catalogue");

  it("are smaller the fewer bits their type has", () => {
    const types = ["F32", "F16", "Q8_0", "Q6_K", "Q5_K_M", "Q5_K_S", "Q4_K_M", "Q4_K_S", "Q4_0"] as const;
    const sizes = types.map((type) => weightsOf(llama, type).file);
    expect([...sizes].sort((a, b) => b - a)).to.deep.equal(sizes);
  });

  it("are all in the parts: layers, what writes tokens and what reads them", () => {
    const { layers, output, embedding, file } = weightsOf(llama, "F16");
    expect(layers).to.have.length(32);
    expect(layers.reduce((total, size) => total + size, output + embedding)).to.equal(file);
    // Two bytes each, but for the norms.
    expect(file).to.equal(2 * parametersOf(llama) + 4 * llama.hiddenSize * 65);
  });

  it("count a matrix that reads and writes tokens once", () => {
    const tied = { ...llama, tied: true };
    expect(weightsOf(tied, "F16").file).to.equal(weightsOf(llama, "F16").file - 2 * llama.hiddenSize * llama.vocabulary);
    expect(matricesOf(tied).map(({ place }) => place)).not.to.include("output");
  });

  it("take another type where rows are no multiple of 256", () => {
    const [even, odd] = [llama, { ...llama, feedForward: llama.feedForward + 32 }].map((one) => weightsOf(one, "Q4_K_M").file / parametersOf(one));
    expect(odd).to.be.greaterThan(even ?? Infinity);
  });
});

describe("what is known of a model", () => {
  const model = (fields: Fields): ModelConfig => {
    const [first] = stack({
      models: [{ name: "codellama:7b-v1.0-base", source: { kind: "registry", name: "codellama:7b-code", digest: `sha256:${"a".repeat(64)}` }, ...fields }],
    }).models;
    if (!first) throw new Error("no model");
    return first;
  };
  const from = (name: string) => ({ source: { kind: "registry", name, digest: `sha256:${"a".repeat(64)}` } });

  it("comes from the catalogue by model and size of its name", () => {
    expect(factsOf(model({}))).to.deep.include({ quantization: "Q4_0", licence: "Llama-2-Community", architecture: catalogued("codellama:7b")?.architecture });
    expect(factsOf(model({ name: "other:7b-v1.0-base" })).architecture).to.equal(undefined);
    expect(factsOf(model({ name: "other:7b-v1.0-base", catalogue: "mistral:7b" })).row?.id).to.equal("mistral:7b");
  });

  for (const [tag, type] of [
    ["codellama:7b-code-q8_0", "Q8_0"],
    ["codellama:7b-code-q4_K_M", "Q4_K_M"],
    ["codellama:7b-code-fp16", "F16"],
    ["models.example.com/library/codellama:7b-code-q5_1", "Q5_1"],
    ["codellama:7b-code", "Q4_0"],
  ] as const) {
    it(`knows the type that the tag says: ${tag} is ${type}`, () => expect(factsOf(model(from(tag))).quantization).to.equal(type));
  }

  it("takes what the registry usually serves, the larger one, where nothing says the type", () => {
    expect(factsOf(model({ name: "mistral:7b-v1.0-instruct", ...from("mistral:7b") })).quantization).to.equal("Q4_K_M");
  });

  it("does not know the type of what an image holds", () => {
    expect(factsOf(model({ name: "mistral:7b-v1.0-own", source: { kind: "image", image: "own" } })).quantization).to.equal(undefined);
  });

  it("is what the loader makes of it, whose file has no size yet", () => {
    const facts = factsOf(model({ ...from("codellama:7b-code-fp16"), quantize: "Q8_0", fileSize: "13Gi" }));
    expect(facts).to.include({ quantization: "Q8_0", sourceQuantization: "F16", fileSize: undefined });
  });

  it("is what the configuration says before all else", () => {
    const architecture = { layers: 2, hiddenSize: 64, feedForward: 128, heads: 4, kvHeads: 2, vocabulary: 354, context: 512 };
    const facts = factsOf(model({ architecture, quantization: "Q6_K", fileSize: "1Gi", licence: "MIT" }));
    expect(facts).to.deep.include({ quantization: "Q6_K", fileSize: 2 ** 30, licence: "MIT" });
    expect(facts.architecture).to.deep.equal({ family: "llama", headDim: 16, tied: false, ...architecture });
  });
});

describe("docs/sizing.md", () => {
  it("has the tables that the program makes", () => {
    expect(readFileSync("docs/sizing.md", "utf8") === sizingDocs(), "make docs").to.equal(true);
  });
});
