/** The router before replicas: sidecars on loopback addresses of their own, before a real Ollama. */
import { expect } from "chai";
import { hostname } from "node:os";
import type { RouterStatus } from "../../../cli/models/replicas";
import { freePorts, Ollama, post, proxyProgram, router, sidecar, tiny, until, type Ports, type Proxy } from "./support";

const hosts = ["127.0.0.2", "127.0.0.3"] as const;
const generate = { model: tiny, prompt: "hello" };

describe("the router before replicas", function () {
  this.timeout(120_000);
  let ollama: Ollama;
  let ports: Ports;
  let replicas: Proxy[] = [];
  let proxy: Proxy;

  before(async function () {
    this.timeout(30 * 60_000); // both may have to be built
    await proxyProgram();
    ollama = await Ollama.start();
    await (await post(ollama.url, "/api/generate", generate)).text();
  });
  after(() => ollama.remove());
  beforeEach(async () => {
    ports = await freePorts();
    replicas = await Promise.all(hosts.map((host) => sidecar(ollama.url, {}, host, ports)));
    proxy = await router(hosts, ports);
    await ready(2);
  });
  afterEach(async () => {
    ollama.resume();
    for (const one of [proxy, ...replicas]) await one.process.kill();
  });

  const ready = (count: number) => until(`${count} are ready`, async () => (await proxy.metrics()).sum("model_router_replicas", { state: "ready" }) === count);
  const replica = (at: number): Proxy => {
    const one = replicas[at];
    if (!one) throw new Error(`no replica ${at}`);
    return one;
  };
  /** Ends a replica by SIGTERM, as the kubelet would, and starts its successor. */
  async function replace(at: number): Promise<void> {
    replica(at).process.signal("SIGTERM");
    await replica(at).process.exited();
    replicas[at] = await sidecar(ollama.url, {}, hosts[at], ports);
  }
  async function found<T>(look: () => Promise<T | undefined>): Promise<T> {
    let last: T | undefined;
    await until("it is found", async () => (last = await look()) !== undefined);
    return last as T;
  }
  /** Whole answer of a stream. @throws Error when it is not one */
  async function ask(url = proxy.url): Promise<void> {
    const response = await post(url, "/api/generate", generate);
    const text = await response.text();
    if (response.status !== 200 || !text.includes('"done":true')) throw new Error(`${response.status}: ${text.slice(-300)}`);
  }

  it("has no failed request while each replica is drained and replaced and a client keeps sending", async () => {
    let sending = true;
    const failures: string[] = [];
    let answered = 0;
    const clients = Array.from({ length: 4 }, async () => {
      while (sending) {
        await ask().then(
          () => answered++,
          (error: unknown) => failures.push(String(error)),
        );
      }
    });
    for (const at of [0, 1, 0]) {
      const before = answered;
      await until("as many as there are clients are answered", () => answered >= before + clients.length);
      await replace(at);
      await ready(2);
    }
    sending = false;
    await Promise.all(clients);
    expect(failures).to.deep.equal([]);
    await until("they are counted", async () => (await proxy.metrics()).sum("model_router_requests_total", { model: tiny, status: "200" }) === answered);
    expect((await proxy.metrics()).sum("model_router_requests_total")).to.equal(answered);
  });

  it("tells what its replicas say of themselves, where requests go", async () => {
    await replica(1).process.kill();
    await until("it knows", async () => (await proxy.metrics()).sum("model_router_replicas", { state: "unreachable" }) === 1);
    const told = await found(async () => {
      const status = (await (await fetch(`${proxy.url}/status`)).json()) as RouterStatus;
      return status.replicas[0]?.memory.length === 1 ? status : undefined;
    });
    expect(told.router).to.equal(hostname());
    expect(told.queued).to.equal(0);
    expect(told.replicas.map(({ address, state }) => [address, state])).to.deep.equal([
      [hosts[0], "ready"],
      [hosts[1], "unreachable"],
    ]);
    const own = (await (await fetch(`${replica(0).observed}/status`)).json()) as object;
    expect(told.replicas[0]).to.deep.equal({ address: hosts[0], state: "ready", ...own });
    expect((await post(proxy.url, "/status", {})).status).to.equal(404);
  });

  it("has no failed request when a replica is killed between requests", async () => {
    for (const at of [0, 1, 0, 1]) {
      for (let i = 0; i < 5; i++) await ask();
      await replica(at).process.kill();
      for (let i = 0; i < 5; i++) await ask(); // the router does not know yet
      replicas[at] = await sidecar(ollama.url, {}, hosts[at], ports);
      await ready(2);
    }
    const metrics = await proxy.metrics();
    expect(metrics.sum("model_router_requests_total", { status: "200" })).to.equal(40);
    expect(metrics.sum("model_router_requests_total")).to.equal(40);
  });

  it("asks another replica for what one has not begun to answer when it is killed", async () => {
    ollama.pause();
    const both = [ask(), ask()];
    await until("each has one", async () => {
      const counts = await Promise.all(replicas.map(async (one) => (await one.metrics()).sum("model_server_requests_in_flight")));
      return counts.every((count) => count === 1);
    });
    await replica(0).process.kill();
    await until("it is sent again", async () => (await proxy.metrics()).sum("model_router_retries_total", { reason: "lost" }) === 1);
    ollama.resume();
    await Promise.all(both);
  });

  it("holds requests while there is no replica, and serves them when there is one", async () => {
    for (const one of replicas) await one.process.kill();
    await until("none is ready", async () => (await proxy.metrics()).sum("model_router_replicas", { state: "unreachable" }) === 2);
    expect((await fetch(`${proxy.observed}/readyz`)).status).to.equal(200);
    const held = ask();
    await until("it waits", async () => (await proxy.metrics()).sum("model_router_requests_queued") === 1);
    replicas[1] = await sidecar(ollama.url, {}, hosts[1], ports);
    await held;
    expect((await proxy.metrics()).sum("model_router_queue_wait_seconds_count")).to.equal(1);
  });

  it("refuses more than may wait, and gives up those that wait too long, as each API says it", async () => {
    for (const one of replicas) await one.process.kill();
    await proxy.process.kill();
    proxy = await router(hosts, ports, { MODEL_PROXY_QUEUE: "1", MODEL_PROXY_QUEUE_SECONDS: "2" });
    const held = post(proxy.url, "/v1/chat/completions", generate);
    await until("it waits", async () => (await proxy.metrics()).sum("model_router_requests_queued") === 1);
    const refused = await post(proxy.url, "/api/generate", generate);
    expect([refused.status, refused.headers.get("retry-after")]).to.deep.equal([429, "5"]);
    expect(await refused.json()).to.have.property("error");
    const given = await held;
    expect([given.status, given.headers.get("retry-after")]).to.deep.equal([503, "10"]);
    expect(await given.json()).to.have.nested.property("error.code", "no_replica");
  });

  it("shares the work between replicas", async () => {
    await Promise.all(Array.from({ length: 20 }, () => ask()));
    for (const one of replicas) {
      await until("it is counted", async () => (await one.metrics()).sum("model_server_requests_total", { status: "200" }) >= 5);
    }
  });

  it("ends its streams before it ends itself, and takes requests meanwhile for a while", async () => {
    ollama.pause();
    const stream = ask();
    await until("it works", async () => (await proxy.metrics()).sum("model_router_requests_in_flight") === 1);
    proxy.process.signal("SIGTERM");
    await until("it is not ready", async () => (await fetch(`${proxy.observed}/readyz`)).status === 503);
    const late = post(proxy.url, "/api/generate", generate);
    await until("both work", async () => (await proxy.metrics()).sum("model_router_requests_in_flight") === 2);
    ollama.resume();
    await stream;
    const answer = await late;
    expect(answer.headers.get("connection")).to.equal("close");
    expect(await answer.text()).to.include('"done":true');
    expect(await proxy.process.exited()).to.equal(0);
  });
});
