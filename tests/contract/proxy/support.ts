/** Starts the built proxy and what stands around it: a real Ollama with the tiny model, sidecars on loopback addresses of their own, a router before them. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { modelFiles } from "../../../images/tiny-model/model";
import { exec } from "../../../tools/lib/exec";
import { ensurePrograms } from "../../../tools/toolchain";
import { freePort } from "../../support/ports";
import { parseMetrics, type Metrics } from "./metrics";

export const tiny = "tiny:1";

export type Environment = Readonly<Record<string, string>>;

/** A process that is ended with the test that started it. */
export class Running {
  output = "";
  private readonly ended: Promise<number>;
  private constructor(private readonly child: ChildProcess) {
    for (const stream of [child.stdout, child.stderr]) stream?.setEncoding("utf8").on("data", (data: string) => (this.output += data));
    this.ended = new Promise((resolve) => child.once("exit", (code, signal) => resolve(code ?? (signal === null ? -1 : 128))));
  }
  static start(command: string, args: readonly string[], env: Environment): Running {
    return new Running(spawn(command, args, { env: { ...env }, stdio: ["ignore", "pipe", "pipe"] }));
  }
  get pid(): number {
    if (this.child.pid === undefined) throw new Error("it was not started");
    return this.child.pid;
  }
  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }
  /** Waits until it printed `text`. @throws Error when it ends before */
  async printed(text: string): Promise<void> {
    await until(`it prints ${text}`, () => {
      if (this.child.exitCode !== null) throw new Error(`it ended: ${this.output}`);
      return this.output.includes(text);
    });
  }
  /** Its exit status. */
  exited(): Promise<number> {
    return this.ended;
  }
  async kill(): Promise<void> {
    this.child.kill("SIGKILL");
    await this.ended;
  }
}

/** Waits until `done` says so, half a minute at most. */
export async function until(what: string, done: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 30_000; Date.now() < end; await sleep(20)) if (await done()) return;
  throw new Error(`not in time: ${what}`);
}

let program: Promise<string> | undefined;

/** Path of the built program. */
export function proxyProgram(): Promise<string> {
  program ??= ensurePrograms(["model-proxy"]).then((programs) => programs["model-proxy"].path("model-proxy"));
  return program;
}

/** A real Ollama on loopback that has the tiny model. */
export class Ollama {
  private constructor(
    readonly url: string,
    private readonly dir: string,
    private readonly program: string,
    private server: Running,
  ) {}
  static async start(): Promise<Ollama> {
    const program = (await ensurePrograms(["ollama"])).ollama.path("ollama");
    const dir = mkdtempSync(join(tmpdir(), "oap-proxy-"));
    for (const name of ["home", "store", "source"]) mkdirSync(join(dir, name));
    for (const [name, content] of Object.entries(modelFiles(0))) writeFileSync(join(dir, "source", name), content);
    const url = `http://127.0.0.1:${await freePort()}`;
    const ollama = new Ollama(url, dir, program, Running.start(program, ["serve"], environment(dir, url)));
    await ollama.server.printed("Listening on");
    await exec(program, ["create", tiny, "-f", join(dir, "source", "Modelfile")], { env: environment(dir, url) });
    return ollama;
  }
  /** Programs that it runs a model in: another one each time that it loads it. Their process ids. */
  runners(): readonly number[] {
    const server = `/proc/${this.server.pid}/task`;
    const children = readdirSync(server).flatMap((thread) => readFileSync(`${server}/${thread}/children`, "utf8").split(" ").filter(Boolean));
    return children.filter((pid) => readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("--model\0")).map(Number);
  }
  /** Stops all its work until `resume`. */
  pause(): void {
    this.server.signal("SIGSTOP");
  }
  resume(): void {
    this.server.signal("SIGCONT");
  }
  kill(): Promise<void> {
    return this.server.kill();
  }
  async restart(): Promise<void> {
    this.server = Running.start(this.program, ["serve"], environment(this.dir, this.url));
    await this.server.printed("Listening on");
  }
  async remove(): Promise<void> {
    await this.server.kill();
    rmSync(this.dir, { recursive: true, force: true });
  }
}

const environment = (dir: string, url: string): Environment => ({
  PATH: process.env.PATH ?? "",
  HOME: join(dir, "home"),
  OLLAMA_HOST: url.replace("http://", ""),
  OLLAMA_MODELS: join(dir, "store"),
  OLLAMA_NO_CLOUD: "1",
  OLLAMA_KEEP_ALIVE: "1h",
  OLLAMA_NUM_PARALLEL: "2",
});

/** A sidecar or a router, with its addresses. */
export interface Proxy {
  readonly process: Running;
  readonly url: string;
  readonly observed: string;
  readonly admin: string;
  metrics(): Promise<Metrics>;
}

export interface Ports {
  readonly traffic: number;
  readonly status: number;
}
export const freePorts = async (): Promise<Ports> => ({ traffic: await freePort(), status: await freePort() });

/** @param host a loopback address: each replica has one, as each pod has its own */
export async function sidecar(upstream: string, settings: Environment = {}, host = "127.0.0.1", ports?: Ports): Promise<Proxy> {
  const { traffic, status } = ports ?? (await freePorts());
  const admin = `${host}:${await freePort()}`;
  return start("sidecar", `${host}:${traffic}`, `${host}:${status}`, admin, {
    MODEL_PROXY_UPSTREAM: upstream,
    MODEL_PROXY_ADMIN_LISTEN: admin,
    MODEL_PROXY_MODELS: tiny,
    MODEL_PROXY_SLOTS: "2",
    ...settings,
  });
}

export async function router(hosts: readonly string[], { traffic, status }: Ports, settings: Environment = {}): Promise<Proxy> {
  const own = await freePorts();
  return start("router", `127.0.0.1:${own.traffic}`, `127.0.0.1:${own.status}`, "", {
    MODEL_PROXY_BACKEND: hosts.map((host) => `${host}:${traffic}`).join(","),
    MODEL_PROXY_STATUS_PORT: String(status),
    ...settings,
  });
}

async function start(command: string, listen: string, observed: string, admin: string, settings: Environment): Promise<Proxy> {
  const process = Running.start(await proxyProgram(), [command], { MODEL_PROXY_LISTEN: listen, MODEL_PROXY_METRICS_LISTEN: observed, ...settings });
  const proxy: Proxy = {
    process,
    url: `http://${listen}`,
    observed: `http://${observed}`,
    admin: `http://${admin}`,
    metrics: async () => parseMetrics(await (await fetch(`http://${observed}/metrics`)).text()),
  };
  await process.printed('"for":"metrics"');
  await until("it is ready", async () => (await fetch(`${proxy.observed}/readyz`)).ok);
  return proxy;
}

export const post = (url: string, path: string, body: object, init: RequestInit = {}): Promise<Response> =>
  fetch(`${url}${path}`, { method: "POST", body: JSON.stringify(body), ...init });

/** Status of a request whose path goes out just as it is written: no client that is polite would send it. */
export async function rawStatus(url: string, method: string, path: string): Promise<number> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.end(`${method} ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}`);
  let text = "";
  for await (const data of socket.setEncoding("utf8")) text += String(data);
  return Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1]);
}
