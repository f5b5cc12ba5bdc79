/** What a client may ask of a real Ollama that has a model loaded anew or put out of memory, for everybody: through the sidecar it does neither. */
import { expect } from "chai";
import { Ollama, post, proxyProgram, sidecar, tiny, until, type Proxy } from "./support";

/** A value of each option that is not the one that the model was loaded with. */
const reloading = { num_ctx: 256, num_batch: 64, num_gpu: 7, main_gpu: 1, use_mmap: true, num_thread: 2 } as const;

interface Loaded {
  readonly models: readonly { readonly name: string; readonly context_length: number; readonly expires_at: string }[];
}

describe("a model in memory that other clients use", function () {
  this.timeout(120_000);
  let ollama: Ollama;
  let proxy: Proxy;

  before(async function () {
    this.timeout(30 * 60_000); // both may have to be built
    await proxyProgram();
    ollama = await Ollama.start();
    proxy = await sidecar(ollama.url);
  });
  after(async () => {
    await proxy.process.kill();
    await ollama.remove();
  });

  const generate = { model: tiny, prompt: "hello", stream: false };
  const ask = async (url: string, path: string, body: object) => {
    const response = await post(url, path, body);
    expect(response.status, await response.text()).to.equal(200);
    return response.headers.get("x-model-proxy-capped");
  };
  const loaded = async () => ((await (await fetch(`${ollama.url}/api/ps`)).json()) as Loaded).models;
  /** Seconds until it is put out of memory. */
  const remaining = async () => (Date.parse((await loaded())[0]?.expires_at ?? "") - Date.now()) / 1000;
  const capped = async (option: string) => (await proxy.metrics()).sum("model_server_capped_total", { option });

  for (const [option, value] of Object.entries(reloading)) {
    it(`stays as it is when somebody asks for another ${option}, which Ollama itself would reload it for`, async () => {
      await ask(ollama.url, "/api/generate", generate);
      const [before, runners] = [await loaded(), ollama.runners()];
      expect(runners).to.have.length(1);
      expect(await ask(proxy.url, "/api/generate", { ...generate, options: { [option]: value, num_predict: 2 } })).to.equal(option);
      expect(
        await ask(proxy.url, "/api/chat", { model: tiny, stream: false, messages: [{ role: "user", content: "x" }], options: { [option]: value } }),
      ).to.equal(option);
      expect(ollama.runners(), "through the sidecar").to.deep.equal(runners);
      expect((await loaded()).map((one) => one.context_length)).to.deep.equal(before.map((one) => one.context_length));
      await until("both are counted", async () => (await capped(option)) === 2);
      await ask(ollama.url, "/api/generate", { ...generate, options: { [option]: value, num_predict: 1 } });
      expect(ollama.runners(), "without it").not.to.deep.equal(runners);
    });
  }

  it("is not put out of memory by keep_alive, nor kept for ever", async () => {
    await ask(ollama.url, "/api/generate", generate);
    const runners = ollama.runners();
    for (const keep_alive of [0, "1s", -1, "9999h"]) {
      for (const [path, body] of Object.entries({
        "/api/generate": { model: tiny, keep_alive, stream: false },
        "/api/chat": { model: tiny, messages: [], keep_alive, stream: false },
        "/api/embed": { model: tiny, input: "x", keep_alive },
        "/api/embeddings": { model: tiny, prompt: "x", keep_alive },
      })) {
        const response = await post(proxy.url, path, body);
        await response.text();
        expect(response.headers.get("x-model-proxy-capped"), `${path} ${keep_alive}: ${response.status}`).to.equal("keep_alive");
        expect(await remaining(), `${path} ${keep_alive}`).to.be.within(3500, 3600);
      }
    }
    expect(ollama.runners()).to.deep.equal(runners);
    await ask(ollama.url, "/api/generate", { model: tiny, keep_alive: 0, stream: false });
    await until("Ollama itself does so", async () => (await loaded()).length === 0);
  });

  it("is not touched by those APIs that carry none of it", async () => {
    await ask(ollama.url, "/api/generate", generate);
    const runners = ollama.runners();
    const extra = { keep_alive: 0, options: reloading };
    const messages = [{ role: "user", content: "x" }];
    for (const url of [ollama.url, proxy.url]) {
      expect(await ask(url, "/v1/chat/completions", { model: tiny, messages, max_tokens: 2, ...extra })).to.equal(null);
      expect(await ask(url, "/v1/completions", { model: tiny, prompt: "x", max_tokens: 2, ...extra })).to.equal(null);
      expect(await ask(url, "/v1/messages", { model: tiny, messages, max_tokens: 2, ...extra })).to.equal(null);
      expect(await ask(url, "/v1/responses", { model: tiny, input: "x", max_output_tokens: 2, ...extra })).to.equal(null);
    }
    expect(ollama.runners()).to.deep.equal(runners);
    expect(await remaining()).to.be.within(3500, 3600);
  });

  it("still answers with the options that are the client's own", async () => {
    const response = await post(proxy.url, "/api/generate", { ...generate, options: { num_predict: 3, seed: 7, num_ctx: 64 }, keep_alive: "1m" });
    expect(response.headers.get("x-model-proxy-capped")).to.equal("keep_alive, num_ctx");
    expect(await response.json()).to.deep.include({ done: true, eval_count: 3 });
  });
});
