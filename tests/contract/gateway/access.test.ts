/** Who may ask what: keys, models, paths, bodies; and what of a request goes on. */
import { expect } from "chai";
import { writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { rawStatus, until } from "../proxy/support";
import { admin, applicationKey, ask, chat, codeOf, get, newKey, reply, settled, Surroundings, type Gateway, type Key } from "./support";

describe("access through the gateway", function () {
  this.timeout(120_000);
  let around: Surroundings;
  let gateway: Gateway;
  let key: Key;

  before(async function () {
    this.timeout(15 * 60_000); // the program may have to be built, PostgreSQL to be downloaded
    around = await Surroundings.start();
    gateway = await around.gateway(around.config({ maxBodyBytes: 4096 }));
    key = await newKey(gateway, { user: "anna" });
  });
  after(() => around.remove());
  beforeEach(() => {
    around.first.reset();
    around.second.reset();
  });

  const without = async (path: string, headers: Record<string, string>) =>
    reply(await fetch(`${gateway.url}${path}`, { method: "POST", headers, body: JSON.stringify({ model: "a:1" }) }));

  it("takes a key as OpenAI's and Anthropic's clients send it, and sends neither it nor cookies on", async () => {
    expect(key.key).to.match(new RegExp(`^oap_${key.id}_[A-Za-z0-9_-]{43}$`));
    for (const headers of [{ Authorization: `Bearer ${key.key}` }, { "X-Api-Key": key.key }]) {
      const answer = await without(chat, { ...headers, Cookie: "session=1", "X-Request-Id": "mine-1", "Proxy-Authorization": "x" });
      expect([answer.status, answer.headers.get("x-request-id")]).to.deep.equal([200, "mine-1"]);
      expect(around.first.last.headers)
        .to.include({ "x-request-id": "mine-1" })
        .and.not.have.any.keys("authorization", "x-api-key", "cookie", "proxy-authorization");
    }
    expect((await without(chat, { "X-Api-Key": key.key, "X-Request-Id": "no good" })).headers.get("x-request-id")).to.match(/^req-/);
    expect(gateway.process.output).to.include('"id":"mine-1"').and.not.include(key.key).and.not.include("hello");
  });

  it("refuses who has no key that works, in each API's form", async () => {
    for (const headers of [{}, { Authorization: "Bearer short" }, { Authorization: `Bearer ${key.key}x` }, { Authorization: `Basic ${key.key}` }] as Record<
      string,
      string
    >[]) {
      const answer = await without(chat, headers);
      expect([answer.status, answer.headers.get("www-authenticate"), codeOf(answer)]).to.deep.equal([401, "Bearer", "invalid_api_key"]);
    }
    const answer = await without("/v1/messages", {});
    expect(answer.json).to.have.nested.property("error.type", "authentication_error");
    expect(answer.json).to.have.property("type", "error");
    expect(await rawStatus(gateway.url, "GET", "/v1/models")).to.equal(401);
    expect(around.first.asked).to.have.length(0);
  });

  it("refuses a key that has expired, and one whose owner has lost it", async () => {
    const brief = await newKey(gateway, { expires: new Date(Date.now() + 5000).toISOString() });
    expect((await ask(gateway, brief.key)).status).to.equal(200);
    await until("it expires", async () => (await ask(gateway, brief.key)).status === 401);
    const lost = await newKey(gateway);
    expect((await ask(gateway, lost.key)).status).to.equal(200);
    for (let i = 0; i < 2; i++) await admin(gateway, "DELETE", `/keys/${lost.id}`);
    expect([(await ask(gateway, lost.key)).status, (await get(gateway, lost.key, "/v1/me")).status]).to.deep.equal([401, 401]);
  });

  it("lists and serves the models of the key, of its team alone", async () => {
    const narrow = await newKey(gateway, { models: ["b:1"] });
    const ids = async (secret: string) => ((await get(gateway, secret, "/v1/models")).json as { data: { id: string }[] }).data.map(({ id }) => id);
    expect(await ids(key.key)).to.deep.equal(["a:1", "b:1"]);
    expect(await ids(narrow.key)).to.deep.equal(["b:1"]);
    expect((await get(gateway, narrow.key, "/v1/models/b:1")).json).to.include({ id: "b:1", object: "model" });
    const forbidden = await ask(gateway, narrow.key);
    expect([forbidden.status, codeOf(forbidden)]).to.deep.equal([403, "model_not_allowed"]);
    expect(forbidden.text).to.include("b:1").and.not.include("c:1");
    const unknown = await ask(gateway, narrow.key, { model: "z" });
    expect([unknown.status, codeOf(unknown)]).to.deep.equal([404, "model_not_found"]);
    expect(unknown.text).to.include("b:1");
    for (const [path, code] of [
      ["/v1/models/a:1", 403],
      ["/v1/models/z", 404],
    ] as const)
      expect((await get(gateway, narrow.key, path)).status).to.equal(code);
    expect(around.first.asked.length + around.second.asked.length).to.equal(0);
  });

  it("has the paths of the API and no other", async () => {
    for (const path of ["/api/chat", "/api/pull", "/api/tags", "/", "/v1/images/generations", "/v1/files", "/metrics", "/v1/../api/chat", "/v1//models"]) {
      for (const method of ["GET", "POST"]) expect(await rawStatus(gateway.url, method, path), `${method} ${path}`).to.equal(404);
    }
    for (const [method, path] of [
      ["GET", chat],
      ["POST", "/v1/models"],
      ["DELETE", "/v1/me"],
    ] as const) {
      expect(await rawStatus(gateway.url, method, path), path).to.equal(405);
    }
    for (const path of ["/v1/completions", "/v1/embeddings", "/v1/responses", "/v1/messages", chat]) {
      expect((await ask(gateway, key.key, {}, path)).status).to.equal(200);
      expect(around.first.last.path).to.equal(path);
    }
  });

  it("refuses bodies that are too large, stall, or are not what they must be", async () => {
    const large = await ask(gateway, key.key, { user: "x".repeat(5000) });
    expect([large.status, codeOf(large)]).to.deep.equal([413, "request_too_large"]);
    const chunked = new ReadableStream({
      pull: (controller) => controller.enqueue(new TextEncoder().encode("x".repeat(1000))),
    });
    const endless = await fetch(`${gateway.url}${chat}`, {
      method: "POST",
      headers: { Authorization: `Bearer ${key.key}` },
      body: chunked,
      duplex: "half",
    }).catch(() => undefined);
    expect(endless?.status ?? 413).to.equal(413);
    for (const body of ["{", "[]", "", '{"model":"a:1","Model":"b:1"}', '{"model":"a:1","max_tokens":-1}', '{"model":"a:1"}{}']) {
      const answer = await ask(gateway, key.key, body);
      expect([answer.status, codeOf(answer)], body).to.deep.equal([400, "invalid_request"]);
    }
    expect(around.first.asked).to.have.length(0);
  });

  it("gives up a body that stalls", async () => {
    const { hostname, port } = new URL(gateway.url);
    const socket = connect(Number(port), hostname);
    socket.write(`POST ${chat} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${key.key}\r\nContent-Length: 100\r\n\r\n{"model"`);
    let text = "";
    for await (const data of socket.setEncoding("utf8")) text += String(data);
    expect(text)
      .to.match(/^HTTP\/1\.1 408 /)
      .and.include("body_timeout");
  });

  it("takes the application's key of its file, and another when the file has changed", async () => {
    await until("it is there", async () => (await get(gateway, applicationKey, "/v1/me")).status === 200);
    expect((await get(gateway, applicationKey, "/v1/me")).json).to.deep.include({
      id: "app-ci",
      application: "ci",
      team: "small",
      models: ["a:1"],
      budgets: [],
    });
    expect((await ask(gateway, applicationKey)).status).to.equal(200);
    const other = applicationKey.replace("application", "exchanged");
    writeFileSync(join(around.dir, "keys/ci"), `${other}\n`);
    await until("the new one works", async () => (await ask(gateway, other)).status === 200);
    expect((await ask(gateway, applicationKey)).status).to.equal(401);
    expect(await around.postgres.query("SELECT id, length(hash), hash = sha256('" + other + "') FROM gateway.keys WHERE owner = ''")).to.deep.equal([
      "app-ci|32|t",
    ]);
  });

  it("counts what it refuses, with teams and models as labels, not users", async () => {
    await settled(gateway);
    const metrics = await gateway.metrics();
    expect(metrics.sum("model_gateway_refusals_total", { reason: "model_not_allowed" })).to.be.greaterThan(0);
    expect(metrics.sum("model_gateway_requests_total", { team: "web", model: "a:1", status: "200" })).to.be.greaterThan(0);
    expect(metrics.sum("model_gateway_requests_total", { team: "other", status: "401" })).to.be.greaterThan(0);
    expect(metrics.samples.flatMap(({ labels }) => Object.values(labels))).not.to.include("anna");
  });
});
