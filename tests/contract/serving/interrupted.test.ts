/** Loading a model from a registry that breaks off, a loader that is killed, and a volume that is full: with a real Ollama, as the loader's pod runs it. */
import { expect } from "chai";
import { spawn, type ChildProcess } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loaderEnv } from "../../../components/serving/ollamaEnv";
import { manifestPath } from "../../../stacks/modelNames";
import { root } from "../../../tools/lib/paths";
import { freePort } from "../../support/ports";
import { pathWithOllama, selfSigned } from "./ollamaProcess";

const model = "big:1b-v1.0-random";
const mebibyte = 2 ** 20;
const layer = randomBytes(24 * mebibyte);
const settings = Buffer.from(JSON.stringify({ model_format: "gguf" }));
const digestOf = (data: Buffer | string) => `sha256:${createHash("sha256").update(data).digest("hex")}`;
const manifest = JSON.stringify({
  schemaVersion: 2,
  mediaType: "application/vnd.docker.distribution.manifest.v2+json",
  config: { mediaType: "application/vnd.docker.container.image.v1+json", digest: digestOf(settings), size: settings.length },
  layers: [{ mediaType: "application/vnd.ollama.image.model", digest: digestOf(layer), size: layer.length }],
});

describe("loading a model from a registry", function () {
  this.timeout(600_000);
  let path = "";
  let dir = "";
  let registry: Server;
  let name = "";
  /** Bytes of the layer that were sent, over all requests. */
  let sent = 0;
  /** Asked before each piece of the layer; true breaks the connection off. */
  let cut: (sent: number) => boolean = () => false;
  let loader: ChildProcess | undefined;

  before(async () => {
    path = await pathWithOllama();
  });
  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), "oap-interrupted-"));
    for (const folder of ["store", "home", "tmp"]) mkdirSync(join(dir, folder));
    sent = 0;
    cut = () => false;
    const { key, cert } = selfSigned(dir);
    registry = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (request, response) => {
      const [, what, which = ""] = /^\/v2\/library\/big\/(manifests|blobs)\/(.*)$/.exec(request.url ?? "") ?? [];
      if (what === "manifests") return void response.end(request.method === "HEAD" ? undefined : manifest);
      const content = which === digestOf(layer) ? layer : settings;
      // Ollama downloads blobs from where a redirect to another host leads, and nowhere else (server/download.go).
      if (request.method === "GET" && request.headers.host?.startsWith("localhost")) {
        return void response.writeHead(307, { location: `https://127.0.0.1:${request.socket.localPort}${request.url}` }).end();
      }
      const [, from = "0", to = String(content.length - 1)] = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? "") ?? [];
      const part = content.subarray(Number(from), Number(to) + 1);
      response.writeHead(request.headers.range ? 206 : 200, { "content-length": part.length });
      if (request.method === "HEAD") return void response.end();
      void send(part, response);
    });
    await new Promise<void>((resolve) => registry.listen(0, "127.0.0.1", resolve));
    name = `localhost:${(registry.address() as AddressInfo).port}/library/big:1`;
  });
  afterEach(async () => {
    if (loader?.pid !== undefined && loader.exitCode === null) kill(loader.pid);
    registry.closeAllConnections();
    await new Promise((resolve) => registry.close(resolve));
    rmSync(dir, { recursive: true, force: true });
  });

  /** In pieces, so that it can be broken off at a place. */
  async function send(part: Buffer, response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    response.once("close", () => gone.abort());
    for (let at = 0; at < part.length; at += 64 * 1024) {
      const piece = part.subarray(at, at + 64 * 1024);
      if (part.length > settings.length && cut(sent)) return void response.destroy();
      if (response.destroyed) return;
      if (part.length > settings.length) sent += piece.length;
      if (!response.write(piece)) await once(response, "drain", { signal: gone.signal }).catch(() => undefined);
    }
    response.end();
  }

  /** @param wrap the command that runs the loader, with its arguments */
  async function load(wrap: readonly string[] = []): Promise<{ code: number | null; output: string }> {
    const [command = "", ...args] = [...wrap, "/bin/bash", join(root, "components/serving/scripts/load.sh")];
    const child = spawn(command, args, {
      detached: true, // a group of its own, as a container has its processes
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        ...loaderEnv(),
        PATH: path,
        HOME: join(dir, "home"),
        TMPDIR: join(dir, "tmp"),
        OLLAMA_MODELS: join(dir, "store"),
        OLLAMA_HOST: `127.0.0.1:${await freePort()}`,
        SSL_CERT_FILE: join(dir, "cert.pem"),
        MODEL: model,
        MANIFEST: manifestPath(model),
        VERSION: "v1",
        SOURCE_NAME: name,
        SOURCE_MANIFEST: manifestPath(name),
        SOURCE_DIGEST: digestOf(manifest),
      },
    });
    loader = child;
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text: string) => (output += text));
    const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
    return { code, output };
  }
  const served = () => existsSync(join(dir, "store", "manifests", manifestPath(model)));

  for (const percent of [10, 50, 99]) {
    it(`goes on where the connection broke off, at ${percent} %`, async () => {
      let broken = false;
      cut = (bytes) => !broken && bytes >= (layer.length * percent) / 100 && (broken = true);
      const { code, output } = await load();
      expect(code, output).to.equal(0);
      expect(broken, "the connection was broken off").to.equal(true);
      // What was on its way in buffers is sent once more.
      expect(sent / layer.length).to.be.within(1, 1.3);
      expect(output).to.include("is loaded and verified");
    });

    it(`is finished by the next try when the loader is killed, at ${percent} %`, async () => {
      cut = (bytes) => {
        if (bytes < (layer.length * percent) / 100 || loader?.pid === undefined) return false;
        kill(loader.pid);
        return true;
      };
      expect((await load()).code, "killed").to.equal(null);
      expect(served(), "a model that is not whole has no manifest").to.equal(false);
      cut = () => false;
      const { code, output } = await load();
      expect(code, output).to.equal(0);
      expect(readFileSync(join(dir, "store/blobs", digestOf(layer).replace(":", "-"))).equals(layer)).to.equal(true);
      expect(served()).to.equal(true);
    });
  }

  it("says that the volume is full, and serves nothing of it", async () => {
    // A volume of 8 MiB in a mount namespace of its own; an ordinary user gets one with a user namespace.
    const small = [
      "unshare",
      ...(process.getuid?.() === 0 ? ["-m"] : ["-rm"]),
      "sh",
      "-c",
      `mount -t tmpfs -o size=8m none ${join(dir, "store")} && exec "$@"`,
      "sh",
    ];
    const { code, output } = await load(small);
    expect(code, output).to.equal(1);
    expect(output)
      .to.match(/no space left on device/)
      .and.include("room on the volume");
    expect(served()).to.equal(false);
  });

  it("shows how far it is, in steps of ten percent and MiB", async () => {
    const { output } = await load();
    expect(output).to.match(/ 100 % of 24 MiB/);
    expect(
      readdirSync(join(dir, "store/blobs")).filter((file) => file.includes("partial")),
      "nothing is left over",
    ).to.deep.equal([]);
  });
});

function kill(pid: number): void {
  process.kill(-pid, "SIGKILL");
}
