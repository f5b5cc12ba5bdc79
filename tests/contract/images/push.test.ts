/** Images of this repository into a real registry by crane, and a production stack that is then accepted, by the digests that the registry answers. */
import { expect } from "chai";
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { parseSiteLock, pinnedReference } from "../../../images/lock";
import { pushImages } from "../../../images/push";
import { craneRegistry } from "../../../images/registry";
import { renderConfiguration } from "../../../tools/commands/render";
import { exec } from "../../../tools/lib/exec";
import { imagesWithoutDigest, manifestsOf } from "../../../tools/render/render";
import { ensurePrograms } from "../../../tools/toolchain";

describe("images of this repository in a registry", function () {
  this.timeout(900_000);
  const dir = mkdtempSync(join(tmpdir(), "oap-push-"));
  const out = join(dir, "images.site.lock");
  /** What reached the registry, as it logs it: `POST /v2/…`. */
  const requests: string[] = [];
  let crane: string;
  let server: ChildProcess;
  let registry: string;

  before(async () => {
    crane = (await ensurePrograms(["crane"])).crane.path("crane");
    server = spawn(crane, ["registry", "serve", "--address", "127.0.0.1:0"], { stdio: ["ignore", "ignore", "pipe"] });
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    server.on("exit", () => reject(new Error("the registry ended")));
    if (server.stderr === null) throw new Error("the registry has no output");
    createInterface(server.stderr).on("line", (line) => {
      const port = /serving on port (\d+)/.exec(line)?.[1];
      if (port !== undefined) resolve(port);
      const request = /\b(GET|HEAD|POST|PUT|PATCH) \/v2\/\S*/.exec(line)?.[0];
      if (request !== undefined) requests.push(request);
    });
    registry = `127.0.0.1:${await promise}/ai`;
  });
  after(() => {
    server.kill("SIGKILL");
    rmSync(dir, { recursive: true, force: true });
  });

  const push = (images: readonly string[], make = false) =>
    pushImages({ registry, images, out, make }, { registry: (name) => Promise.resolve(craneRegistry(crane, name)) });
  const site = () => parseSiteLock(readFileSync(out, "utf8")).images ?? {};
  const uploads = () => requests.filter((request) => /^(POST|PUT|PATCH)/.test(request));
  const production = (lock?: string) => {
    const tracked = renderConfiguration("production");
    return manifestsOf("production", { ...tracked, images: lock === undefined ? {} : { lock } });
  };
  const refused = async (work: Promise<unknown>): Promise<string> =>
    work.then(
      () => "",
      (error: unknown) => (error as Error).message,
    );

  it("are there by the digests that the site's lock then has", async () => {
    await push(["model-proxy", "tiny-model"]);
    expect(Object.keys(site())).to.deep.equal(["tiny-model", "model-proxy"]);
    for (const { image, tag, digest } of Object.values(site())) {
      expect((await exec(crane, ["digest", `${image}:${tag}`])).stdout.trim()).to.equal(digest);
      // Every byte of it, checked against its digest.
      await exec(crane, ["pull", "--format=oci", `${image}@${digest}`, mkdtempSync(join(dir, "pulled-"))]);
    }
    expect((await exec(crane, ["config", `${registry}/model-proxy:1.0.0`])).stdout).to.contain('"Entrypoint":["/usr/bin/model-proxy"]');
    expect(uploads()).not.to.have.length(0);
  });

  it("are not uploaded a second time, with the lock or without", async () => {
    const [before, lock] = [uploads().length, readFileSync(out, "utf8")];
    await push(["model-proxy", "tiny-model"]);
    rmSync(out);
    await push(["model-proxy", "tiny-model"]);
    expect(uploads()).to.have.length(before);
    expect(readFileSync(out, "utf8")).to.equal(lock);
  });

  it("that no registry answers for are named, all of them", async () => {
    const nowhere = pushImages(
      { registry: "127.0.0.1:1/ai", images: ["model-proxy", "tiny-model"], out: join(dir, "none") },
      { registry: (name) => Promise.resolve(craneRegistry(crane, name)) },
    );
    expect(await refused(nowhere)).to.match(/2 of 2 images[^]*model-proxy: 127[^]*connection refused[^]*tiny-model: 127/);
  });

  it("let production be, once all that it runs is there", async () => {
    expect(await refused(production())).to.match(/without a digest: ollama \([^,]*, model-proxy \([^,]*, tiny-model \([^,]*\n/);
    expect(await refused(production(out))).to.match(/without a digest: ollama \([^,]*\n[^]*fix of ollama: make images-lock[^]*make images-push/);
    await push(["ollama"], true);
    const manifests = await production(out);
    expect(imagesWithoutDigest(manifests)).to.deep.equal([]);
    const references = [...JSON.stringify(manifests).matchAll(/"(?:image|reference)":"([^"]+)"/g)].map(([, reference]) => reference);
    expect(new Set(references)).to.deep.equal(new Set(Object.values(site()).map(pinnedReference)));
  });
});
