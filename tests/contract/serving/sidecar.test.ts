/** The containers of a replica and the router before it, as processes, under the very environment that the components give them, but for ports and folders. */
import { expect } from "chai";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { routerEnv, sidecarEnv } from "../../../components/serving/modelProxy";
import { serverEnv } from "../../../components/serving/ollamaEnv";
import { modelFiles } from "../../../images/tiny-model/model";
import { exec } from "../../../tools/lib/exec";
import { root } from "../../../tools/lib/paths";
import { ensurePrograms } from "../../../tools/toolchain";
import { freePort } from "../../support/ports";
import { config, tiny } from "../../unit/support/config";
import { ended } from "./ollamaProcess";

const scripts = join(root, "components/serving/scripts");

describe("a replica behind its sidecar and its router", function () {
  this.timeout(60_000);
  const [pool] = config().serving.pools;
  if (!pool) throw new Error("no pool");
  const children: ChildProcess[] = [];
  let dir = "";
  let programs = { ollama: "", proxy: "" };
  const ports = { ollama: 0, sidecar: 0, metrics: 0, admin: 0, router: 0, routerMetrics: 0 };

  before(async function () {
    this.timeout(30 * 60_000); // they may have to be built
    const made = await ensurePrograms(["ollama", "model-proxy"]);
    programs = { ollama: made.ollama.path("ollama"), proxy: made["model-proxy"].path("model-proxy") };
  });
  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), "oap-sidecar-"));
    for (const name of ["store", "home", "source"]) mkdirSync(join(dir, name));
    for (const [name, content] of Object.entries(modelFiles(0))) writeFileSync(join(dir, "source", name), content);
    for (const name of Object.keys(ports) as (keyof typeof ports)[]) ports[name] = await freePort();
    await start("ollama", programs.ollama, ["serve"], ollamaEnv(), ports.ollama, "/api/version");
    await exec(programs.ollama, ["create", tiny, "-f", join(dir, "source/Modelfile")], { env: ollamaEnv() });
    await start("sidecar", programs.proxy, ["sidecar"], sidecarVariables(), ports.metrics, "/healthz");
    await start("router", programs.proxy, ["router"], routerVariables(), ports.routerMetrics, "/readyz");
  });
  afterEach(async () => {
    for (const child of children.splice(0).reverse()) await ended(child, "SIGKILL");
    rmSync(dir, { recursive: true });
  });

  function ollamaEnv(): Record<string, string> {
    const here = { PATH: [dirname(programs.ollama), process.env.PATH].join(":"), HOME: join(dir, "home"), OLLAMA_MODELS: join(dir, "store") };
    return { ...(pool ? serverEnv(pool) : {}), ...here, OLLAMA_HOST: `127.0.0.1:${ports.ollama}` };
  }
  function sidecarVariables(): Record<string, string> {
    if (!pool) throw new Error("no pool");
    return {
      ...sidecarEnv(pool, [tiny]),
      MODEL_PROXY_UPSTREAM: `http://127.0.0.1:${ports.ollama}`,
      MODEL_PROXY_LISTEN: `127.0.0.1:${ports.sidecar}`,
      MODEL_PROXY_METRICS_LISTEN: `127.0.0.1:${ports.metrics}`,
      MODEL_PROXY_ADMIN_LISTEN: `127.0.0.1:${ports.admin}`,
    };
  }
  function routerVariables(): Record<string, string> {
    if (!pool) throw new Error("no pool");
    const env = routerEnv(pool, `127.0.0.1:${ports.sidecar}`) as Record<string, string>;
    return {
      ...env,
      MODEL_PROXY_STATUS_PORT: String(ports.metrics),
      MODEL_PROXY_LISTEN: `127.0.0.1:${ports.router}`,
      MODEL_PROXY_METRICS_LISTEN: `127.0.0.1:${ports.routerMetrics}`,
    };
  }
  async function start(name: string, program: string, args: readonly string[], env: Record<string, string>, port: number, path: string): Promise<void> {
    const child = spawn(program, args, { env, stdio: ["ignore", "pipe", "pipe"] });
    children.push(child);
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text: string) => (output += text));
    for (const end = Date.now() + 20_000; Date.now() < end; await sleep(100)) {
      if (child.exitCode !== null) throw new Error(`${name} ended: ${output}`);
      if ((await fetch(`http://127.0.0.1:${port}${path}`).catch(() => undefined))?.ok) return;
    }
    throw new Error(`${name} is not there after 20 s: ${output}`);
  }
  const ask = (port: number, path: string, body: unknown, method = "POST") => fetch(`http://127.0.0.1:${port}${path}`, { method, body: JSON.stringify(body) });
  const drain = () =>
    exec("/bin/bash", [join(scripts, "drain.sh"), String(ports.admin), String((pool?.drainSeconds ?? 0) + 5)], { env: {}, allowFailure: true });

  it("answers through both", async () => {
    const answer = await ask(ports.router, "/api/generate", { model: tiny, prompt: "Hello", stream: false });
    expect(answer.status).to.equal(200);
    expect(await answer.json()).to.deep.include({ model: tiny, done: true });
  });

  it("lets nobody change the models, through either", async () => {
    for (const port of [ports.sidecar, ports.router]) {
      for (const path of ["/api/pull", "/api/create", "/api/copy", "/api/push"]) expect((await ask(port, path, { model: tiny })).status, path).to.equal(403);
      expect((await ask(port, "/api/delete", { model: tiny }, "DELETE")).status).to.equal(403);
    }
    expect((await ask(ports.router, "/api/generate", { model: tiny, prompt: "Hello", stream: false })).status).to.equal(200);
  });

  it("is drained before it is stopped: streams end, what is new goes elsewhere", async () => {
    const stream = await ask(ports.sidecar, "/api/generate", { model: tiny, prompt: "Hello", options: { num_predict: 400 } });
    const reader = stream.body?.getReader();
    await reader?.read(); // it streams
    const drained = drain();
    await sleep(100);
    const refused = await ask(ports.sidecar, "/api/generate", { model: tiny, prompt: "Hello", stream: false });
    expect([refused.status, refused.headers.get("x-model-proxy")]).to.deep.equal([503, "draining"]);
    let last = "";
    for (let piece = await reader?.read(); piece && !piece.done; piece = await reader?.read()) last = (last + Buffer.from(piece.value).toString()).slice(-2000);
    expect(last).to.include('"done":true').and.include('"eval_count":400');
    const { code, stdout, stderr } = await drained;
    expect([code, stdout + stderr]).to.deep.equal([0, ""]);
  });

  it("is stopped all the same where there is no sidecar to wait for", async () => {
    children[1]?.kill("SIGKILL");
    await sleep(100);
    const { code, stdout } = await drain();
    expect(code).to.equal(1);
    expect(stdout).to.include("not drained: the server does not listen on 127.0.0.1:");
  });
});
