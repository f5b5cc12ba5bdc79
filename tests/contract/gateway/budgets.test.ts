/** Limits and budgets: how much a key, a user, a team may use, to the token, however many ask at the same time. */
import { expect } from "chai";
import { until } from "../proxy/support";
import { admin, ask, chat, codeOf, get, newKey, settled, Surroundings, type Gateway, type Reply } from "./support";

interface Budget {
  readonly scope: string;
  readonly period: string;
  readonly spentTokens: number;
  readonly leftTokens: number;
  readonly spentCost: number;
  readonly renews: string;
}

describe("limits and budgets of the gateway", function () {
  this.timeout(120_000);
  let around: Surroundings;
  let gateway: Gateway;

  before(async function () {
    this.timeout(15 * 60_000);
    around = await Surroundings.start();
    gateway = await around.gateway(
      around.config({
        teams: [
          { name: "web", models: ["a:1", "b:1"] },
          { name: "rated", models: ["a:1"], limits: { requestsPerMinute: 2 } },
        ],
        applications: [],
      }),
    );
  });
  after(() => around.remove());
  beforeEach(() => around.first.reset());

  const budgets = async (key: string) => ((await get(gateway, key, "/v1/me")).json as { budgets: Budget[] }).budgets;
  const spent = async (key: string) => (await budgets(key))[0]?.spentTokens ?? NaN;
  const statuses = (answers: readonly Reply[], status: number) => answers.filter((one) => one.status === status).length;
  const endOf = (period: "day" | "month") => {
    const now = new Date();
    return new Date(
      period === "day" ? Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate() + 1) : Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1),
    );
  };

  it("bounds each answer by what is left, and never by more than the client wants", async () => {
    const key = await newKey(gateway, { budgets: [{ period: "month", tokens: 100_000 }] });
    around.first.answer = around.first.tokens(1000);
    for (const [path, given, sent] of [
      [chat, {}, { max_tokens: 64 }],
      [chat, { max_tokens: 3 }, { max_tokens: 3 }],
      [chat, { max_completion_tokens: 5 }, { max_tokens: 5, max_completion_tokens: 5 }],
      ["/v1/completions", {}, { max_tokens: 64 }],
      ["/v1/responses", { max_output_tokens: 9 }, { max_output_tokens: 9 }],
      ["/v1/messages", { max_tokens: 1000 }, { max_tokens: 1000 }],
    ] as const) {
      expect((await ask(gateway, key.key, given, path)).status).to.equal(200);
      expect(around.first.last.body).to.deep.include(sent);
    }
    expect((await ask(gateway, key.key, { input: "x" }, "/v1/embeddings")).status).to.equal(200);
    expect(around.first.last.body).not.to.have.property("max_tokens");
  });

  it("reaches a budget at the right token, says which and when it renews, and counts what the model server counts", async () => {
    const key = await newKey(gateway, { budgets: [{ period: "day", tokens: 300 }] });
    around.first.answer = around.first.tokens(1000, 10);
    let answer = await ask(gateway, key.key);
    for (; answer.status === 200; answer = await ask(gateway, key.key)) await settled(gateway);
    expect([answer.status, codeOf(answer), answer.headers.get("x-should-retry")]).to.deep.equal([429, "insufficient_quota", "false"]);
    expect(answer.text).to.include(`key ${key.id} for this day`).and.include(endOf("day").toISOString().replace(".000", ""));
    const wait = Number(answer.headers.get("retry-after"));
    expect(Math.abs(Date.now() + wait * 1000 - endOf("day").getTime())).to.be.lessThan(60_000);
    const [budget] = await budgets(key.key);
    const { input, output } = around.first.sent;
    expect(budget?.spentTokens)
      .to.equal(input + output)
      .and.to.be.at.most(300)
      .and.to.be.greaterThan(250);
    expect(budget?.leftTokens).to.equal(300 - input - output);
    expect(budget?.renews).to.equal(endOf("day").toISOString().replace(".000", ""));
    expect(budget?.spentCost).to.be.closeTo((input * 1000 + output * 2000) / 1e6, 1e-9);
  });

  it("lets no 50 requests at the same time spend more than there is, and sums what the model server sent", async () => {
    const key = await newKey(gateway, { budgets: [{ period: "month", tokens: 1000 }] });
    around.first.answer = around.first.tokens(40, 20);
    const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => ask(gateway, key.key, { max_tokens: 40, stream: i % 2 === 0 })));
    await settled(gateway);
    const { input, output } = around.first.sent;
    expect(statuses(answers, 200) + statuses(answers, 429)).to.equal(50);
    expect(statuses(answers, 200)).to.be.greaterThan(5);
    expect(await spent(key.key))
      .to.equal(input + output)
      .and.to.be.at.most(1000);
    const [row] = await around.postgres.query(`SELECT count(*), sum(input_tokens), sum(output_tokens) FROM gateway.usage WHERE key_id = '${key.id}'`);
    expect(row).to.equal(`${statuses(answers, 200)}|${input}|${output}`);
    expect(await around.postgres.query("SELECT count(*) FROM gateway.reservations")).to.deep.equal(["0"]);
  });

  it("bounds a user with several keys, and a team, as an administrator says, at once", async () => {
    const [one, other] = [await newKey(gateway, { user: "bea" }), await newKey(gateway, { user: "bea" })];
    expect((await ask(gateway, one.key)).status).to.equal(200);
    await settled(gateway);
    await admin(gateway, "PUT", "/budgets/user/bea", { period: "month", tokens: 20 });
    const refused = await ask(gateway, other.key);
    expect([refused.status, codeOf(refused)]).to.deep.equal([429, "insufficient_quota"]);
    expect(refused.text).to.include("user bea for this month").and.include("12 of 20 tokens");
    await admin(gateway, "DELETE", "/budgets/user/bea?period=month");
    expect((await ask(gateway, other.key)).status).to.equal(200);
    await admin(gateway, "PUT", "/budgets/team/web", { period: "day", tokens: 0 });
    expect((await ask(gateway, other.key)).text).to.include("team web for this day");
    await admin(gateway, "DELETE", "/budgets/team/web?period=day");
  });

  it("bounds what is spent in money", async () => {
    const key = await newKey(gateway, { budgets: [{ period: "month", cost: 0.2 }] });
    around.first.answer = around.first.tokens(1000, 10);
    let answer = await ask(gateway, key.key);
    for (; answer.status === 200; answer = await ask(gateway, key.key)) await settled(gateway);
    expect([answer.status, codeOf(answer)]).to.deep.equal([429, "insufficient_quota"]);
    expect(answer.text).to.match(/0\.\d\d of 0\.20 EUR/);
    const [budget] = await budgets(key.key);
    expect(budget?.spentCost).to.be.at.most(0.2).and.to.be.greaterThan(0.15);
  });

  it("bounds requests of a minute, and tells what is left", async () => {
    const key = await newKey(gateway, { limits: { requestsPerMinute: 3, tokensPerMinute: 10_000 } });
    const answers = [];
    for (let i = 0; i < 4; i++) answers.push(await ask(gateway, key.key));
    expect(answers.map(({ status }) => status)).to.deep.equal([200, 200, 200, 429]);
    expect(answers.slice(0, 3).map(({ headers }) => headers.get("x-ratelimit-remaining-requests"))).to.deep.equal(["2", "1", "0"]);
    const [first, , , last] = answers;
    expect(first?.headers.get("x-ratelimit-limit-requests")).to.equal("3");
    expect(first?.headers.get("x-ratelimit-limit-tokens")).to.equal("10000");
    expect(Number(first?.headers.get("x-ratelimit-remaining-tokens"))).to.be.within(9900, 9990);
    if (last === undefined) throw new Error("no answer");
    expect([codeOf(last), last.headers.get("x-ratelimit-remaining-requests")]).to.deep.equal(["rate_limit_exceeded", "0"]);
    expect(Number(last.headers.get("retry-after"))).to.be.within(1, 20);
  });

  it("bounds tokens of a minute by what was used", async () => {
    const key = await newKey(gateway, { limits: { tokensPerMinute: 600 } });
    around.first.answer = around.first.tokens(400, 300);
    expect((await ask(gateway, key.key, { max_tokens: 400 })).status).to.equal(200);
    await settled(gateway);
    const answer = await ask(gateway, key.key);
    expect([answer.status, codeOf(answer)]).to.deep.equal([429, "rate_limit_exceeded"]);
    expect(answer.text).to.include("600 tokens");
    expect(Number(answer.headers.get("retry-after"))).to.be.within(1, 20);
    await until("it is filled up", async () => (await ask(gateway, key.key, { max_tokens: 1 })).status === 200);
  });

  it("bounds a team whatever the number of its keys", async () => {
    const keys = await Promise.all([1, 2, 3].map(() => newKey(gateway, { team: "rated" })));
    const answers = await Promise.all(keys.map(({ key }) => ask(gateway, key)));
    expect([statuses(answers, 200), statuses(answers, 429)]).to.deep.equal([2, 1]);
    expect(answers.find(({ status }) => status === 429)?.text).to.include("team rated");
  });
});
