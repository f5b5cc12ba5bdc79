import { expect } from "chai";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { exec } from "../../tools/lib/exec";
import { recentFailure, rememberFailure } from "../../tools/toolchain/download";
import { ensureProgram } from "../../tools/toolchain/ensure";
import type { ProgramSpec } from "../../tools/toolchain/programs";
import { captured, hello, silentServer, workshop, type Workshop } from "../support/toolchain";

describe("the order of sources: yours, the official download, packages", function () {
  this.timeout(60_000);
  let shop: Workshop;
  let server: Server;
  let base: string;
  let requests: string[];
  const files: Record<string, Buffer | string> = {};

  beforeEach(async () => {
    shop = workshop();
    requests = [];
    server = createServer((request, response) => {
      requests.push(request.url ?? "");
      const body = files[request.url ?? ""];
      response.statusCode = body === undefined ? 404 : 200;
      response.end(body);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
    shop.close();
  });

  const spec = (from = base): ProgramSpec => ({
    ...hello,
    own: { executable: "hello", versionArgs: ["version"], minimum: "3.250.0" },
    download: (version) => ({ url: `${from}/hello-${version}.tar.gz`, checksums: `${from}/sums.txt`, strip: 1 }),
  });

  /** Serves a release whose program prints "official". */
  async function serveRelease(checksum?: string): Promise<void> {
    const dir = join(shop.dir, "release", "hello");
    mkdirSync(dir, { recursive: true });
    writeFileSync(join(dir, "hello"), "#!/bin/sh\necho official\n", { mode: 0o755 });
    await exec("tar", ["-czf", join(shop.dir, "release.tar.gz"), "-C", join(shop.dir, "release"), "hello"]);
    const archive = readFileSync(join(shop.dir, "release.tar.gz"));
    files["/hello-v0.1.0.tar.gz"] = archive;
    files["/sums.txt"] = `${checksum ?? createHash("sha256").update(archive).digest("hex")}  hello-v0.1.0.tar.gz\n`;
  }

  it("takes yours when it is new enough, and asks nobody", async () => {
    shop.fake("hello", "echo v3.259.0");
    const { output, result } = await captured(() => ensureProgram(spec(), shop));
    expect(result).to.deep.equal({ version: "3.259.0", dir: join(shop.dir, "fakes"), source: "yours" });
    expect(output).to.equal(`  ✓ hello 3.259.0: yours ${join(shop.dir, "fakes/hello")}\n`);
    expect(requests).to.deep.equal([]);
  });

  it("takes the official download when yours is too old, and says so", async () => {
    await serveRelease();
    shop.fake("hello", "echo v3.249.9");
    const { output, result } = await captured(() => ensureProgram(spec(), shop));
    expect(result.source).to.equal("downloaded");
    expect((await exec(join(result.dir, "hello"), [])).stdout).to.equal("official\n");
    expect(output).to.match(/✓ hello 0\.1\.0: official download/);
    const again = await captured(() => ensureProgram(spec(), shop));
    expect(again.result).to.deep.equal({ ...result, source: "cached" });
    expect(again.output).to.contain("is 3.249.9, older than 3.250.0");
  });

  it("ignores a program of yours that hangs", async () => {
    await serveRelease();
    shop.fake("hello", "exec sleep 30");
    const { result } = await captured(() => ensureProgram(spec(), { ...shop, stallMs: 300 }));
    expect(result.source).to.equal("downloaded");
  });

  it("refuses a download that differs from the publisher's checksum, and builds from packages", async () => {
    await serveRelease("0".repeat(64));
    const { output, result } = await captured(() => ensureProgram(spec(), shop));
    expect(result.source).to.equal("built");
    expect(output).to.match(/built from packages; no official download: its SHA-256 is [0-9a-f]{64}, the publisher says 0{64}/);
  });

  it("gives up a download that stalls, and does not ask that host again", async () => {
    const silent = await silentServer();
    const from = `http://127.0.0.1:${silent.port}`;
    const start = Date.now();
    const { output, result } = await captured(() => ensureProgram(spec(from), { ...shop, stallMs: 500 }));
    expect(result.source).to.equal("built");
    expect(output).to.contain("no official download: nothing arrived for 0.5 s");
    expect(Date.now() - start).to.be.lessThan(30_000);
    expect(recentFailure(`${from}/other`, shop.cacheDir)).to.equal("nothing arrived for 0.5 s");
    silent.close();
  });

  it("asks a host that failed again after an hour", () => {
    const url = "https://example.com/x";
    rememberFailure(url, "no answer", shop.cacheDir);
    const file = join(shop.cacheDir, "unreachable", "example.com");
    writeFileSync(file, JSON.stringify({ time: Date.now() - 61 * 60 * 1000, reason: "no answer" }));
    expect(recentFailure(url, shop.cacheDir)).to.equal(undefined);
  });
});
