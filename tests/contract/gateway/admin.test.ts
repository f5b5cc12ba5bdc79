/** What an administrator does: keys, budgets, reports and the audit. */
import { expect } from "chai";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "../proxy/support";
import { admin, adminKey, applicationKey, ask, codeOf, get, newKey, reply, send, settled, Surroundings, tryAdmin, type Gateway, type Key } from "./support";

interface Row {
  readonly [column: string]: string | number;
}
interface Change {
  readonly actor: string;
  readonly action: string;
  readonly target: string;
  readonly address: string;
  readonly before: Record<string, unknown> | null;
  readonly after: Record<string, unknown> | null;
}

describe("administration of the gateway", function () {
  this.timeout(120_000);
  let around: Surroundings;
  let gateway: Gateway;

  before(async function () {
    this.timeout(15 * 60_000);
    around = await Surroundings.start();
    gateway = await around.gateway(
      around.config({
        applications: [{ name: "ci", team: "small", budgets: [{ period: "month", tokens: 5000 }] }],
        teams: [
          { name: "web", models: ["a:1", "b:1"], budgets: [{ period: "month", tokens: 90_000, cost: 12.5 }] },
          { name: "small", models: ["a:1"] },
        ],
      }),
    );
  });
  after(() => around.remove());
  beforeEach(() => around.first.reset());

  const keys = async (query = "") => (await admin(gateway, "GET", `/keys${query}`)).json as { keys: (Key & { revokedAt?: string })[] };
  const audit = async (query = "") => ((await admin(gateway, "GET", `/audit${query}`)).json as { changes: Change[] }).changes;

  it("takes the administrator's key alone, and another one when its file has changed", async () => {
    const key = await newKey(gateway);
    for (const given of ["", key.key, `${adminKey}x`]) {
      const answer = await tryAdmin(gateway, "GET", "/keys", undefined, { Authorization: `Bearer ${given}` });
      expect([answer.status, codeOf(answer)], given).to.deep.equal([401, "invalid_api_key"]);
    }
    expect((await tryAdmin(gateway, "GET", "/keys", undefined, { Authorization: "", "X-Api-Key": adminKey })).status).to.equal(200);
    expect((await ask(gateway, adminKey)).status, "it is no key of a client").to.equal(401);
    const file = join(around.dir, "admin");
    writeFileSync(file, adminKey.replace("administrator", "other"));
    expect((await tryAdmin(gateway, "GET", "/keys")).status).to.equal(401);
    writeFileSync(file, adminKey);
    expect((await tryAdmin(gateway, "GET", "/keys")).status).to.equal(200);
    expect((await tryAdmin(gateway, "GET", "/nothing")).status).to.equal(404);
  });

  it("makes a key, tells it once, and lists it without", async () => {
    const wanted = {
      name: "laptop",
      user: "cleo@example.com",
      team: "web",
      models: ["a:1"],
      limits: { requestsPerMinute: 30 },
      budgets: [{ period: "day", tokens: 900 }],
      sees: "team",
    };
    const answer = await admin(gateway, "POST", "/keys", { ...wanted, expires: "2099-01-01T00:00:00Z" });
    expect([answer.status, answer.headers.get("cache-control")]).to.deep.equal([201, "no-store"]);
    const made = answer.json as Key;
    const [listed] = (await keys("?user=cleo@example.com")).keys;
    expect(listed).to.include({
      id: made.id,
      name: "laptop",
      user: "cleo@example.com",
      team: "web",
      requestsPerMinute: 30,
      sees: "team",
      createdBy: "root@example.com",
      expiresAt: "2099-01-01T00:00:00Z",
    });
    expect(JSON.stringify(listed)).not.to.include(made.key);
    const me = (await get(gateway, made.key, "/v1/me")).json as { models: string[]; limits: object; budgets: Row[] };
    expect(me).to.deep.include({ models: ["a:1"], user: "cleo@example.com", limits: { requestsPerMinute: 30 } });
    expect(me.budgets.map(({ scope, name, period, tokens, leftTokens }) => [scope, name, period, tokens, leftTokens])).to.deep.equal([
      ["key", made.id, "day", 900, 900],
      ["team", "web", "month", 90_000, 90_000],
    ]);
    expect((await keys("?team=small")).keys.map(({ id }) => id)).to.deep.equal(["app-ci"]);
    const dump = await around.postgres.query("SELECT k::text FROM gateway.keys k UNION ALL SELECT a::text FROM gateway.audit a");
    expect(dump.join("\n")).not.to.include(made.key.split("_")[2]);
  });

  it("says all that is wrong with a key, a budget, a query", async () => {
    const answer = await tryAdmin(gateway, "POST", "/keys", {
      name: "",
      user: "a\u0000b",
      team: "none",
      limits: { tokensPerMinute: 0 },
      budgets: [{ period: "year", tokens: 1 }],
      sees: "more",
      expires: "2020-01-01T00:00:00Z",
    });
    expect([answer.status, codeOf(answer)]).to.deep.equal([400, "invalid_request"]);
    for (const text of ["name: got", "user: got", "must be one of web, small", "limits.tokensPerMinute: got 0", "period: got", "sees: got", "expires: got"])
      expect(answer.text).to.include(text);
    for (const [method, path, body] of [
      ["POST", "/keys", { name: "x", user: "x", team: "small", models: ["b:1"] }],
      ["POST", "/keys", { name: "x", user: "x", team: "web", colour: 1 }],
      ["POST", "/keys/app-ci/rotate", {}],
      ["PUT", "/budgets/user/x", { period: "month" }],
      ["PUT", "/budgets/pool/x", { period: "month", tokens: 1 }],
      ["DELETE", "/budgets/user/x", undefined],
      ["GET", "/keys?colour=1", undefined],
      ["GET", "/usage?by=colour", undefined],
      ["GET", "/audit?limit=0", undefined],
    ] as const) {
      expect((await tryAdmin(gateway, method, path, body)).status, `${method} ${path}`).to.equal(400);
    }
    for (const [method, path, body] of [
      ["DELETE", "/keys/none", undefined],
      ["POST", "/keys/none/rotate", {}],
      ["PUT", "/budgets/team/none", { period: "month", tokens: 1 }],
      ["PUT", "/budgets/key/none", { period: "month", tokens: 1 }],
      ["DELETE", "/budgets/user/x?period=day", undefined],
    ] as const) {
      expect((await tryAdmin(gateway, method, path, body)).status, `${method} ${path}`).to.equal(404);
    }
  });

  it("rotates a key: both secrets work until the grace is over", async () => {
    const old = await newKey(gateway);
    expect((await ask(gateway, old.key)).status).to.equal(200);
    const fresh = (await admin(gateway, "POST", `/keys/${old.id}/rotate`, { graceSeconds: 5 })).json as Key;
    expect(fresh.id).to.equal(old.id);
    expect(fresh.key).not.to.equal(old.key);
    expect([(await ask(gateway, fresh.key)).status, (await ask(gateway, old.key)).status]).to.deep.equal([200, 200]);
    await until("the grace is over", async () => (await ask(gateway, old.key)).status === 401);
    expect((await ask(gateway, fresh.key)).status).to.equal(200);
    await admin(gateway, "DELETE", `/keys/${old.id}`);
    expect((await keys()).keys.map(({ id }) => id)).not.to.include(old.id);
    expect((await keys("?all=true")).keys.find(({ id }) => id === old.id)).to.have.property("revokedAt");
    expect((await tryAdmin(gateway, "POST", `/keys/${old.id}/rotate`, {})).status).to.equal(404);
  });

  it("lists budgets of the configuration and those that stand in for them", async () => {
    const shown = async () => {
      const { budgets } = (await admin(gateway, "GET", "/budgets")).json as { budgets: Row[] };
      return budgets
        .filter(({ scope, name }) => scope === "team" || name === "app-ci")
        .map(({ scope, name, source, tokens, cost }) => [scope, name, source, tokens, cost]);
    };
    const application = ["key", "app-ci", "config", 5000, null];
    expect(await shown()).to.deep.equal([application, ["team", "web", "config", 90_000, 12.5]]);
    await admin(gateway, "PUT", "/budgets/team/web", { period: "month", cost: 0.1 });
    expect(await shown()).to.deep.equal([application, ["team", "web", "override", null, 0.1]]);
    await admin(gateway, "DELETE", "/budgets/team/web?period=month");
    expect(await shown()).to.deep.equal([application, ["team", "web", "config", 90_000, 12.5]]);
  });

  it("reports what was used, to each what it may see", async () => {
    const [own, team, all] = [
      await newKey(gateway, { user: "dora" }),
      await newKey(gateway, { user: "=cmd()", sees: "team" }),
      await newKey(gateway, { user: "emil", team: "small", sees: "all" }),
    ];
    await until("the application's key is there", async () => (await get(gateway, applicationKey, "/v1/me")).status === 200);
    for (const secret of [own.key, own.key, team.key, all.key, applicationKey]) expect((await ask(gateway, secret)).status).to.equal(200);
    await settled(gateway);
    const rows = async (secret: string, query: string) => ((await get(gateway, secret, `/v1/usage?${query}`)).json as { rows: Row[] }).rows;
    expect(await rows(own.key, "by=user,model")).to.deep.include({
      user: "dora",
      model: "a:1",
      requests: 2,
      inputTokens: 14,
      outputTokens: 10,
      gpuSeconds: (await rows(own.key, ""))[0]?.gpuSeconds,
      cost: 0.034,
    });
    const users = async (secret: string) => (await rows(secret, "by=user")).map(({ user }) => user);
    expect(await users(own.key)).to.deep.equal(["dora"]);
    expect(await users(team.key))
      .to.include.members(["=cmd()", "dora"])
      .and.not.include("emil");
    expect(await users(all.key)).to.include.members(["=cmd()", "dora", "emil", ""]);
    expect(await rows(applicationKey, "by=key")).to.have.length(1);
    expect(await rows(own.key, "by=day&from=2020-01-01&to=2020-02-01")).to.deep.equal([]);
    const report = await admin(gateway, "GET", "/usage?by=user,team&format=csv");
    expect(report.headers.get("content-type")).to.equal("text/csv; charset=utf-8");
    expect(report.text)
      .to.match(/^user,team,requests,inputTokens,outputTokens,gpuSeconds,cost\n/)
      .and.include("\n'=cmd(),web,1,7,5,")
      .and.include("\ndora,web,2,14,10,");
    const today = new Date().toISOString().slice(0, 10);
    expect(((await admin(gateway, "GET", "/usage?by=day")).json as { rows: Row[] }).rows.at(-1)?.day).to.equal(today);
  });

  it("writes each change into the audit, with who, what and from where, and nobody changes it", async () => {
    const begun = new Date().toISOString();
    const key = await newKey(gateway, { user: "fritz" });
    await admin(gateway, "POST", `/keys/${key.id}/rotate`, { graceSeconds: 60 });
    await tryAdmin(gateway, "PUT", "/budgets/user/fritz", { period: "day", tokens: 10 }, { "X-Actor": "eve", "X-Forwarded-For": "192.0.2.7" });
    await admin(gateway, "PUT", "/budgets/user/fritz", { period: "day", tokens: 20 });
    await admin(gateway, "DELETE", "/budgets/user/fritz?period=day");
    for (let i = 0; i < 2; i++) await admin(gateway, "DELETE", `/keys/${key.id}`);
    for (const actor of ["", "x".repeat(257)]) {
      expect((await tryAdmin(gateway, "DELETE", `/keys/${key.id}`, undefined, { "X-Actor": actor })).status).to.equal(400);
    }
    const changes = (await audit(`?from=${begun}`)).reverse();
    expect(changes.map(({ actor, action, target }) => [actor, action, target])).to.deep.equal([
      ["root@example.com", "key.create", key.id],
      ["root@example.com", "key.rotate", key.id],
      ["eve", "budget.set", "user/fritz"],
      ["root@example.com", "budget.set", "user/fritz"],
      ["root@example.com", "budget.delete", "user/fritz"],
      ["root@example.com", "key.revoke", key.id],
    ]);
    expect(changes[0]?.before).to.equal(null);
    expect(changes[0]?.after).to.deep.include({ id: key.id, user: "fritz", team: "web" });
    expect([changes[3]?.before?.tokens, changes[3]?.after?.tokens]).to.deep.equal([10, 20]);
    expect([changes[0]?.address, changes[2]?.address]).to.deep.equal(["127.0.0.1", "192.0.2.7 by 127.0.0.1"]);
    expect(changes[5]?.after).to.have.property("revokedAt");
    expect(await audit("?limit=1")).to.have.length(1);
    const failure = await around.postgres.query("DELETE FROM gateway.audit").catch((error: unknown) => String(error));
    expect(failure).to.include("the audit is not changed");
    expect(
      (await audit("?limit=1000")).some(({ actor, action, target }) => actor === "gateway" && action === "key.application" && target === "app-ci"),
    ).to.equal(true);
  });

  it("has no answer of an administrator's path for who sends a body that never ends", async () => {
    const answer = await reply(await send(gateway, adminKey, "x".repeat(100_000), "/admin/v1/keys", { headers: { "X-Actor": "root" } }));
    expect(answer.status).to.equal(400);
  });
});
