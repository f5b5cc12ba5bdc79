/** The gateway before a real Ollama: each path, whole and in pieces, is bounded and counted. */
import { expect } from "chai";
import { Ollama, tiny } from "../proxy/support";
import { ask, chat, newKey, settled, Surroundings, type Gateway } from "./support";

describe("the gateway before Ollama", function () {
  this.timeout(120_000);
  let around: Surroundings;
  let ollama: Ollama;
  let gateway: Gateway;

  before(async function () {
    this.timeout(30 * 60_000); // it may have to be built
    ollama = await Ollama.start();
    around = await Surroundings.start();
    gateway = await around.gateway({
      pools: [{ name: "ollama", url: ollama.url, models: [tiny], gpuShare: 0.5 }],
      teams: [{ name: "web", models: [tiny] }],
      defaults: { maxTokens: 12 },
    });
  });
  after(async () => {
    await around.remove();
    await ollama.remove();
  });

  const messages = [{ role: "user", content: "hello" }];
  for (const [path, body] of [
    [chat, { messages }],
    ["/v1/completions", { prompt: "hello" }],
    ["/v1/responses", { input: "hello" }],
    ["/v1/messages", { messages, max_tokens: 12 }],
  ] as const) {
    for (const stream of [false, true]) {
      it(`counts the tokens of ${path}${stream ? " in pieces" : ""}, 12 at most`, async () => {
        const key = await newKey(gateway);
        const answer = await ask(gateway, key.key, { messages: undefined, model: tiny, stream, ...body }, path);
        expect(answer.status, answer.text).to.equal(200);
        await settled(gateway);
        const [row = ""] = await around.postgres.query(
          `SELECT status, input_tokens, output_tokens, served, pool, gpu_seconds > 0 FROM gateway.usage WHERE key_id = '${key.id}'`,
        );
        const [status, input, output, ...rest] = row.split("|");
        expect([status, ...rest]).to.deep.equal(["200", tiny, "ollama", "t"]);
        expect(Number(output)).to.be.within(1, 12);
        expect(Number(input)).to.be.greaterThan(0);
        expect(answer.text, "who did not ask for the count of a stream is not told it").not.to.include('"choices":[]');
      });
    }
  }
});
