/** Starts the built gateway before scripted model servers, with a real PostgreSQL. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../../support/ports";
import { startPostgres, type Postgres } from "../../support/postgres";
import { parseMetrics, type Metrics } from "../proxy/metrics";
import { proxyProgram, Running, until, type Environment } from "../proxy/support";
import { Upstream } from "./upstream";

export const adminKey = "administrator-0123456789abcdef0123456789";
export const applicationKey = "application-0123456789abcdef0123456789";

export interface Gateway {
  readonly process: Running;
  readonly url: string;
  readonly observed: string;
  metrics(): Promise<Metrics>;
}

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Its JSON. */
  readonly json: unknown;
}

/** What a test file has: a database, two model servers, and the gateways that it starts. */
export class Surroundings {
  readonly dir = mkdtempSync(join(tmpdir(), "oap-gateway-"));
  private readonly running: Running[] = [];
  private constructor(
    readonly postgres: Postgres,
    readonly first: Upstream,
    readonly second: Upstream,
  ) {
    mkdirSync(join(this.dir, "keys"));
    writeFileSync(join(this.dir, "admin"), `${adminKey}\n`);
    writeFileSync(join(this.dir, "keys/ci"), applicationKey);
  }
  static async start(): Promise<Surroundings> {
    await proxyProgram();
    return new Surroundings(await startPostgres(), await Upstream.start(), await Upstream.start());
  }
  async remove(): Promise<void> {
    await this.stopGateways();
    await Promise.all([this.postgres.remove(), this.first.stop(), this.second.stop()]);
    rmSync(this.dir, { recursive: true });
  }
  async stopGateways(): Promise<void> {
    for (const one of this.running.splice(0)) await one.kill();
  }
  /** A configuration that most tests do with: team web may use a:1 and b:1 (which stands in for a:1), team small only a:1. */
  config(changes: object = {}): object {
    return {
      pools: [
        { name: "first", url: this.first.url, models: ["a:1"], gpuShare: 0.5 },
        { name: "second", url: this.second.url, models: ["b:1", "c:1"] },
      ],
      fallbacks: { "a:1": ["c:1", "b:1"] },
      teams: [
        { name: "web", models: ["a:1", "b:1"] },
        { name: "small", models: ["a:1"] },
      ],
      applications: [{ name: "ci", team: "small" }],
      defaults: { maxTokens: 64 },
      prices: { currency: "EUR", gpuHour: 0, models: { "a:1": { inputPerMillion: 1000, outputPerMillion: 2000 } } },
      ...changes,
    };
  }
  /** Starts a gateway and waits until it is ready. */
  async gateway(config: object = this.config(), settings: Environment = {}): Promise<Gateway> {
    const gateway = await this.launch(config, settings);
    await until("it is ready", async () => (await fetch(`${gateway.observed}/readyz`)).ok);
    return gateway;
  }
  /** Starts one that may not get ready. */
  async launch(config: object = this.config(), settings: Environment = {}): Promise<Gateway> {
    const [traffic, observed] = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
    const file = join(this.dir, `config-${traffic.split(":")[1] ?? ""}.json`);
    writeFileSync(file, JSON.stringify(config));
    const process = Running.start(await proxyProgram(), ["gateway"], {
      ...this.postgres.environment,
      MODEL_PROXY_LISTEN: traffic,
      MODEL_PROXY_METRICS_LISTEN: observed,
      MODEL_PROXY_CONFIG: file,
      MODEL_PROXY_ADMIN_KEY_FILE: join(this.dir, "admin"),
      MODEL_PROXY_KEYS: join(this.dir, "keys"),
      MODEL_PROXY_DRAIN_SECONDS: "2",
      ...settings,
    });
    this.running.push(process);
    await process.printed('"for":"metrics"');
    return {
      process,
      url: `http://${traffic}`,
      observed: `http://${observed}`,
      metrics: async () => parseMetrics(await (await fetch(`http://${observed}/metrics`)).text()),
    };
  }
}

export async function reply(response: Response): Promise<Reply> {
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    text,
    get json() {
      return JSON.parse(text) as unknown;
    },
  };
}

/** Asks the administrator's API. @throws Error when the answer is not of the 2xx */
export async function admin(gateway: Gateway, method: string, path: string, body?: object): Promise<Reply> {
  const answer = await tryAdmin(gateway, method, path, body);
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
  return answer;
}

export async function tryAdmin(gateway: Gateway, method: string, path: string, body?: object, headers: Environment = {}): Promise<Reply> {
  return reply(
    await fetch(`${gateway.url}/admin/v1${path}`, {
      method,
      headers: { Authorization: `Bearer ${adminKey}`, "X-Actor": "root@example.com", ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }),
  );
}

export interface Key {
  readonly id: string;
  readonly key: string;
}

let count = 0;
/** A key of a user of its own, if `wanted` names none. */
export async function newKey(gateway: Gateway, wanted: object = {}): Promise<Key> {
  const user = `user${++count}`;
  return (await admin(gateway, "POST", "/keys", { name: "test", user, team: "web", ...wanted })).json as Key;
}

export const chat = "/v1/chat/completions";

/** Starts a request with a key; a chat by default. */
export const send = (gateway: Gateway, key: string, body: object | string = {}, path = chat, init: RequestInit = {}): Promise<Response> =>
  fetch(`${gateway.url}${path}`, {
    method: "POST",
    body: typeof body === "string" ? body : JSON.stringify({ model: "a:1", messages: [{ role: "user", content: "hello" }], ...body }),
    ...init,
    headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json", ...(init.headers as Record<string, string> | undefined) },
  });

export const ask = async (...args: Parameters<typeof send>): Promise<Reply> => reply(await send(...args));

export const get = async (gateway: Gateway, key: string, path: string): Promise<Reply> =>
  reply(await fetch(`${gateway.url}${path}`, { headers: { Authorization: `Bearer ${key}` } }));

/** Waits until the gateway has written all that was used. */
export const settled = (gateway: Gateway): Promise<void> =>
  until("all is written", async () => {
    const metrics = await gateway.metrics();
    return metrics.sum("model_gateway_settle_backlog") === 0 && metrics.sum("model_gateway_requests_in_flight") === 0;
  });

/** The code of an error. */
export const codeOf = (answer: Reply): string => (answer.json as { error: { code: string } }).error.code;
