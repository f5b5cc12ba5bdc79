/** The sidecar before a real Ollama. */
import { expect } from "chai";
import { freePort } from "../../support/ports";
import { Ollama, post, proxyProgram, rawStatus, Running, sidecar, tiny, until, type Proxy } from "./support";

interface Final {
  readonly eval_count: number;
  readonly prompt_eval_count: number;
  readonly done: boolean;
}

describe("the sidecar before Ollama", function () {
  this.timeout(120_000);
  let ollama: Ollama;
  let proxy: Proxy;

  before(async function () {
    this.timeout(30 * 60_000); // both may have to be built
    await proxyProgram();
    ollama = await Ollama.start();
  });
  after(() => ollama.remove());
  beforeEach(async () => (proxy = await sidecar(ollama.url)));
  afterEach(async () => {
    ollama.resume();
    await proxy.process.kill();
  });

  const generate = { model: tiny, prompt: "hello" };
  const tokens = async (type: string, operation: string) =>
    (await proxy.metrics()).sum("gen_ai_client_token_usage_sum", { gen_ai_token_type: type, gen_ai_operation_name: operation, gen_ai_request_model: tiny });
  const ended = (count: number) =>
    until(`${count} requests are counted`, async () => (await proxy.metrics()).sum("model_server_requests_total", { model: tiny }) === count);
  const lastLine = (text: string) => JSON.parse(text.trim().split("\n").at(-1) ?? "") as Final;

  it("streams what Ollama streams, and counts the tokens that Ollama counts", async () => {
    const response = await post(proxy.url, "/api/generate", generate);
    expect(response.headers.get("content-type")).to.equal("application/x-ndjson");
    const text = await response.text();
    expect(text.trim().split("\n").length).to.be.greaterThan(10);
    await ended(1);
    expect(await tokens("output", "text_completion")).to.equal(lastLine(text).eval_count);
    expect(await tokens("input", "text_completion")).to.equal(lastLine(text).prompt_eval_count);
    const metrics = await proxy.metrics();
    for (const name of ["time_to_first_token_seconds", "time_per_output_token_seconds", "request_duration_seconds"]) {
      expect(metrics.sum(`gen_ai_server_${name}_count`, { gen_ai_operation_name: "text_completion", gen_ai_request_model: tiny }), name).to.equal(1);
    }
    const [first, all] = ["time_to_first_token", "request_duration"].map((name) => metrics.sum(`gen_ai_server_${name}_seconds_sum`));
    expect(first)
      .to.be.greaterThan(0)
      .and.lessThan(all ?? 0);
  });

  it("gives the same answer as Ollama itself", async () => {
    const answer = async (url: string) => ((await (await post(url, "/api/generate", { ...generate, stream: false })).json()) as { response: string }).response;
    expect(await answer(proxy.url)).to.equal(await answer(ollama.url));
  });

  it("counts answers in one piece, with times that Ollama reports", async () => {
    const answer = (await (await post(proxy.url, "/api/chat", { model: tiny, messages: [{ role: "user", content: "hello" }], stream: false })).json()) as Final;
    await ended(1);
    expect(await tokens("output", "chat")).to.equal(answer.eval_count);
    expect(await tokens("input", "chat")).to.equal(answer.prompt_eval_count);
    const metrics = await proxy.metrics();
    expect(metrics.sum("gen_ai_server_time_to_first_token_seconds_count")).to.equal(1);
    expect(metrics.sum("gen_ai_server_time_per_output_token_seconds_count")).to.equal(1);
  });

  it("counts OpenAI's answers by usage where it is said, else by pieces", async () => {
    const chat = { model: tiny, messages: [{ role: "user", content: "hello" }], stream: true };
    const text = await (await post(proxy.url, "/v1/chat/completions", { ...chat, stream_options: { include_usage: true } })).text();
    const usage = [...text.matchAll(/"usage":(\{[^}]*\})/g)]
      .map(([, json]) => JSON.parse(json ?? "") as { prompt_tokens: number; completion_tokens: number })
      .at(-1);
    await ended(1);
    expect(await tokens("output", "chat")).to.equal(usage?.completion_tokens);
    expect(await tokens("input", "chat")).to.equal(usage?.prompt_tokens);
    const pieces = (await (await post(proxy.url, "/v1/chat/completions", chat)).text()).split("\n").filter((line) => /"content":"[^"]/.test(line)).length;
    await ended(2);
    expect(pieces).to.be.greaterThan(10);
    expect(await tokens("output", "chat")).to.equal((usage?.completion_tokens ?? NaN) + pieces);
  });

  it("counts Anthropic's messages and OpenAI's responses", async () => {
    const message = await (
      await post(proxy.url, "/v1/messages", { model: tiny, max_tokens: 20, stream: true, messages: [{ role: "user", content: "hello" }] })
    ).text();
    expect(message).to.include("event: message_stop");
    await ended(1);
    const said = Number([...message.matchAll(/"output_tokens":(\d+)/g)].at(-1)?.[1]);
    expect(await tokens("output", "chat"))
      .to.equal(said)
      .and.be.greaterThan(10);
    const response = await (await post(proxy.url, "/v1/responses", { model: tiny, input: "hello", stream: true, max_output_tokens: 20 })).text();
    expect(response).to.include("response.completed");
    await ended(2);
    expect(await tokens("output", "chat")).to.equal(said + Number([...response.matchAll(/"output_tokens":(\d+)/g)].at(-1)?.[1]));
  });

  it("counts models that are not the pool's as other", async () => {
    for (const model of ["a", "b", "c"]) expect((await post(proxy.url, "/api/chat", { model, messages: [] })).status).to.equal(404);
    await until("they are counted", async () => (await proxy.metrics()).sum("model_server_requests_total", { model: "other", status: "404" }) === 3);
    const labels = (await proxy.metrics()).samples.filter(({ name }) => name === "model_server_requests_total").map((one) => one.labels.model);
    expect(new Set(labels)).to.deep.equal(new Set([tiny, "other"]));
  });

  it("tells which models are in memory, and how much they take", async () => {
    await (await post(proxy.url, "/api/generate", generate)).text();
    await until("it is loaded", async () => (await proxy.metrics()).sum("model_server_model_loaded", { model: tiny }) === 1);
    const { models } = (await (await fetch(`${ollama.url}/api/ps`)).json()) as { models: { size: number; size_vram: number }[] };
    const metrics = await proxy.metrics();
    expect(metrics.sum("model_server_model_memory_bytes", { model: tiny, kind: "total" })).to.equal(models[0]?.size);
    expect(metrics.sum("model_server_model_memory_bytes", { model: tiny, kind: "gpu" })).to.equal(models[0]?.size_vram);
    expect(metrics.sum("model_server_up")).to.equal(1);
    const status = await (await fetch(`${proxy.observed}/status`)).json();
    const memory = [{ model: tiny, total: models[0]?.size, gpu: models[0]?.size_vram }];
    expect(status).to.deep.equal({ draining: false, inFlight: 0, queued: 0, slots: 2, models: [tiny], pool: [tiny], memory, up: true });
  });

  it("measures the load of a model that was not in memory", async () => {
    await (await post(ollama.url, "/api/generate", { model: tiny, keep_alive: 0 })).text();
    await proxy.process.kill();
    proxy = await sidecar(ollama.url);
    await (await post(proxy.url, "/api/generate", generate)).text();
    await until("it is counted", async () => (await proxy.metrics()).sum("model_server_model_load_seconds_count", { model: tiny }) === 1);
    await (await post(proxy.url, "/api/generate", generate)).text();
    await ended(2);
    expect((await proxy.metrics()).sum("model_server_model_load_seconds_count")).to.equal(1);
  });

  it("refuses administration in every spelling, and what is not on its list", async () => {
    const spellings = [
      "/api/pull",
      "//api//pull",
      "/api/./pull",
      "/api/x/../pull",
      "/api/%70ull",
      "/API/PULL",
      "/api/pull/",
      "/api/blobs/sha256:0",
      "/api/pull?x=1",
    ];
    for (const path of [...spellings, "/api/delete", "/api/create", "/api/copy", "/api/push"]) {
      for (const method of ["POST", "DELETE", "GET", "HEAD", "PUT"]) expect(await rawStatus(proxy.url, method, path), `${method} ${path}`).to.equal(403);
    }
    for (const path of ["/api/me", "/api/signout", "/api/status", "/api/experimental/aliases", "/v1/files", "/metrics"])
      expect(await rawStatus(proxy.url, "POST", path), path).to.equal(404);
    expect(await rawStatus(proxy.url, "DELETE", "/api/generate")).to.equal(405);
    for (const path of ["/", "/api/version", "/api/tags", "/api/ps", "/v1/models", `/v1/models/${tiny}`])
      expect(await rawStatus(proxy.url, "GET", path), path).to.equal(200);
    const refused = (await (await post(proxy.url, "/api/delete", { model: tiny })).json()) as { error: string };
    expect(refused.error).to.include("loader");
    expect((await proxy.metrics()).sum("model_server_blocked_total", { path: "/api/pull" })).to.be.greaterThan(30);
    const { models } = (await (await fetch(`${proxy.url}/api/tags`)).json()) as { models: { name: string }[] };
    expect(models.map(({ name }) => name)).to.deep.equal([tiny]);
  });

  it("answers 429 when its queue is full, and serves those who wait", async () => {
    await proxy.process.kill();
    proxy = await sidecar(ollama.url, { MODEL_PROXY_SLOTS: "1", MODEL_PROXY_QUEUE: "1" });
    ollama.pause();
    const both = [post(proxy.url, "/api/generate", generate), post(proxy.url, "/api/generate", generate)];
    await until("one works, one waits", async () => {
      const metrics = await proxy.metrics();
      return metrics.sum("model_server_requests_in_flight") === 1 && metrics.sum("model_server_requests_queued") === 1;
    });
    const third = await post(proxy.url, "/api/generate", generate);
    expect([third.status, third.headers.get("retry-after")]).to.deep.equal([429, "5"]);
    expect(await third.json())
      .to.have.property("error")
      .that.includes("too many");
    const openai = await post(proxy.url, "/v1/chat/completions", generate);
    expect(await openai.json()).to.have.nested.property("error.code", "queue_full");
    ollama.resume();
    for (const one of await Promise.all(both)) expect(lastLine(await one.text()).done).to.equal(true);
    await until("they are counted", async () => {
      const metrics = await proxy.metrics();
      return metrics.sum("model_server_requests_total", { status: "200" }) === 2 && metrics.sum("model_server_requests_total", { status: "429" }) === 2;
    });
    expect((await proxy.metrics()).sum("model_server_queue_wait_seconds_count")).to.equal(2);
  });

  it("lets a stream end when it drains, and takes no new one", async () => {
    ollama.pause();
    const stream = post(proxy.url, "/api/generate", generate);
    await until("it works", async () => (await proxy.metrics()).sum("model_server_requests_in_flight") === 1);
    const drained = fetch(`${proxy.admin}/drain`, { method: "POST" });
    await until("it drains", async () => (await proxy.metrics()).sum("model_server_draining") === 1);
    const refused = await post(proxy.url, "/api/generate", generate);
    expect([refused.status, refused.headers.get("x-model-proxy"), refused.headers.get("retry-after")]).to.deep.equal([503, "draining", "1"]);
    expect((await fetch(`${proxy.observed}/readyz`)).status).to.equal(503);
    expect((await fetch(`${proxy.observed}/healthz`)).status).to.equal(200);
    ollama.resume();
    expect(lastLine(await (await stream).text()).done).to.equal(true);
    expect(await (await drained).json()).to.deep.equal({ drained: true, inFlight: 0 });
    proxy.process.signal("SIGTERM");
    expect(await proxy.process.exited()).to.equal(0);
  });

  it("drains on SIGTERM too, within its limit", async () => {
    ollama.pause();
    const stream = post(proxy.url, "/api/generate", generate);
    await until("it works", async () => (await proxy.metrics()).sum("model_server_requests_in_flight") === 1);
    proxy.process.signal("SIGTERM");
    await proxy.process.printed('"msg":"draining"');
    ollama.resume();
    expect(lastLine(await (await stream).text()).done).to.equal(true);
    expect(await proxy.process.exited()).to.equal(0);

    proxy = await sidecar(ollama.url, { MODEL_PROXY_DRAIN_SECONDS: "1" });
    ollama.pause();
    const cut = post(proxy.url, "/api/generate", generate).then(
      () => "answered",
      () => "cut",
    );
    await until("it works", async () => (await proxy.metrics()).sum("model_server_requests_in_flight") === 1);
    proxy.process.signal("SIGTERM");
    expect(await proxy.process.exited()).to.equal(0);
    expect(await cut).to.equal("cut");
  });

  it("says that Ollama is down, and that it is back", async () => {
    await until("it is up", async () => (await proxy.metrics()).sum("model_server_up") === 1);
    await ollama.kill();
    const refused = await post(proxy.url, "/api/generate", generate);
    expect([refused.status, refused.headers.get("x-model-proxy")]).to.deep.equal([503, "unavailable"]);
    expect((await proxy.metrics()).sum("model_server_up")).to.equal(0);
    await ollama.restart();
    await until("it is up again", async () => (await proxy.metrics()).sum("model_server_up") === 1);
  });

  it("names every setting that is wrong, and starts with none", async () => {
    const process = Running.start(await proxyProgram(), ["sidecar"], {
      MODEL_PROXY_SLOT: "2",
      MODEL_PROXY_QUEUE: "-1",
      MODEL_PROXY_LISTEN: `:${await freePort()}`,
    });
    expect(await process.exited()).to.equal(64);
    expect(process.output)
      .to.include("MODEL_PROXY_SLOT: no such setting; there are UPSTREAM")
      .and.include('MODEL_PROXY_QUEUE: got "-1", must be a whole number from 0')
      .and.include("fix:");
  });
});
