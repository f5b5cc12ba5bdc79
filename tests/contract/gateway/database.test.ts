/** Gateways and their database: several on one, one that is away, and a gateway that is killed. */
import { expect } from "chai";
import { writeFileSync } from "node:fs";
import { until } from "../proxy/support";
import { admin, ask, codeOf, get, newKey, send, settled, Surroundings, type Gateway } from "./support";
import { piece } from "./upstream";

describe("gateways and their database", function () {
  this.timeout(120_000);
  let around: Surroundings;

  before(async function () {
    this.timeout(15 * 60_000);
    around = await Surroundings.start();
  });
  after(() => around.remove());
  beforeEach(() => around.first.reset());
  afterEach(() => around.stopGateways());

  const migrations = (gateway: Gateway) => gateway.process.output.match(/"msg":"migrating"/g)?.length ?? 0;

  /** Answers of two pieces, the second of which waits. @returns what lets them end */
  const held = (): (() => void) => {
    const ends: (() => void)[] = [];
    around.first.answer = async (_asked, response) => {
      response.setHeader("Content-Type", "text/event-stream");
      response.write(piece("a:1", "x"));
      await new Promise<void>((resolve) => ends.push(resolve));
      response.end(piece("a:1", "y"));
    };
    return () => ends.forEach((end) => end());
  };

  it("has one of several gateways migrate, and all of them know a key and that it is revoked", async () => {
    const [one, other, third] = await Promise.all([around.gateway(), around.gateway(), around.gateway()]);
    const versions = await around.postgres.query("SELECT version FROM gateway.migrations ORDER BY 1");
    expect([one, other, third].map(migrations).reduce((a, b) => a + b)).to.equal(versions.length);
    const key = await newKey(one);
    for (const gateway of [one, other]) expect((await ask(gateway, key.key)).status).to.equal(200);
    const rotated = (await admin(other, "POST", `/keys/${key.id}/rotate`, { graceSeconds: 0 })).json as { key: string };
    for (const gateway of [one, other]) {
      expect((await ask(gateway, key.key)).status).to.equal(401);
      expect((await ask(gateway, rotated.key)).status).to.equal(200);
    }
    await admin(one, "DELETE", `/keys/${key.id}`);
    for (const gateway of [one, other]) expect((await ask(gateway, rotated.key)).status).to.equal(401);
  });

  it("forgets the usage of requests that are old, in parts, and keeps the audit", async () => {
    const first = await around.gateway();
    const key = await newKey(first);
    await ask(first, key.key);
    await settled(first);
    await around.stopGateways();
    await around.postgres.query(
      `INSERT INTO gateway.usage SELECT gen_random_uuid(), now() - interval '41 days', 'old', '${key.id}', 'u', 'web', 'a:1', 'a:1', 'first', 1, 1, 0, 0, 200, 1, false
       FROM generate_series(1, 12000)`,
    );
    await around.postgres.query(`INSERT INTO gateway.counters VALUES ('key', '${key.id}', 'day', now() - interval '41 days', 1, 1, 0)`);
    const audit = await around.postgres.query("SELECT count(*) FROM gateway.audit");
    const again = await around.gateway({ ...around.config(), usageDays: 40 });
    await until("it has forgotten", () =>
      Promise.resolve(again.process.output.includes('"msg":"forgot the usage of old requests","requests":12000,"days":40')),
    );
    expect(await around.postgres.query(`SELECT request <> 'old' FROM gateway.usage WHERE key_id = '${key.id}'`)).to.deep.equal(["t"]);
    await until("sums of that time are gone", async () => {
      const [old] = await around.postgres.query("SELECT count(*) FROM gateway.counters WHERE starts < now() - interval '40 days'");
      return old === "0";
    });
    expect(await around.postgres.query("SELECT count(*) FROM gateway.audit")).to.deep.equal(audit);
  });

  it("lets requests at two gateways together spend no more than there is", async () => {
    const both = [await around.gateway(), await around.gateway()];
    const key = await newKey(both[0] as Gateway, { budgets: [{ period: "month", tokens: 1000 }] });
    around.first.answer = around.first.tokens(40, 20);
    const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => ask(both[i % 2] as Gateway, key.key, { max_tokens: 40 })));
    for (const gateway of both) await settled(gateway);
    const { input, output } = around.first.sent;
    expect(answers.every(({ status }) => status === 200 || status === 429)).to.equal(true);
    expect(await around.postgres.query(`SELECT tokens, tokens <= 1000 FROM gateway.counters WHERE name = '${key.id}' AND period = 'month'`)).to.deep.equal([
      `${input + output}|t`,
    ]);
  });

  it("ends answers that run when the database goes away, takes no new ones, and writes all when it is back", async () => {
    const gateway = await around.gateway();
    const key = await newKey(gateway);
    const finish = held();
    const running = await Promise.all(Array.from({ length: 5 }, () => send(gateway, key.key, { stream: true })));
    await around.postgres.kill();
    for (let i = 0; i < 3; i++) {
      const begun = Date.now();
      const refused = await ask(gateway, key.key);
      expect([refused.status, codeOf(refused), refused.headers.get("retry-after")]).to.deep.equal([503, "database_unavailable", "5"]);
      expect(Date.now() - begun).to.be.lessThan(10_000);
    }
    expect((await get(gateway, key.key, "/v1/models")).status).to.equal(503);
    expect([(await fetch(`${gateway.observed}/readyz`)).status, (await fetch(`${gateway.observed}/healthz`)).status]).to.deep.equal([503, 200]);
    finish();
    for (const response of running) expect(await response.text()).to.include("y");
    await until("five wait", async () => (await gateway.metrics()).sum("model_gateway_settle_backlog") === 5);
    await around.postgres.start();
    await settled(gateway);
    expect(await around.postgres.query(`SELECT count(*), sum(output_tokens) FROM gateway.usage WHERE key_id = '${key.id}'`)).to.deep.equal(["5|10"]);
    expect(await around.postgres.query(`SELECT requests FROM gateway.counters WHERE name = '${key.id}' AND period = 'day'`)).to.deep.equal(["5"]);
    around.first.reset();
    expect((await ask(gateway, key.key)).status).to.equal(200);
  });

  it("waits for a database that is not there yet, and takes a password that changed", async () => {
    const file = around.postgres.environment.PGPASSFILE ?? "";
    await around.postgres.stop();
    const gateway = await around.launch();
    await until("it says so", () => gateway.process.output.includes("the database is not ready"));
    expect((await ask(gateway, "x".repeat(40))).status).to.equal(503);
    await around.postgres.start();
    await around.postgres.query("ALTER ROLE gateway PASSWORD 'another'");
    writeFileSync(file, "*:*:*:gateway:another\n");
    await until("it is ready", async () => (await fetch(`${gateway.observed}/readyz`)).ok);
  });

  it("gives back what a killed gateway has reserved, not what a living one has", async () => {
    const hold = { MODEL_PROXY_HOLD_SECONDS: "6" };
    const [killed, living] = [await around.gateway(around.config(), hold), await around.gateway(around.config(), hold)];
    const key = await newKey(living, { budgets: [{ period: "month", tokens: 150 }] });
    around.first.answer = () => undefined; // it never answers
    const lost = send(killed, key.key, { max_tokens: 50 }).catch(() => undefined);
    const kept = new AbortController();
    const held = send(living, key.key, { max_tokens: 20 }, undefined, { signal: kept.signal }).catch(() => undefined);
    await until("both are under way", () => around.first.asked.length === 2);
    await killed.process.kill();
    await lost;
    const reserved = async () => Number((await around.postgres.query("SELECT coalesce(sum(tokens), 0) FROM gateway.reservations WHERE expires_at > now()"))[0]);
    const all = await reserved();
    await until("what the killed one reserved is free", async () => (await reserved()) < all);
    const rest = await reserved();
    expect(rest).to.be.greaterThan(20);
    const [end] = await around.postgres.query("SELECT max(expires_at) FROM gateway.reservations");
    await until("the other's is renewed", async () => (await around.postgres.query("SELECT max(expires_at) FROM gateway.reservations"))[0] !== end);
    expect(await reserved()).to.equal(rest);
    around.first.reset();
    expect((await ask(living, key.key, { max_tokens: 60 })).status).to.equal(200);
    expect(around.first.last.body.max_tokens).to.equal(60);
    kept.abort();
    await held;
  });

  it("takes a database that proves itself by the password, and none that has another's certificate", async () => {
    const password = { PGSSLMODE: "require", PGCHANNELBINDING: "require", PGSSLROOTCERT: "" };
    const key = await newKey(await around.gateway(around.config(), password));
    expect((await ask(await around.gateway(), key.key)).status).to.equal(200);
    const other = await around.launch(around.config(), { PGSSLROOTCERT: "" }); // of the system's authorities
    await until("it says so", () => other.process.output.includes("certificate signed by unknown authority"));
    expect((await fetch(`${other.observed}/readyz`)).status).to.equal(503);
  });

  it("lets answers end on SIGTERM and writes what they used", async () => {
    const gateway = await around.gateway(around.config(), { MODEL_PROXY_DRAIN_SECONDS: "60" });
    const key = await newKey(gateway);
    const finish = held();
    const response = await send(gateway, key.key, { stream: true });
    gateway.process.signal("SIGTERM");
    await gateway.process.printed('"msg":"draining"');
    expect((await fetch(`${gateway.observed}/readyz`)).status).to.equal(503);
    finish();
    expect(await response.text()).to.include("y");
    expect(await gateway.process.exited()).to.equal(0);
    expect(await around.postgres.query(`SELECT status, output_tokens FROM gateway.usage WHERE key_id = '${key.id}'`)).to.deep.equal(["200|2"]);
  });

  it("tries to write what was used until it has to end", async () => {
    const gateway = await around.gateway(around.config(), { MODEL_PROXY_DRAIN_SECONDS: "90" });
    const key = await newKey(gateway);
    const finish = held();
    const response = await send(gateway, key.key, { stream: true });
    await around.postgres.kill();
    finish();
    await response.text();
    gateway.process.signal("SIGTERM");
    await until("the database is missed", () => gateway.process.output.includes("usage was not written yet"));
    await around.postgres.start();
    expect(await gateway.process.exited()).to.equal(0);
    expect(await around.postgres.query(`SELECT status, output_tokens FROM gateway.usage WHERE key_id = '${key.id}'`)).to.deep.equal(["200|2"]);
  });

  it("does not run on a database of a newer program", async () => {
    await around.gateway();
    await around.postgres.query("INSERT INTO gateway.migrations (version, name) VALUES (1000, 'later')");
    const gateway = await around.launch();
    expect(await gateway.process.exited()).to.equal(1);
    expect(gateway.process.output).to.include("schema version 1000").and.include("run the newer program");
    await around.postgres.query("DELETE FROM gateway.migrations WHERE version = 1000");
  });
});
