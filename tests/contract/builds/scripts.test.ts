/** The steps of a build with real Git, real crane and a real registry, as a user without any right. */
import { expect } from "chai";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { buildScript, type BuildScript } from "../../../components/builds/scripts";
import { exec, type ExecResult } from "../../../tools/lib/exec";
import { ensurePrograms } from "../../../tools/toolchain";
import { which } from "../../../tools/toolchain/which";

const folder = "models/tiny";

/** Whether the steps can be run as somebody else, and with fewer rights. */
const asNobody = process.getuid?.() === 0 && which("setpriv") !== undefined;

describe("the steps of a build", function () {
  this.timeout(300_000);
  const dir = mkdtempSync(join(tmpdir(), "oap-builds-"));
  let crane: string;
  let registry: ChildProcess;
  let host: string;
  before(async () => {
    chmodSync(dir, 0o755);
    // Where nobody may run it.
    crane = join(dir, "bin/crane");
    mkdirSync(dirname(crane));
    copyFileSync((await ensurePrograms(["crane"])).crane.path("crane"), crane);
    chmodSync(crane, 0o755);
    registry = spawn(crane, ["registry", "serve", "--address", "127.0.0.1:0"], { stdio: ["ignore", "ignore", "pipe"] });
    host = await addressOf(registry);
  });
  after(() => {
    registry.kill("SIGKILL");
    rmSync(dir, { recursive: true, force: true });
  });

  /** A commit with files in the folder of the model. */
  async function commit(name: string, files: Readonly<Record<string, string>>): Promise<string> {
    const repository = join(dir, name);
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(dirname(join(repository, folder, file)), { recursive: true });
      writeFileSync(join(repository, folder, file), text);
    }
    const git = (...args: string[]) => exec("git", ["-C", repository, "-c", "user.name=test", "-c", "user.email=test@example.com", ...args]);
    await git("init", "--quiet", "--initial-branch=main");
    await git("add", ".");
    await git("commit", "--quiet", "--message=models");
    // Git asks that a repository is its user's own.
    if (asNobody) await exec("chown", ["-R", "65534:65534", repository]);
    return repository;
  }

  /** A step in a folder, as nobody: without capabilities and without a way to get any, as a restricted pod. */
  function step(script: BuildScript, cwd: string, env: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<ExecResult> {
    const variables = { PATH: `${dirname(crane)}:${process.env.PATH ?? ""}`, HOME: cwd, ...env };
    const command = ["/bin/bash", "-c", buildScript(script), script, ...args];
    const nobody = ["--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all"];
    const [program = "", ...rest] = asNobody ? ["setpriv", ...nobody, ...command] : command;
    return exec(program, rest, { cwd, env: variables, allowFailure: true });
  }

  interface Built {
    readonly steps: readonly ExecResult[];
    readonly digest: string;
  }
  let builds = 0;
  async function build(repository: string, image: string): Promise<Built> {
    const work = join(dir, `work-${++builds}`);
    mkdirSync(work, { mode: 0o777 });
    chmodSync(work, 0o777);
    const source = join(work, "source");
    const cloned = await step("clone.sh", work, { URL: `file://${repository}`, REF: "main", REVISION: "" });
    if (cloned.code !== 0) return { steps: [cloned], digest: "" };
    const prepared = await step("prepare.sh", source, {}, folder);
    if (prepared.code !== 0) return { steps: [cloned, prepared], digest: "" };
    const results = { IMAGE: image, DIGEST_FILE: join(work, "digest"), URL_FILE: join(work, "url") };
    const pushed = await step("push.sh", source, results, folder);
    if (pushed.code !== 0) return { steps: [cloned, prepared, pushed], digest: "" };
    expect(readFileSync(results.URL_FILE, "utf8")).to.equal(image);
    return { steps: [cloned, prepared, pushed], digest: readFileSync(results.DIGEST_FILE, "utf8") };
  }

  const files = { Modelfile: "# a model\nFROM ./weights/model.gguf\nPARAMETER temperature 0\n", "weights/model.gguf": "GGUF weights", "a b.txt": "notes" };

  it("make an image that holds the folder with its checksums and nothing else, under the digest that they say", async () => {
    const image = `${host}/ai/team-models`;
    const { steps, digest } = await build(await commit("good", files), image);
    expect(steps.map(({ code, stderr }) => [code, stderr.split("\n").filter((line) => line.includes("Fix"))])).to.deep.equal(steps.map(() => [0, []]));
    expect(digest).to.match(/^sha256:[0-9a-f]{64}$/);
    expect(steps[2]?.stdout).to.contain(`builds[].digest: ${digest}`);
    expect((await exec(crane, ["digest", `${image}@${digest}`])).stdout.trim()).to.equal(digest);

    const unpacked = join(dir, "unpacked");
    mkdirSync(unpacked);
    await exec(crane, ["export", `${image}@${digest}`, join(dir, "image.tar")]);
    await exec("tar", ["-xf", join(dir, "image.tar"), "-C", unpacked]);
    const listed = (await exec("find", [".", "-type", "f"], { cwd: unpacked })).stdout.trim().split("\n").sort();
    expect(listed).to.deep.equal([...Object.keys(files), "sha256sums"].map((file) => `./models/${folder}/${file}`).sort());
    // As the loader checks them.
    await exec("sha256sum", ["--check", "--strict", "--quiet", "sha256sums"], { cwd: join(unpacked, "models", folder) });
  });

  it("make an image with the same digest from the same files", async () => {
    const image = `${host}/ai/again`;
    const [one, two] = [await build(await commit("one", files), image), await build(await commit("two", files), image)];
    expect(one.digest).to.match(/^sha256:/);
    expect(two.digest).to.equal(one.digest);
  });

  const wrong: readonly (readonly [what: string, files: Readonly<Record<string, string>>, message: string])[] = [
    ["there is no Modelfile", { "model.gguf": "x" }, "there is no Modelfile"],
    ["its Modelfile names a file that is not there", { Modelfile: "FROM ./gone.gguf\n" }, "names ./gone.gguf, which is not there"],
    ["its Modelfile takes another model", { Modelfile: "FROM llama3.2:3b\n" }, "names llama3.2:3b"],
    ["its Modelfile leaves the folder", { Modelfile: "FROM ./../x.gguf\n" }, "names ./../x.gguf"],
    [
      "the weights are a pointer",
      { Modelfile: "FROM ./m.gguf\n", "m.gguf": "version https://git-lfs.github.com/spec/v1\noid sha256:1\n" },
      "pointer of Git LFS",
    ],
  ];
  for (const [i, [what, tree, message]] of wrong.entries()) {
    it(`refuse a folder where ${what}, with what to do`, async () => {
      const { steps } = await build(await commit(`wrong-${i}`, tree), `${host}/ai/wrong`);
      expect(steps).to.have.length(2);
      expect(steps[1]?.code).to.equal(64);
      expect(steps[1]?.stderr).to.contain(message).and.contain("Fix: ");
    });
  }

  it("show a repository the credentials of its Secret, and nobody else", async () => {
    const seen: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      seen.push(request.headers.authorization);
      response.writeHead(request.headers.authorization === undefined ? 401 : 404, { "WWW-Authenticate": 'Basic realm="git"' }).end();
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const work = join(dir, "private");
    mkdirSync(join(work, "credentials"), { recursive: true });
    chmodSync(work, 0o777);
    writeFileSync(join(work, "credentials/username"), "robot");
    writeFileSync(join(work, "credentials/password"), 'it\'s a "pass$word"');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/models.git`;
    const result = await step("clone.sh", work, { URL: url, REF: "main", REVISION: "", CREDENTIALS: join(work, "credentials") });
    server.close();
    expect(result.code).to.not.equal(0);
    expect(seen[0]).to.equal(undefined);
    expect(Buffer.from((seen[1] ?? "").replace("Basic ", ""), "base64").toString()).to.equal('robot:it\'s a "pass$word"');
    expect(`${result.stdout}${result.stderr}${readFileSync(join(work, ".home/.gitconfig"), "utf8")}`).to.not.contain("pass$word");
  });
});

/** Where the registry listens, as it says on its standard error. */
function addressOf(registry: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    registry.stderr?.on("data", (chunk) => {
      text += String(chunk);
      const [, port] = /serving on port (\d+)/.exec(text) ?? [];
      if (port !== undefined) resolve(`127.0.0.1:${port}`);
    });
    registry.once("exit", () => {
      reject(new Error(`the registry ended: ${text}`));
    });
  });
}
