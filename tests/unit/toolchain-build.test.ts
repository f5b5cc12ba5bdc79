import { expect } from "chai";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, existsSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../../tools/lib/errors";
import { exec } from "../../tools/lib/exec";
import { root } from "../../tools/lib/paths";
import { ensureProgram } from "../../tools/toolchain/ensure";
import { captured, failure, hello, silentServer, workshop, type Workshop } from "../support/toolchain";

/** Names in the cache of programs that belong to no finished build. */
const leftovers = (shop: Workshop) => readdirSync(join(shop.cacheDir, "programs")).filter((name) => /\.tmp-|\.lock/.test(name));

/** A process of its own that builds `hello` in the workshop. */
function builder(shop: Workshop) {
  const script = join(shop.dir, "build.ts");
  const context = JSON.stringify({ programsDir: shop.programsDir, cacheDir: shop.cacheDir, logDir: shop.logDir });
  const module = (path: string) => JSON.stringify(join(root, path));
  writeFileSync(
    script,
    `import { ensureProgram } from ${module("tools/toolchain/ensure")};\nimport { hello } from ${module("tests/support/toolchain")};\nvoid ensureProgram(hello, ${context});\n`,
  );
  return spawn(process.execPath, ["--import", join(root, "node_modules/tsx/dist/loader.mjs"), script], { stdio: ["ignore", "pipe", "inherit"] });
}

/** Resolves when `child` printed `text`; rejects when it ended without. */
async function printed(child: ReturnType<typeof builder>, text: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let output = "";
  child.stdout.on("data", (data) => {
    output += String(data);
    if (output.includes(text)) resolve();
  });
  child.stdout.on("end", () => {
    reject(new Error(`it never printed "${text}" but: ${output}`));
  });
  return promise;
}

/** A Go that says that it started, and then builds nothing until the file "go-on" is there. */
const slowGo = (shop: Workshop) =>
  `case "$1" in build) touch ${shop.dir}/started; while [ ! -e ${shop.dir}/go-on ]; do sleep 0.05; done ;; esac\nPATH=\${PATH#*:} exec go "$@"`;

async function appears(file: string): Promise<void> {
  while (!existsSync(file)) await new Promise((resolve) => setTimeout(resolve, 20));
}

describe("building a program", function () {
  this.timeout(60_000);
  let shop: Workshop;
  beforeEach(() => (shop = workshop()));
  afterEach(() => {
    shop.close();
  });

  it("builds it once, makes its links, and says on a line each what was taken from where", async () => {
    const first = await captured(() => ensureProgram(hello, shop));
    expect(first.result.source).to.equal("built");
    expect(first.output).to.match(/✓ hello 0\.1\.0: built from packages \(\d+ s\)\n$/);
    expect((await exec(join(first.result.dir, "greet"), [])).stderr).to.equal("hello\n");
    const second = await captured(() => ensureProgram(hello, shop));
    expect(second.result).to.deep.equal({ ...first.result, source: "cached" });
    expect(second.output).to.equal("  ✓ hello 0.1.0: cached\n");
    expect(leftovers(shop)).to.deep.equal([]);
    expect(readFileSync(join(shop.logDir, "build-hello.log"), "utf8")).to.contain("$ go build -v -trimpath");
  });

  it("builds it again when a source, a flag or go.mod changed", async () => {
    const { result: first } = await captured(() => ensureProgram(hello, shop));
    appendFileSync(join(shop.programsDir, "hello/main.go"), "\n// changed\n");
    const { result: changed } = await captured(() => ensureProgram(hello, shop));
    const { result: tagged } = await captured(() => ensureProgram({ ...hello, tags: ["other"] }, shop));
    expect([changed.source, tagged.source]).to.deep.equal(["built", "built"]);
    expect(new Set([first.dir, changed.dir, tagged.dir]).size).to.equal(3);
  });

  it("builds it again when the cached executable is cut short or gone", async () => {
    const { result: first } = await captured(() => ensureProgram(hello, shop));
    truncateSync(join(first.dir, "hello"), 1000);
    const { result: second } = await captured(() => ensureProgram(hello, shop));
    expect(second).to.deep.equal({ ...first, source: "built" });
    expect((await exec(join(second.dir, "hello"), [])).stderr).to.equal("hello\n");
  });

  it("starts anew after a build that was killed, and removes what that left", async () => {
    shop.fake("go", slowGo(shop));
    const killed = builder(shop);
    await appears(join(shop.dir, "started"));
    killed.kill("SIGKILL");
    await once(killed, "exit");
    expect(leftovers(shop)).to.have.length(2);
    writeFileSync(join(shop.dir, "go-on"), "");
    const { result } = await captured(() => ensureProgram(hello, shop));
    expect(result.source).to.equal("built");
    expect(leftovers(shop)).to.deep.equal([]);
  });

  it("waits for another process that builds it, and says so", async () => {
    shop.fake("go", slowGo(shop));
    const first = builder(shop);
    await appears(join(shop.dir, "started"));
    const second = builder(shop);
    await printed(second, `hello 0.1.0: waiting for process ${first.pid ?? 0}, which is making it`);
    writeFileSync(join(shop.dir, "go-on"), "");
    expect(await Promise.all([once(first, "exit"), once(second, "exit")])).to.deep.equal([
      [0, null],
      [0, null],
    ]);
    const { result } = await captured(() => ensureProgram(hello, shop));
    expect(result.source).to.equal("cached");
  });

  it("names a missing Go, with the fix", async () => {
    process.env.PATH = join(shop.dir, "fakes");
    const error = await failure(() => ensureProgram(hello, shop));
    expect(error).to.be.instanceOf(UserError).with.property("message", "go: no such program");
    expect(error).to.have.property("fix", "install go and put it on PATH");
  });

  it("says that the disk is full, and leaves no half program", async () => {
    shop.fake("go", 'case "$1" in build) echo "write $WORK/b001/_pkg_.a: no space left on device" >&2; exit 1 ;; esac\nPATH=${PATH#*:} exec go "$@"');
    const error = await failure(() => ensureProgram(hello, shop));
    expect(error)
      .to.be.instanceOf(UserError)
      .with.property("message")
      .that.matches(/^hello 0\.1\.0: no disk space left \(full log: .*build-hello\.log\)$/);
    expect(error).to.have.property("fix").that.contains("free some space");
    expect(leftovers(shop)).to.deep.equal([]);
  });

  const needsModule = () => {
    writeFileSync(join(shop.programsDir, "hello/go.mod"), "module hello\n\ngo 1.26.0\n\nrequire example.com/absent v1.0.0\n");
    writeFileSync(
      join(shop.programsDir, "hello/go.sum"),
      `example.com/absent v1.0.0 h1:${"A".repeat(43)}=\nexample.com/absent v1.0.0/go.mod h1:${"A".repeat(43)}=\n`,
    );
    writeFileSync(join(shop.programsDir, "hello/main.go"), 'package main\n\nimport _ "example.com/absent"\n\nfunc main() {}\n');
  };

  it("gives up a module proxy that never answers", async () => {
    const server = await silentServer();
    needsModule();
    process.env.GOPROXY = `http://127.0.0.1:${server.port}`;
    const error = await failure(() => ensureProgram(hello, { ...shop, stallMs: 700 }));
    server.close();
    expect(error)
      .to.be.instanceOf(UserError)
      .with.property("message")
      .that.contains("the Go module proxy does not answer (go list: printed nothing for 0.7 s)");
    expect(error).to.have.property("fix").that.contains("go env GOPROXY");
  });

  it("says that there is no network", async () => {
    needsModule();
    process.env.GOPROXY = "http://127.0.0.1:9";
    const error = await failure(() => ensureProgram(hello, shop));
    expect(error).to.be.instanceOf(UserError).with.property("message").that.contains("its Go modules can't be downloaded").and.contains("connection refused");
  });

  it("passes a compiler's error on, with the log", async () => {
    writeFileSync(join(shop.programsDir, "hello/main.go"), "package main\n\nfunc main() { undefined() }\n");
    const error = await failure(() => ensureProgram(hello, shop));
    expect(error).to.have.property("message").that.contains("undefined: undefined").and.contains("full log: ");
  });
});
