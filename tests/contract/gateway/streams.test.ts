/** Answers on their way: piece by piece, counted whole or cut, and from another pool where the first can't answer. */
import { expect } from "chai";
import { freePort } from "../../support/ports";
import { until } from "../proxy/support";
import { ask, chat, codeOf, newKey, reply, send, settled, Surroundings, type Gateway, type Key } from "./support";
import { event, piece, status, type Answer } from "./upstream";

describe("answers through the gateway", function () {
  this.timeout(120_000);
  let around: Surroundings;
  let gateway: Gateway;
  let key: Key;

  before(async function () {
    this.timeout(15 * 60_000);
    around = await Surroundings.start();
    gateway = await around.gateway();
  });
  after(() => around.remove());
  beforeEach(async () => {
    around.first.reset();
    around.second.reset();
    key = await newKey(gateway);
  });

  const stream = { stream: true };
  /** What is written of the key's requests: status, tokens, and which model served. */
  async function usage(columns: string): Promise<readonly string[]> {
    await settled(gateway);
    return around.postgres.query(`SELECT ${columns} FROM gateway.usage WHERE key_id = '${key.id}' ORDER BY id`);
  }
  const text = (value: Uint8Array | undefined) => new TextDecoder().decode(value);

  it("passes each piece on when it comes", async () => {
    const steps: (() => void)[] = [];
    around.first.answer = async (_asked, response) => {
      response.setHeader("Content-Type", "text/event-stream");
      for (let i = 0; i < 3; i++) {
        response.write(piece("a:1", `piece ${i}`));
        await new Promise<void>((resolve) => steps.push(resolve));
      }
      response.end("data: [DONE]\n\n");
    };
    const response = await send(gateway, key.key, stream);
    expect(response.headers.get("content-type")).to.equal("text/event-stream");
    const reader = response.body?.getReader() as ReadableStreamDefaultReader<Uint8Array> | undefined;
    for (let i = 0; i < 3; i++) {
      expect(text((await reader?.read())?.value)).to.equal(piece("a:1", `piece ${i}`)); // the next is not even sent
      await until("it waits", () => steps.length === i + 1);
      steps[i]?.();
    }
    expect(text((await reader?.read())?.value)).to.equal("data: [DONE]\n\n");
    expect(await usage("status, output_tokens, streamed")).to.deep.equal(["200|3|t"]);
  });

  it("has the tokens of streams counted, and tells the count only to who asked for it", async () => {
    around.first.answer = around.first.tokens(4, 11);
    const silent = await ask(gateway, key.key, stream);
    expect(around.first.last.body.stream_options).to.deep.equal({ include_usage: true });
    expect(silent.text).to.include("[DONE]").and.not.include("usage");
    expect(silent.text.match(/data: /g)).to.have.length(5);
    const told = await ask(gateway, key.key, { ...stream, stream_options: { include_usage: true } });
    expect(told.text).to.include('"completion_tokens":4').and.include('"choices":[]');
    expect((await ask(gateway, key.key)).json).to.have.nested.property("usage.completion_tokens", 4);
    expect(await usage("input_tokens, output_tokens, streamed")).to.deep.equal(["11|4|t", "11|4|t", "11|4|f"]);
    const metrics = await gateway.metrics();
    expect(metrics.sum("model_gateway_tokens_total", { team: "web", model: "a:1", type: "output" })).to.be.at.least(12);
    expect(metrics.sum("model_gateway_gpu_seconds_total", { team: "web", model: "a:1" })).to.be.greaterThan(0);
  });

  it("cancels the model server when the client goes away, and counts what came until then", async () => {
    around.first.answer = (_asked, response) => {
      response.setHeader("Content-Type", "text/event-stream");
      for (let i = 0; i < 3; i++) response.write(piece("a:1", "x"));
    };
    const controller = new AbortController();
    const response = await send(gateway, key.key, stream, chat, { signal: controller.signal });
    const reader = response.body?.getReader() as ReadableStreamDefaultReader<Uint8Array> | undefined;
    let received = "";
    while (received.split("\n\n").length < 4) received += text((await reader?.read())?.value);
    controller.abort();
    await until("the model server is cancelled", () => around.first.last.cancelled);
    expect(await usage("status, output_tokens, input_tokens > 0")).to.deep.equal(["499|3|t"]);
  });

  it("cancels an answer that has not begun too", async () => {
    around.first.answer = () => undefined;
    const controller = new AbortController();
    const answer = send(gateway, key.key, {}, chat, { signal: controller.signal }).catch(() => undefined);
    await until("the model server has it", () => around.first.asked.length === 1);
    controller.abort();
    await answer;
    await until("the model server is cancelled", () => around.first.last.cancelled);
    expect(await usage("status, output_tokens, served")).to.deep.equal(["499|0|"]);
    expect(around.second.asked).to.have.length(0);
  });

  const broken: Answer = (_asked, response) => {
    response.setHeader("Content-Type", "text/event-stream");
    response.write(piece("a:1", "one"), () => response.destroy());
  };

  it("ends a stream that breaks with an error in the form of its API, and does not ask again", async () => {
    around.first.answer = broken;
    for (const [path, expected] of [
      [chat, '\n\ndata: {"error":{"code":"model_server_lost"'],
      ["/v1/messages", "\n\nevent: error\ndata: {"],
    ] as const) {
      const response = await send(gateway, key.key, stream, path);
      const reader = response.body?.getReader() as ReadableStreamDefaultReader<Uint8Array> | undefined;
      let received = "";
      try {
        for (let next = await reader?.read(); next?.done === false; next = await reader?.read()) received += text(next.value);
      } catch {
        received += "CUT"; // no client takes it for a whole answer
      }
      expect(received).to.include(piece("a:1", "one").trim()).and.include(expected).and.match(/CUT$/);
    }
    expect(around.first.asked).to.have.length(2);
    expect(around.second.asked).to.have.length(0);
    expect(await usage("status, output_tokens, served")).to.deep.equal(["502|1|a:1", "502|1|a:1"]);
    expect((await gateway.metrics()).sum("model_gateway_upstream_errors_total", { pool: "first", reason: "broken" })).to.equal(2);
  });

  it("asks what stands in for a model whose pool can't answer, if the key may use it, and says so", async () => {
    const narrow = await newKey(gateway, { models: ["a:1"] });
    for (const code of [429, 502, 503]) {
      around.first.answer = status(code);
      around.second.answer = around.second.tokens(6);
      const answer = await ask(gateway, key.key);
      expect([answer.status, answer.headers.get("x-model-served")]).to.deep.equal([200, "b:1"]); // c:1 comes first, and is not the team's
      expect(around.second.last.body.model).to.equal("b:1");
      const refused = await ask(gateway, narrow.key);
      expect([refused.status, refused.headers.get("retry-after"), codeOf(refused)]).to.deep.equal([code, "3", "queue_full"]);
    }
    expect(await usage("asked, served, pool, output_tokens, cost")).to.deep.equal(Array(3).fill("a:1|b:1|second|6|0"));
    around.first.answer = status(400);
    expect((await ask(gateway, key.key)).status).to.equal(400); // the request is wrong everywhere
  });

  it("asks another pool with the model when one takes no connection", async () => {
    const dead = { name: "dead", url: `http://127.0.0.1:${await freePort()}`, models: ["a:1"] };
    const other = await around.gateway(
      around.config({
        pools: [dead, { name: "first", url: around.first.url, models: ["a:1"] }, { name: "second", url: around.second.url, models: ["b:1", "c:1"] }],
      }),
    );
    for (let i = 0; i < 4; i++) {
      const answer = await ask(other, key.key);
      expect([answer.status, answer.headers.get("x-model-served")]).to.deep.equal([200, null]);
    }
    const metrics = await other.metrics();
    expect(metrics.sum("model_gateway_upstream_errors_total", { pool: "dead", reason: "connection" })).to.be.within(1, 3); // they take turns
    const none = await around.gateway(around.config({ pools: [dead, { name: "second", url: around.second.url, models: ["b:1", "c:1"] }], fallbacks: {} }));
    const answer = await ask(none, key.key);
    expect([answer.status, codeOf(answer)]).to.deep.equal([503, "model_unavailable"]);
    expect(await usage("status, pool")).to.deep.equal([...Array<string>(4).fill("200|first"), "503|"]);
  });

  it("passes on an error in a stream that the model server tells itself, once", async () => {
    around.first.answer = (_asked, response) => {
      response.setHeader("Content-Type", "text/event-stream");
      response.write(piece("a:1", "one"));
      response.write(event({ error: { message: "out of memory", code: "x" } }), () => response.destroy());
    };
    const response = await send(gateway, key.key, stream);
    const answer = await reply(response).catch((error: unknown) => error);
    expect(answer).to.be.instanceOf(Error);
    expect(await usage("status")).to.deep.equal(["502"]);
  });
});
