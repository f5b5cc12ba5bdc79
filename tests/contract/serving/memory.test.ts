/** The memory plan beside what a real Ollama reckons and allocates, byte for byte, for a model whose dimensions the catalogue has. */
import { expect } from "chai";
import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serverEnv } from "../../../components/serving/ollamaEnv";
import { modelFiles } from "../../../images/tiny-model/model";
import { catalogued } from "../../../stacks/serving/catalogue";
import type { Architecture } from "../../../stacks/serving/architecture";
import { cachePerLayer, quantizedCache } from "../../../stacks/serving/graph";
import { loadOf } from "../../../stacks/serving/memory";
import { weightsOf } from "../../../stacks/serving/weights";
import { exec } from "../../../tools/lib/exec";
import { freePort } from "../../support/ports";
import { ended, listening, pathWithOllama } from "./ollamaProcess";
import { servingOf, stack, tiny, type Fields } from "../../unit/support/stack";

describe("what Ollama takes of memory", function () {
  this.timeout(120_000);
  let path = "";
  let dir = "";
  let server: ChildProcess | undefined;

  before(async function () {
    this.timeout(30 * 60_000); // Ollama may have to be built
    path = await pathWithOllama();
  });
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "oap-memory-"));
    mkdirSync(join(dir, "source"));
    // Without the context that the Modelfile of the image has: it would win over the server's.
    writeSource(modelFiles(0)["model.gguf"]);
  });
  afterEach(async () => {
    await ended(server);
    server = undefined;
    rmSync(dir, { recursive: true });
  });

  function writeSource(weights: Buffer): void {
    writeFileSync(join(dir, "source", "model.gguf"), weights);
    writeFileSync(join(dir, "source", "Modelfile"), "FROM ./model.gguf\n");
  }
  /** What a server prints while it loads the tiny model for a pool. */
  async function logOf(fields: Fields): Promise<{ readonly log: string; readonly pool: ReturnType<typeof poolOf> }> {
    const pool = poolOf(fields);
    const env = { ...serverEnv(pool), PATH: path, HOME: dir, TMPDIR: dir, OLLAMA_MODELS: join(dir, "store"), OLLAMA_HOST: `127.0.0.1:${await freePort()}` };
    const child = spawn("ollama", ["serve"], { env: { ...env, OLLAMA_DEBUG: "1" }, stdio: ["ignore", "ignore", "pipe"] });
    server = child;
    let log = "";
    await listening(child, (text) => (log += text));
    await exec("ollama", ["create", tiny, "-f", join(dir, "source", "Modelfile")], { env });
    const body = JSON.stringify({ model: tiny, prompt: "a", stream: false, options: { num_predict: 1 } });
    const answer = await fetch(`http://${env.OLLAMA_HOST}/api/generate`, { method: "POST", body });
    expect(answer.status, await answer.text()).to.equal(200);
    return { log, pool };
  }
  const numbers = (log: string, what: string) => (new RegExp(`estimate\\.CPU\\.${what}="\\[([0-9 ]+)\\]"`).exec(log)?.[1] ?? "").split(" ").map(Number);
  const architecture = catalogued("tiny:0.1m")?.architecture;
  if (!architecture) throw new Error("the tiny model is not in the catalogue");

  for (const [parallel, contextLength] of [
    [1, 512],
    [4, 512],
    [2, 256],
  ] as const) {
    it(`is what is planned, for ${parallel} requests of ${contextLength} tokens`, async () => {
      const { log, pool } = await logOf({ parallel, contextLength });
      const { layers, output } = weightsOf(architecture, "F32");
      const cache = cachePerLayer(architecture, loadOf(pool));
      expect(numbers(log, "Weights")).to.deep.equal([...layers, output]);
      expect(numbers(log, "Cache")).to.deep.equal([cache, cache, 0]);
    });
  }

  // Heads of 32, since blocks of the quantized types are that long.
  const wide: Architecture = { ...architecture, heads: 2, kvHeads: 2, headDim: 32 };
  for (const kvCacheType of ["q8_0", "q4_0"] as const) {
    it(`is what is planned for a cache of ${kvCacheType}, which is more than Ollama itself reckons`, async () => {
      writeSource(
        withNumbers(modelFiles(0)["model.gguf"], { "llama.attention.head_count": 2, "llama.attention.head_count_kv": 2, "llama.rope.dimension_count": 32 }),
      );
      const { log, pool } = await logOf({ parallel: 4, contextLength: 512, kvCacheType });
      const cache = cachePerLayer(wide, loadOf(pool));
      expect(numbers(log, "Cache")[0]).to.be.lessThan(cache);
      const printed = /llama_kv_cache: size = +([0-9.]+) MiB/.exec(log)?.[1];
      expect(Number(printed)).to.be.closeTo((cache * wide.layers) / 2 ** 20, 0.005);
    });

    it(`can't be a cache of ${kvCacheType} for heads that its blocks don't divide, which is refused before`, async () => {
      expect(quantizedCache(architecture)).to.equal(false);
      expect(quantizedCache(wide)).to.equal(true);
      await expectFailure(logOf({ parallel: 1, contextLength: 512, kvCacheType }), "model runner has unexpectedly stopped");
    });
  }

  it("is no context longer than the model was trained with", async () => {
    const { log, pool } = await logOf({ parallel: 1, contextLength: 4096 });
    expect(log).to.include("requested context size too large for model");
    expect(numbers(log, "Cache")[0]).to.equal(cachePerLayer(architecture, { ...loadOf(pool), context: 512 }));
  });
});

/** The same file with other numbers in its metadata. */
function withNumbers(gguf: Buffer, numbers: Readonly<Record<string, number>>): Buffer {
  const copy = Buffer.from(gguf);
  for (const [name, value] of Object.entries(numbers)) {
    // A key is its length in 64 bits, the text, the type in 32 bits, and the value.
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(name.length));
    copy.writeUInt32LE(value, copy.indexOf(Buffer.concat([length, Buffer.from(name)])) + 8 + name.length + 4);
  }
  return copy;
}

async function expectFailure(promise: Promise<unknown>, text: string): Promise<void> {
  const error: unknown = await promise.then(
    () => undefined,
    (caught: unknown) => caught,
  );
  expect(String(error)).to.include(text);
}

function poolOf(fields: Fields) {
  const [pool] = stack(servingOf(fields)).serving.pools;
  if (!pool) throw new Error("no pool");
  return pool;
}
