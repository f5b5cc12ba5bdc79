import { createHash } from "node:crypto";
import { expect } from "chai";
import { gguf } from "../../images/tiny-model/gguf";
import { modelFiles, tinyModel } from "../../images/tiny-model/model";

describe("GGUF writer", () => {
  it("writes header, typed metadata, tensor table and data aligned to 32 bytes", () => {
    const file = gguf({ "a.b": { type: "u32", value: 7 }, list: { type: "string[]", value: ["x"] } }, [
      { name: "t", shape: [2, 1], data: Float32Array.of(1, -2) },
      { name: "u", shape: [1], data: Float32Array.of(0.5) },
    ]);
    const u64 = (value: number) => `${value.toString(16).padStart(2, "0")}00000000000000`;
    const ascii = (text: string) => u64(text.length) + Buffer.from(text).toString("hex");
    const head = [
      "47475546", // GGUF
      "03000000",
      u64(2), // tensors
      u64(2), // metadata
      `${ascii("a.b")}04000000` + "07000000",
      `${ascii("list")}09000000` + `08000000${u64(1)}${ascii("x")}`,
      `${ascii("t")}02000000${u64(2)}${u64(1)}00000000${u64(0)}`,
      `${ascii("u")}01000000${u64(1)}00000000${u64(32)}`,
    ].join("");
    expect(file.toString("hex", 0, head.length / 2)).to.equal(head);
    const data = Math.ceil(head.length / 2 / 32) * 32;
    expect(file.length).to.equal(data + 64);
    expect([file.readFloatLE(data), file.readFloatLE(data + 4), file.readFloatLE(data + 32)]).to.deep.equal([1, -2, 0.5]);
  });

  it("refuses a tensor whose data does not fit its shape", () => {
    expect(() => gguf({}, [{ name: "t", shape: [2, 2], data: new Float32Array(3) }])).to.throw("tensor t: shape 2 × 2 needs 4 values, got 3");
  });
});

describe("tiny model", () => {
  const sha256 = (data: Buffer) => createHash("sha256").update(data).digest("hex");

  it("is about half a megabyte and the same, byte for byte, each time and on every machine", () => {
    const model = tinyModel(0);
    expect(model.length).to.be.within(400_000, 600_000);
    expect(sha256(model)).to.equal(sha256(tinyModel(0)));
    expect(sha256(model)).to.equal("8154498c6e33680c0990963834897c6b7efbb8c7daea71c1b5f7d08c4969e9c6");
  });

  it("of another seed is another model of the same size", () => {
    expect(sha256(tinyModel(1))).not.to.equal(sha256(tinyModel(0)));
    expect(tinyModel(1)).to.have.length(tinyModel(0).length);
  });

  it("comes with sums that its files have", () => {
    const files = modelFiles(0);
    expect(files.sha256sums.toString()).to.equal(`${sha256(files["model.gguf"])}  model.gguf\n${sha256(files.Modelfile)}  Modelfile\n`);
    expect(files.Modelfile.toString()).to.contain("FROM ./model.gguf").and.contain("num_predict 64").and.contain("num_ctx 512");
  });
});
