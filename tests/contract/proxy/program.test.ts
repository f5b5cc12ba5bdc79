/** The program by itself: its own tests, its image, what it says of itself. */
import { expect } from "chai";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readImagesLock } from "../../../images/ensure";
import { makeImage } from "../../../images/make";
import { exec } from "../../../tools/lib/exec";
import { root } from "../../../tools/lib/paths";
import { go } from "../../../tools/toolchain/go";
import { proxyProgram } from "./support";

describe("the program model-proxy", function () {
  this.timeout(15 * 60_000); // it may have to be built
  const entry = () => {
    const found = readImagesLock()["model-proxy"];
    if (!found) throw new Error("no model-proxy in images.lock");
    return found;
  };

  it("passes its own tests", async () => {
    const { stdout } = await go(["test", "./..."], { cwd: join(root, "images/model-proxy"), what: "tests of model-proxy" });
    expect(stdout)
      .to.match(/^ok\s+\S+\/internal\/router/m)
      .and.match(/^ok\s+\S+\/internal\/sidecar/m);
  });

  it("has the version of its image", async () => {
    expect((await exec(await proxyProgram(), ["version"])).stdout.trim()).to.equal(entry().tag);
  });

  it("says how it is used, with every setting", async () => {
    const { stdout } = await exec(await proxyProgram(), ["--help"]);
    for (const text of ["usage: model-proxy sidecar|router|", "MODEL_PROXY_SLOTS", "MODEL_PROXY_BACKEND", "MODEL_PROXY_QUEUE_SECONDS"])
      expect(stdout).to.include(text);
    for (const args of [[], ["serve"], ["sidecar", "now"]]) {
      const { code, stderr } = await exec(await proxyProgram(), args, { allowFailure: true });
      expect(code).to.equal(64);
      expect(stderr).to.include("expected one command");
    }
  });

  it("is all that its image has beside authorities, static, for a user that is nobody, the same each time", async () => {
    const directory = mkdtempSync(join(tmpdir(), "oap-image-"));
    try {
      const first = await makeImage("model-proxy", entry(), { directory: join(directory, "1") });
      const again = await makeImage("model-proxy", entry(), { directory: join(directory, "2") });
      expect(again.digest).to.equal(first.digest);
      await exec("tar", ["-xf", first.archive, "-C", directory]);
      const json = async (digest: string) =>
        JSON.parse((await exec("cat", [join(directory, "blobs", digest.replace(":", "/"))])).stdout) as {
          config: { digest: string; User: string; Entrypoint: string[] };
          layers: { digest: string }[];
        };
      const manifest = await json(first.digest);
      expect((await json(manifest.config.digest)).config).to.deep.include({ User: "65532:65532", Entrypoint: ["/usr/bin/model-proxy"] });
      const listed = await Promise.all(manifest.layers.map(({ digest }) => exec("tar", ["-tf", join(directory, "blobs", digest.replace(":", "/"))])));
      expect(listed.flatMap(({ stdout }) => stdout.trim().split("\n")).filter((path) => !path.endsWith("/"))).to.deep.equal([
        "etc/ssl/certs/ca-certificates.crt",
        "usr/bin/model-proxy",
      ]);
      const header = (await exec("head", ["-c", "4096", await proxyProgram()])).stdout;
      expect(header, "it asks for no dynamic linker").not.to.include("ld-linux");
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
