/** OpenAI's own client for Node.js before the gateway: what it sends is taken, what it gets it understands, errors included. */
import { expect } from "chai";
import OpenAI, { APIUserAbortError, AuthenticationError, NotFoundError, RateLimitError } from "openai";
import { admin, newKey, settled, Surroundings, type Gateway } from "./support";
import { event } from "./upstream";

describe("OpenAI's client before the gateway", function () {
  this.timeout(120_000);
  let all: Surroundings;
  let gateway: Gateway;
  const messages = [{ role: "user" as const, content: "hello" }];
  const client = (apiKey: string, maxRetries = 0) => new OpenAI({ apiKey, baseURL: `${gateway.url}/v1`, maxRetries });
  /** The error of a promise that must fail. */
  const failure = async (promise: PromiseLike<unknown>): Promise<unknown> =>
    promise.then(
      () => undefined,
      (error: unknown) => error,
    );
  before(async () => {
    all = await Surroundings.start();
    gateway = await all.gateway();
  });
  beforeEach(() => all.first.reset());
  after(() => all.remove());

  it("lists models, chats, and streams with the usage that it asked for", async () => {
    const openai = client((await newKey(gateway)).key);
    expect((await openai.models.list()).data.map(({ id }) => id)).to.deep.equal(["a:1", "b:1"]);
    const whole = await openai.chat.completions.create({ model: "a:1", messages });
    expect(whole.usage).to.deep.equal({ prompt_tokens: 7, completion_tokens: 5, total_tokens: 12 });
    const stream = await openai.chat.completions.create({ model: "a:1", messages, stream: true, stream_options: { include_usage: true } });
    let text = "";
    let total = 0;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? "";
      total = chunk.usage?.total_tokens ?? total;
    }
    expect([text, total]).to.deep.equal(["0 1 2 3 4 ", 12]);
  });

  it("calls tools, and makes embeddings", async () => {
    const openai = client((await newKey(gateway)).key);
    const call = { id: "call_1", type: "function" as const, function: { name: "weather", arguments: '{"city":"Bern"}' } };
    all.first.answer = (_asked, response) => {
      response.setHeader("Content-Type", "application/json");
      response.end(JSON.stringify({ choices: [{ index: 0, message: { role: "assistant", content: null, tool_calls: [call] }, finish_reason: "tool_calls" }] }));
    };
    const tools = [{ type: "function" as const, function: { name: "weather", parameters: { type: "object", properties: { city: { type: "string" } } } } }];
    const { choices } = await openai.chat.completions.create({ model: "a:1", messages, tools });
    expect(choices[0]?.message.tool_calls).to.deep.equal([call]);
    expect(all.first.last.body.tools).to.deep.equal(tools);

    all.first.answer = (_asked, response) => {
      response.setHeader("Content-Type", "application/json");
      response.end(
        JSON.stringify({ object: "list", data: [{ object: "embedding", index: 0, embedding: [0.5, -1] }], usage: { prompt_tokens: 3, total_tokens: 3 } }),
      );
    };
    const { data } = await openai.embeddings.create({ model: "a:1", input: "hello", encoding_format: "float" });
    expect(data[0]?.embedding).to.deep.equal([0.5, -1]);
  });

  it("gets errors of its own classes, with status, code and message", async () => {
    const wrong = await failure(client("oap_wrong000_none").models.list());
    expect(wrong).to.be.instanceOf(AuthenticationError).and.include({ status: 401, code: "invalid_api_key" });
    const openai = client((await newKey(gateway)).key);
    const missing = await failure(openai.chat.completions.create({ model: "gpt-4", messages }));
    expect(missing).to.be.instanceOf(NotFoundError).and.include({ status: 404, code: "model_not_found" });
    expect(String(missing)).to.include("this key may use: a:1, b:1");
  });

  it("waits as long as it is told where there is a limit, and does not ask again where a budget is used up", async () => {
    const { key, id } = await newKey(gateway, { limits: { requestsPerMinute: 60 }, budgets: [{ period: "day", tokens: 40 }] });
    all.first.answer = all.first.tokens(30);
    await client(key).chat.completions.create({ model: "a:1", messages });
    await settled(gateway);
    const before = all.first.asked.length;
    const over = await failure(client(key, 2).chat.completions.create({ model: "a:1", messages, max_tokens: 50 }));
    expect(over).to.be.instanceOf(RateLimitError).and.include({ status: 429, code: "insufficient_quota" });
    expect(Number((over as RateLimitError).headers?.get("retry-after"))).to.be.within(1, 86_400);
    expect(all.first.asked.length - before, "requests that reached the model").to.equal(0);
    await admin(gateway, "PUT", `/budgets/key/${id}`, { period: "day", tokens: 1000 });
    await client(key).chat.completions.create({ model: "a:1", messages });
  });

  it("goes away in the middle, which ends the work", async () => {
    all.first.answer = (_asked, response) => {
      response.setHeader("Content-Type", "text/event-stream");
      response.write(event({ object: "chat.completion.chunk", choices: [{ index: 0, delta: { content: "first" } }] }));
    };
    const abort = new AbortController();
    const openai = client((await newKey(gateway)).key);
    const stream = await openai.chat.completions.create({ model: "a:1", messages, stream: true }, { signal: abort.signal });
    for await (const chunk of stream) {
      expect(chunk.choices[0]?.delta.content).to.equal("first");
      abort.abort();
    }
    await settled(gateway);
    expect(all.first.last.cancelled).to.equal(true);
    const late = new AbortController();
    late.abort();
    expect(await failure(openai.models.list({ signal: late.signal }))).to.be.instanceOf(APIUserAbortError);
  });
});
