/** Models that the loader quantizes, with a real Ollama: what it accepts, what comes out, and that the planner's figures are those of the real file. */
import { expect } from "chai";
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { loaderEnv, serverEnv } from "../../../components/serving/ollamaEnv";
import { modelFiles } from "../../../images/tiny-model/model";
import { manifestPath } from "../../../stacks/modelNames";
import { quantizeTypes } from "../../../stacks/schema/serving";
import { catalogued } from "../../../stacks/serving/catalogue";
import { weightsOf } from "../../../stacks/serving/weights";
import { exec } from "../../../tools/lib/exec";
import { root } from "../../../tools/lib/paths";
import { freePort } from "../../support/ports";
import { config, tiny } from "../../unit/support/config";
import { ended, listening, pathWithOllama } from "./ollamaProcess";
import { openRegistry } from "./registry";
import { safetensorsFiles } from "./safetensors";

const scripts = join(root, "components/serving/scripts");

interface Result {
  readonly code: number;
  readonly output: string;
}
interface Record_ {
  readonly model: string;
  readonly version: string;
  readonly type: string;
  readonly quantized: boolean;
  readonly weights: string;
  readonly manifest: string;
}

describe("a loader that quantizes", function () {
  this.timeout(600_000);
  let path = "";
  let dir = "";
  let port = 0;
  let server: ChildProcess | undefined;

  before(async function () {
    this.timeout(30 * 60_000); // Ollama may have to be built
    path = await pathWithOllama();
  });
  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), "oap-quantize-"));
    for (const name of ["store", "home", "tmp", "source"]) mkdirSync(join(dir, name));
    writeSource(asF16(modelFiles(0)["model.gguf"]));
    port = await freePort();
  });
  afterEach(async () => {
    await ended(server);
    server = undefined;
    rmSync(dir, { recursive: true });
  });

  const store = (...parts: readonly string[]) => join(dir, "store", ...parts);
  const here = () => ({ PATH: path, HOME: join(dir, "home"), TMPDIR: join(dir, "tmp"), OLLAMA_MODELS: store(), OLLAMA_HOST: `127.0.0.1:${port}` });
  const fromFolder = () => ({ SOURCE_DIR: join(dir, "source") });
  function writeSource(weights: Buffer): void {
    const { "model.gguf": original, Modelfile, sha256sums } = modelFiles(0);
    const digests = [original, weights].map((content) => createHash("sha256").update(content).digest("hex"));
    writeFileSync(join(dir, "source", "model.gguf"), weights);
    writeFileSync(join(dir, "source", "Modelfile"), Modelfile);
    writeFileSync(join(dir, "source", "sha256sums"), sha256sums.toString().replace(digests[0] ?? "", digests[1] ?? ""));
  }
  async function load(env: Readonly<Record<string, string>>, version = "v1"): Promise<Result> {
    const { code, stdout, stderr } = await exec("/bin/bash", [join(scripts, "load.sh")], {
      env: { ...loaderEnv(), ...here(), MODEL: tiny, MANIFEST: manifestPath(tiny), VERSION: version, ...env },
      allowFailure: true,
    });
    return { code, output: `${stdout}${stderr}` };
  }
  const record = () => JSON.parse(readFileSync(store("records", `${manifestPath(tiny)}.json`), "utf8")) as Record_;
  const weightBlobs = () => readdirSync(store("blobs")).filter((name) => readFileSync(store("blobs", name)).subarray(0, 4).toString() === "GGUF");
  const sha256 = (file: string) => createHash("sha256").update(readFileSync(file)).digest("hex");

  async function ask(): Promise<string> {
    const [pool] = config().serving.pools;
    if (!pool) throw new Error("no pool");
    const child = spawn("ollama", ["serve"], { env: { ...serverEnv(pool), ...here() }, stdio: ["ignore", "ignore", "pipe"] });
    server = child;
    await listening(child);
    const body = JSON.stringify({ model: tiny, prompt: "hello", stream: false, options: { num_predict: 4 } });
    const answer = (await (await fetch(`http://127.0.0.1:${port}/api/generate`, { method: "POST", body })).json()) as { response?: string; error?: string };
    if (answer.response === undefined) throw new Error(answer.error);
    return answer.response;
  }

  for (const type of quantizeTypes) {
    it(`makes ${type} weights, which answer, records type and digests, and leaves nothing of the source`, async () => {
      const loaded = await load({ ...fromFolder(), QUANTIZE: type });
      expect(loaded.code, loaded.output).to.equal(0);
      expect(loaded.output).to.include(`quantizing to ${type}`);
      const [weights, ...more] = weightBlobs();
      expect(more).to.deep.equal([]);
      expect(record()).to.deep.equal({
        model: tiny,
        version: "v1",
        type,
        quantized: true,
        weights: weights?.replace("-", ":"),
        manifest: `sha256:${sha256(store("manifests", manifestPath(tiny)))}`,
      });
      expect(await ask()).to.have.length.greaterThan(0);
    });

    it(`makes ${type} weights of the size that is planned`, async () => {
      await load({ ...fromFolder(), QUANTIZE: type });
      const size = statSync(store("blobs", weightBlobs()[0] ?? "")).size;
      const row = catalogued("tiny:0.1m");
      if (!row) throw new Error("the tiny model is not in the catalogue");
      // Metadata and vocabulary, some KiB here, are not weights.
      const head = statSync(join(dir, "source", "model.gguf")).size - weightsOf(row.architecture, "F32").file;
      expect(size - head).to.be.closeTo(weightsOf(row.architecture, type).file, 2048);
    });
  }

  it("makes them of Safetensors too, and leaves nothing of what they become in between", async () => {
    const files = safetensorsFiles();
    rmSync(join(dir, "source"), { recursive: true });
    mkdirSync(join(dir, "source"));
    const sums = Object.entries(files).map(([name, content]) => `${createHash("sha256").update(content).digest("hex")}  ${name}\n`);
    for (const [name, content] of Object.entries({ ...files, sha256sums: sums.join("") })) writeFileSync(join(dir, "source", name), content);
    const loaded = await load({ ...fromFolder(), QUANTIZE: "Q8_0" });
    expect(loaded.code, loaded.output).to.equal(0);
    expect(record()).to.include({ type: "Q8_0", quantized: true });
    // Weights, and the parts of the manifest: no file of the source is left, and no F16.
    const manifest = readFileSync(store("manifests", manifestPath(tiny)), "utf8");
    expect(readdirSync(store("blobs")).filter((name) => !manifest.includes(name.replace("-", ":")))).to.deep.equal([]);
    expect(weightBlobs()).to.have.length(1);
    expect(readdirSync(store("manifests", dirname(manifestPath(tiny))))).to.deep.equal(["0.1m-v1.0-random"]);
    expect(await ask()).to.be.a("string");
  });

  it("makes the same weights again, and others where another type is wanted", async () => {
    await load({ ...fromFolder(), QUANTIZE: "Q8_0" });
    const first = record().weights;
    rmSync(store(), { recursive: true });
    mkdirSync(store());
    await load({ ...fromFolder(), QUANTIZE: "Q8_0" });
    expect(record().weights).to.equal(first);
    const other = await load({ ...fromFolder(), QUANTIZE: "Q4_K_M" }, "v2");
    expect(other.code, other.output).to.equal(0);
    expect(record()).to.include({ version: "v2", type: "Q4_K_M" });
    expect(record().weights).not.to.equal(first);
  });

  it("records what it did not quantize too, and finds it loaded the next time", async () => {
    expect((await load(fromFolder())).code).to.equal(0);
    expect(record()).to.include({ type: "F16", quantized: false });
    expect((await load(fromFolder())).output.trim().split("\n")).to.have.length(1);
  });

  it("refuses weights that are quantized already, and a type that Ollama does not make, without trying again", async () => {
    await load({ ...fromFolder(), QUANTIZE: "Q8_0" });
    writeSource(readFileSync(store("blobs", weightBlobs()[0] ?? "")));
    const again = await load({ ...fromFolder(), QUANTIZE: "Q4_K_M" }, "v2");
    expect(again.output).to.include("the source can't be quantized").and.include("Fix: take a source in F16");
    expect(again.code).to.equal(64);
    // What is served under this name stays.
    expect(record()).to.include({ type: "Q8_0", version: "v1" });
    const unknown = await load({ ...fromFolder(), QUANTIZE: "Q4_0" }, "v3");
    expect(unknown.code).to.equal(64);
    expect(unknown.output).to.include("unsupported quantization type Q4_0");
  });

  it("refuses a file that says F32, which Ollama does not know", async () => {
    writeSource(modelFiles(0)["model.gguf"]);
    const refused = await load({ ...fromFolder(), QUANTIZE: "Q8_0" });
    expect(refused.code).to.equal(64);
    expect(refused.output).to.include("only supported for F16 and F32 models").and.include("Fix: take a source in F16");
  });

  it("quantizes what it pulled by its digest, and keeps the result only", async () => {
    await load(fromFolder());
    const registry = await openRegistry(store(), manifestPath(tiny), "tiny:1-fp16", dir);
    try {
      rmSync(store(), { recursive: true });
      mkdirSync(store());
      const source = {
        SOURCE_NAME: registry.name,
        SOURCE_MANIFEST: manifestPath(registry.name),
        SOURCE_DIGEST: registry.digest,
        SSL_CERT_FILE: registry.certificate,
      };
      const pulled = await load({ ...source, QUANTIZE: "Q8_0" });
      expect(pulled.code, pulled.output).to.equal(0);
      expect(record()).to.include({ type: "Q8_0", quantized: true });
      expect(weightBlobs()).to.have.length(1);
      expect(existsSync(store("manifests", manifestPath(registry.name)))).to.equal(false);
      expect(await ask()).to.have.length.greaterThan(0);
    } finally {
      registry.close();
    }
  });
});

/** The same weights in a file that says F16, as those with most of it in F16 do; FileType in fs/ggml/ggml.go takes F32, which is 0, for no type. */
function asF16(weights: Buffer): Buffer {
  const key = Buffer.from("general.file_type");
  const copy = Buffer.from(weights);
  copy.writeUInt32LE(1, copy.indexOf(key) + key.length + 4);
  return copy;
}
