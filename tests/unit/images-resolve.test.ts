import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { resolveImagesLock } from "../../images/resolve";
import { UserError } from "../../tools/lib/errors";

const digest = `sha256:${"d".repeat(64)}`;
/** Of the tracked lock what is said above it, an image of a registry and one of none. */
const [about = "", ...entries] = readFileSync(join(__dirname, "../../images/images.lock"), "utf8").split(/\n\n(?=\S)/);
const some = `${[about, ...entries.filter((entry) => /^(ollama|tiny-model):/.test(entry)).map((entry) => entry.trimEnd())].join("\n\n")}\n`;

describe("filling images.lock in", () => {
  let dir: string;
  let lockFile: string;
  let server: Server;
  let url: string;
  let found: boolean;
  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), "oap-resolve-"));
    lockFile = join(dir, "images.lock");
    writeFileSync(lockFile, some);
    found = true;
    // As Docker Hub does it: a token first, from another address.
    server = createServer((request, response) => {
      if (request.url?.startsWith("/token")) {
        const good = request.url === "/token?service=test&scope=repository%3Aollama%2Follama%3Apull";
        response.writeHead(good ? 200 : 400).end(JSON.stringify({ token: "t" }));
      } else if (request.headers.authorization !== "Bearer t") {
        const challenge = `Bearer realm="${url}token",service="test",scope="repository:ollama/ollama:pull"`;
        response.writeHead(401, { "www-authenticate": challenge }).end();
      } else if (request.url === "/v2/ollama/ollama/manifests/0.17.4" && found && request.headers.accept?.includes("image.index")) {
        response.writeHead(200, { "docker-content-digest": digest }).end();
      } else response.writeHead(404).end();
    });
    const { promise, resolve } = Promise.withResolvers<void>();
    server.listen(0, "127.0.0.1", resolve);
    await promise;
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  });
  afterEach(() => {
    server.close();
    rmSync(dir, { recursive: true });
  });
  const resolve = () => resolveImagesLock({ lockFile, registryUrl: () => `${url}v2/` });

  it("writes the digest that the registry serves, and changes nothing else", async () => {
    const before = some.replace(/(tag: 0\.17\.4\n {2}digest: ).*/, `$1${digest}`);
    await resolve();
    expect(readFileSync(lockFile, "utf8")).to.equal(before);
  });

  it("names what it could not read, and leaves the file as it is", async () => {
    found = false;
    const error: unknown = await resolve().catch((e: unknown) => e);
    expect(error).to.be.instanceOf(UserError).with.property("message").that.contains("docker.io/ollama/ollama:0.17.4: the registry answered 404");
    expect(readFileSync(lockFile, "utf8")).to.equal(some);
  });
});
