/** What the bench of the proxy runs: scripted model servers, sidecars and routers as processes, and a client that measures streams. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { Agent, request } from "node:http";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { ensurePrograms } from "../../tools/toolchain";
import { freePort } from "../support/ports";

type Environment = Readonly<Record<string, string | number>>;

/** Processes that are ended together. */
export class Processes {
  private readonly all: ChildProcess[] = [];
  private start(command: string, args: readonly string[], env: Environment): ChildProcess {
    const texts = Object.fromEntries(Object.entries(env).map(([name, value]) => [name, String(value)]));
    const child = spawn(command, args, { env: { PATH: process.env.PATH ?? "", ...texts }, stdio: ["ignore", "pipe", "inherit"] });
    this.all.push(child);
    return child;
  }
  /** @returns its address */
  async upstream(env: Environment = {}): Promise<string> {
    const child = this.start(process.execPath, ["--import", "tsx", join(__dirname, "upstream.ts")], env);
    if (!child.stdout) throw new Error("no output");
    const [line] = (await once(createInterface(child.stdout), "line")) as [string];
    return `http://127.0.0.1:${line}`;
  }
  /** @param listen host:port @param status host:port of its /status */
  async sidecar(upstream: string, listen: string, status: string, env: Environment = {}): Promise<string> {
    await this.proxy("sidecar", listen, status, {
      MODEL_PROXY_UPSTREAM: upstream,
      MODEL_PROXY_ADMIN_LISTEN: `127.0.0.1:${await freePort()}`,
      MODEL_PROXY_MODELS: "tiny:1",
      MODEL_PROXY_SLOTS: 1000,
      ...env,
    });
    return `http://${listen}`;
  }
  async router(backends: readonly string[], statusPort: number, replicas: number): Promise<string> {
    const [listen, status] = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
    await this.proxy("router", listen, status, { MODEL_PROXY_BACKEND: backends.join(","), MODEL_PROXY_STATUS_PORT: statusPort });
    for (;;) {
      const text = await (await fetch(`http://${status}/metrics`)).text();
      if (text.includes(`model_router_replicas{state="ready"} ${replicas}\n`)) return `http://${listen}`;
      await sleep(50);
    }
  }
  private async proxy(command: string, listen: string, status: string, env: Environment): Promise<void> {
    const program = (await ensurePrograms(["model-proxy"]))["model-proxy"].path("model-proxy");
    this.start(program, [command], { MODEL_PROXY_LISTEN: listen, MODEL_PROXY_METRICS_LISTEN: status, ...env }).stdout?.resume();
    for (;;) {
      const ready = await fetch(`http://${status}/readyz`).then(
        (response) => response.ok,
        () => false,
      );
      if (ready) return;
      await sleep(20);
    }
  }
  stop(): void {
    for (const child of this.all) child.kill("SIGKILL");
  }
}

/** The machine's monotonic clock in ms, as upstream.ts reads it. */
export const now = () => Number(process.hrtime.bigint()) / 1e6;

const agent = new Agent({ keepAlive: true, maxSockets: Infinity });
const body = JSON.stringify({ model: "tiny:1", prompt: "hello" });

export interface Stream {
  /** From the request until the first token, ms. */
  readonly firstToken: number;
  /** From sending to arrival of each token, ms. */
  readonly delays: readonly number[];
  /** Between arrivals of tokens, ms. */
  readonly gaps: readonly number[];
}

/** Asks once. @throws Error when the answer is not whole */
export function stream(url: string): Promise<Stream> {
  const start = now();
  const delays: number[] = [];
  const gaps: number[] = [];
  let firstToken = NaN;
  let last = NaN;
  const { promise, resolve, reject } = Promise.withResolvers<Stream>();
  const outgoing = request(`${url}/api/generate`, { method: "POST", agent, headers: { "content-length": body.length } }, (response) => {
    let rest = "";
    let done = false;
    response.setEncoding("utf8").on("data", (data: string) => {
      const at = now();
      const lines = (rest + data).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        const { sent, done: final } = JSON.parse(line) as { sent?: number; done?: boolean };
        done ||= final === true;
        if (sent === undefined) continue;
        delays.push(at - sent);
        if (Number.isNaN(firstToken)) firstToken = at - start;
        else gaps.push(at - last);
        last = at;
      }
    });
    response.on("end", () => {
      if (response.statusCode === 200 && done) resolve({ firstToken, delays, gaps });
      else reject(new Error(`${url}: ${response.statusCode}, ${delays.length} tokens`));
    });
    response.on("error", reject);
  });
  outgoing.on("error", reject);
  outgoing.end(body);
  return promise;
}

/** The q-th part of the values in order. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(Math.floor(q * sorted.length), sorted.length - 1)] ?? NaN;
}
