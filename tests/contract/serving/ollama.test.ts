/** The scripts that run beside Ollama, with a real Ollama: under the very environment that the components give it, but for ports and folders. */
import { expect } from "chai";
import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { createServer as createProxy } from "node:http";
import { createServer, type Server } from "node:https";
import { connect, type AddressInfo, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { siteEnv, trustedCA } from "../../../components/common/site";
import { loaderEnv, serverEnv } from "../../../components/serving/ollamaEnv";
import { modelFiles } from "../../../images/tiny-model/model";
import { manifestPath } from "../../../stacks/modelNames";
import { exec } from "../../../tools/lib/exec";
import { root } from "../../../tools/lib/paths";
import { freePort } from "../../support/ports";
import { config, tiny } from "../../unit/support/config";
import { ended, listening, pathWithOllama, selfSigned } from "./ollamaProcess";

const scripts = join(root, "components/serving/scripts");
const lines = `${tiny} ${manifestPath(tiny)} load-tiny`;

interface Result {
  readonly code: number;
  readonly output: string;
}

describe("the scripts beside Ollama", function () {
  this.timeout(600_000);
  let path = "";
  let dir = "";
  let port = 0;
  let server: ChildProcess | undefined;

  before(async function () {
    this.timeout(30 * 60_000); // Ollama may have to be built
    path = await pathWithOllama();
  });
  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), "oap-serving-"));
    for (const name of ["store", "home", "tmp", "source"]) mkdirSync(join(dir, name));
    writeSource(0);
    port = await freePort();
  });
  afterEach(async () => {
    await stop();
    rmSync(dir, { recursive: true });
  });

  const store = (...parts: readonly string[]) => join(dir, "store", ...parts);
  const here = () => ({ PATH: path, HOME: join(dir, "home"), TMPDIR: join(dir, "tmp"), OLLAMA_MODELS: store(), OLLAMA_HOST: `127.0.0.1:${port}` });
  const fromFolder = () => ({ SOURCE_DIR: join(dir, "source") });

  function writeSource(seed: number, embeds = false): void {
    for (const [name, content] of Object.entries(modelFiles(seed, embeds))) writeFileSync(join(dir, "source", name), content);
  }
  async function run(script: string, args: readonly string[], env: Readonly<Record<string, string>>): Promise<Result> {
    const { code, stdout, stderr } = await exec("/bin/bash", [join(scripts, script), ...args], { env: { ...env }, allowFailure: true });
    return { code, output: `${stdout}${stderr}` };
  }
  function load(source: Readonly<Record<string, string>> = fromFolder(), version = "v1"): Promise<Result> {
    return run("load.sh", [], { ...loaderEnv(), ...here(), MODEL: tiny, MANIFEST: manifestPath(tiny), VERSION: version, ...source });
  }
  const verify = () => run("verify.sh", [], { ...here(), MODELS: lines });
  const ready = (args: readonly string[] = [], models = lines) => run("ready.sh", args, { ...here(), MODELS: models, LOAD_SECONDS: "20" });
  const modelBlob = () =>
    store("blobs", readdirSync(store("blobs")).find((name) => readFileSync(store("blobs", name)).subarray(0, 4).toString() === "GGUF") ?? "no model");

  /** Starts a server and waits until it listens. @returns what it printed until then */
  async function serve(): Promise<string> {
    const [pool] = config().serving.pools;
    if (!pool) throw new Error("no pool");
    const child = spawn("ollama", ["serve"], { env: { ...serverEnv(pool), ...here() }, stdio: ["ignore", "pipe", "pipe"] });
    server = child;
    let text = "";
    await listening(child, (piece) => (text += piece));
    return text;
  }
  async function stop(): Promise<void> {
    await ended(server);
    server = undefined;
  }
  async function post(path: string, body?: unknown, method = "POST"): Promise<unknown> {
    return (await fetch(`http://127.0.0.1:${port}${path}`, { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) })).json();
  }

  it("load a model once, and find it loaded the next time", async () => {
    const first = await load();
    expect(first.code, first.output).to.equal(0);
    expect(first.output).to.include("is loaded and verified");
    const second = await load();
    expect(second.output.trim().split("\n")).to.have.length(1);
    expect(await verify()).to.deep.equal({ code: 0, output: `model ${tiny}: verified\n` });
  });

  it("load a model that changed under the same name", async () => {
    await load();
    const before = readFileSync(store("manifests", manifestPath(tiny)), "utf8");
    writeSource(1);
    expect((await load(fromFolder(), "v2")).code).to.equal(0);
    expect(readFileSync(store("manifests", manifestPath(tiny)), "utf8")).not.to.equal(before);
  });

  it("find a corrupt and a missing file, name them and the fix, and repair both", async () => {
    await load();
    const blob = modelBlob();
    const content = readFileSync(blob);
    content[300_000] = (content[300_000] ?? 0) ^ 1;
    writeFileSync(blob, content);
    const config = readdirSync(store("blobs")).find((name) => !blob.endsWith(name)) ?? "";
    rmSync(store("blobs", config));
    const found = await verify();
    expect(found.code).to.equal(1);
    expect(found.output)
      .to.include(`${blob.slice(-64)} corrupt`)
      .and.include(`${config.slice(-64)} missing`)
      .and.include("Fix: kubectl delete job load-tiny");
    expect((await load()).code).to.equal(0);
    expect((await verify()).code).to.equal(0);
  });

  it("finish a load that was cut off", async () => {
    await load();
    truncateSync(modelBlob(), 1000);
    rmSync(store("manifests"), { recursive: true });
    const again = await load();
    expect(again.code, again.output).to.equal(0);
    expect((await verify()).code).to.equal(0);
  });

  it("refuse a source that is not what its checksums say, without trying again", async () => {
    truncateSync(join(dir, "source", "model.gguf"), 1000);
    const refused = await load();
    expect(refused.code).to.equal(64);
    expect(refused.output).to.include("the source is not what its sha256sums say. Fix:");
    expect(existsSync(store("manifests", manifestPath(tiny)))).to.equal(false);
  });

  it("refuse a source without a model, without trying again", async () => {
    rmSync(join(dir, "source", "Modelfile"));
    expect(await load()).to.deep.include({ code: 64 });
  });

  it("say why Ollama refuses a Modelfile", async () => {
    writeFileSync(join(dir, "source", "Modelfile"), "FROM ./model.gguf\nPARAMETER no_such_parameter 1\n");
    const sums = ["model.gguf", "Modelfile"].map(
      (name) =>
        `${createHash("sha256")
          .update(readFileSync(join(dir, "source", name)))
          .digest("hex")}  ${name}\n`,
    );
    writeFileSync(join(dir, "source", "sha256sums"), sums.join(""));
    const refused = await load();
    expect(refused.code).to.equal(1);
    expect(refused.output).to.match(/ollama create failed: .*no_such_parameter/);
  });

  it("say that a model is not in the store", async () => {
    expect(await verify()).to.deep.include({ code: 1 });
    expect((await verify()).output).to.include(`model ${tiny} is not in the store. Fix:`);
  });

  it("find a server ready when its models answer, and tell why it is not", async () => {
    await load();
    expect((await ready()).output).to.include("the server does not listen on");
    await serve();
    expect(await ready(["start"])).to.deep.equal({ code: 0, output: "" });
    expect(await ready()).to.deep.equal({ code: 0, output: "" });
    expect((await ready([], "other:1 x")).output).to.equal("model other:1 does not answer: model 'other:1' not found\n");
  });

  it("find a server ready when a model that embeds, and does nothing else, has embedded a text", async () => {
    writeSource(0, true);
    await load();
    await serve();
    expect(await post("/api/generate", { model: tiny, prompt: "Hello" }))
      .to.have.property("error")
      .that.includes("does not support generate");
    expect(await post("/api/ps", undefined, "GET")).to.deep.equal({ models: [] });
    expect(await ready(["start"])).to.deep.equal({ code: 0, output: "" });
    expect(await post("/api/ps", undefined, "GET")).to.have.nested.property("models[0].model", tiny);
    expect(await ready()).to.deep.equal({ code: 0, output: "" });
  });

  it("find a server alive while it answers, on the loopback of its pod", async () => {
    const alive = () => run("alive.sh", [], here());
    expect((await alive()).output).to.match(/^the server does not answer: the server does not listen on 127\.0\.0\.1:/);
    await serve();
    expect(await alive()).to.deep.equal({ code: 0, output: "" });
    server?.kill("SIGSTOP");
    const frozen = await alive();
    server?.kill("SIGCONT");
    expect(frozen).to.deep.equal({ code: 1, output: "the server does not answer: no answer to GET /api/version within 5 s\n" });
  });

  it("find a server not ready when a model can't be loaded into memory any more", async () => {
    await load();
    await serve();
    expect((await ready(["start"])).code).to.equal(0);
    await post("/api/generate", { model: tiny, keep_alive: 0 });
    truncateSync(modelBlob(), 1000);
    await post("/api/generate", { model: tiny, keep_alive: 0 });
    const found = await ready(["start"]);
    expect(found.code, found.output).to.equal(1);
    expect(found.output).to.include(`model ${tiny} does not answer: `);
  });

  it("give the server settings that it takes", async () => {
    await load();
    const log = await serve();
    const [pool] = config().serving.pools;
    const printed = /server config" env="map\[(.*)\]"/.exec(log)?.[1] ?? "";
    expect(printed).to.include(`OLLAMA_CONTEXT_LENGTH:${pool?.contextLength}`).and.include(`OLLAMA_NUM_PARALLEL:${pool?.parallel}`);
    for (const setting of [
      "OLLAMA_FLASH_ATTENTION:true",
      "OLLAMA_KEEP_ALIVE:24h0m0s",
      "OLLAMA_KV_CACHE_TYPE:f16",
      "OLLAMA_LOAD_TIMEOUT:5m0s",
      "OLLAMA_MAX_LOADED_MODELS:3",
    ]) {
      expect(printed).to.include(setting);
    }
    for (const setting of ["OLLAMA_MAX_QUEUE:512", "OLLAMA_NOPRUNE:true", "OLLAMA_NO_CLOUD:true", `OLLAMA_MODELS:${store()}`])
      expect(printed).to.include(setting);
    for (const name of Object.keys(pool ? serverEnv(pool) : {}).filter((key) => key.startsWith("OLLAMA_"))) expect(printed).to.include(`${name}:`);
  });

  describe("with a registry", () => {
    let registry: Server;
    let name = "";
    let digest = "";
    let broken = false;
    const blobs = new Map<string, Buffer>();

    beforeEach(async () => {
      // What a registry holds is what another store holds.
      await load();
      const manifest = readFileSync(store("manifests", manifestPath(tiny)), "utf8").trimEnd(); // as Ollama stores what it pulls
      digest = `sha256:${createHash("sha256").update(manifest).digest("hex")}`;
      blobs.clear();
      for (const blob of readdirSync(store("blobs"))) blobs.set(blob.replace("-", ":"), readFileSync(store("blobs", blob)));
      rmSync(store(), { recursive: true });
      mkdirSync(store());
      broken = false;
      const certificate = selfSigned(dir);
      registry = createServer({ key: readFileSync(certificate.key), cert: readFileSync(certificate.cert) }, (request, response) => {
        const [, what, which = ""] = /^\/v2\/library\/tiny\/(manifests|blobs)\/(.*)$/.exec(request.url ?? "") ?? [];
        const content = what === "manifests" && which === "1" ? Buffer.from(manifest) : what === "blobs" ? blobs.get(which) : undefined;
        if (!content) return void response.writeHead(404).end();
        // Ollama downloads blobs from where a redirect to another host leads, and nowhere else (server/download.go).
        const elsewhere = { localhost: "127.0.0.1", "models.example.com": "blobs.example.com" }[request.headers.host?.split(":")[0] ?? ""];
        if (what === "blobs" && request.method === "GET" && elsewhere !== undefined) {
          return void response.writeHead(307, { location: `https://${elsewhere}:${request.socket.localPort}${request.url}` }).end();
        }
        const range = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? "");
        const part = range ? content.subarray(Number(range[1]), Number(range[2]) + 1) : content;
        const sent = broken && what === "blobs" && content.length > 100_000 ? Buffer.alloc(part.length) : part;
        response
          .writeHead(range ? 206 : 200, { "content-length": content === part ? content.length : part.length })
          .end(request.method === "HEAD" ? undefined : sent);
      });
      await new Promise<void>((resolve) => registry.listen(0, "127.0.0.1", resolve));
      name = `localhost:${(registry.address() as AddressInfo).port}/library/tiny:1`;
    });
    afterEach(() => registry.close());

    const pull = (source: Readonly<Record<string, string>> = {}) =>
      load({ SOURCE_NAME: name, SOURCE_MANIFEST: manifestPath(name), SOURCE_DIGEST: digest, SSL_CERT_FILE: join(dir, "cert.pem"), ...source });

    it("pull a model under its own name, by the digest of its manifest", async () => {
      const pulled = await pull();
      expect(pulled.code, pulled.output).to.equal(0);
      expect(pulled.output).to.include("100 % of");
      expect((await verify()).code).to.equal(0);
    });

    it("refuse a model of another digest, without trying again", async () => {
      const refused = await pull({ SOURCE_DIGEST: `sha256:${"0".repeat(64)}` });
      expect(refused.code).to.equal(64);
      expect(refused.output).to.include(`the registry served ${digest}, the configuration says sha256:000`);
      expect((await verify()).output).to.include("is not in the store");
    });

    it("pull through a site's proxy, from a host that its own authority vouches for, as all pods are told to", async () => {
      const asked: string[] = [];
      const sockets: Socket[] = [];
      const proxy = createProxy().on("connect", (request, client: Socket) => {
        asked.push(request.url ?? "");
        const there = connect((registry.address() as AddressInfo).port, "127.0.0.1", () => client.write("HTTP/1.1 200 OK\r\n\r\n"));
        there.on("error", () => client.destroy()).pipe(client);
        client.on("error", () => there.destroy()).pipe(there);
        sockets.push(client, there);
      });
      await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
      // As the kubelet mounts a ConfigMap.
      const mount = join(dir, "trusted-ca");
      mkdirSync(join(mount, "..1"), { recursive: true });
      copyFileSync(join(dir, "cert.pem"), join(mount, "..1", trustedCA.key));
      symlinkSync("..1", join(mount, "..data"));
      symlinkSync(join("..data", trustedCA.key), join(mount, trustedCA.key));
      const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
      const site = siteEnv({ gpuResource: "nvidia.com/gpu", trustedCA: true, proxy: { url, noProxy: [] } });
      const env = Object.fromEntries(Object.entries(site).map(([key, value]) => [key, value.replace(trustedCA.path, mount)]));

      const mirror = name.replace("localhost", "models.example.com");
      const from = { ...env, SOURCE_NAME: mirror, SOURCE_MANIFEST: manifestPath(mirror), SOURCE_DIGEST: digest };
      const distrusted = await load({ ...from, SSL_CERT_DIR: "/etc/ssl/certs" });
      expect(distrusted.output).to.include("certificate signed by unknown authority");
      const pulled = await load(from);
      expect(pulled.code, pulled.output).to.equal(0);
      expect((await verify()).code).to.equal(0);
      expect(new Set(asked.map((host) => host.split(":")[0]))).to.deep.equal(new Set(["models.example.com", "blobs.example.com"]));
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => proxy.close(resolve));
    });

    it("say why a pull failed", async () => {
      const failed = await pull({ SOURCE_NAME: name.replace(/1$/, "2") });
      expect(failed.code).to.equal(1);
      expect(failed.output).to.include("the pull failed: ").and.include("Fix:");
    });

    it("never take content that is not what its name says", async () => {
      broken = true;
      const failed = await pull();
      expect(failed.code, failed.output).to.equal(1);
      expect(failed.output).to.match(/digest mismatch/);
      broken = false;
      expect((await pull()).code).to.equal(0);
    });
  });
});
