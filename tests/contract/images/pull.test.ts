import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect } from "chai";
import { writeImage } from "../../../images/archive";
import { ensureImages, type EnsureOptions } from "../../../images/ensure";
import { parseClusterLock, pinnedReference } from "../../../images/lock";
import { exec } from "../../../tools/lib/exec";
import { startContainerd, type Containerd } from "./containerd";

/** A registry with one image, as far as pulling needs it; `layers: false` lets it fall silent where the layers come. */
async function startRegistry(folder: string, text: string, layers: boolean): Promise<{ server: Server; address: string; digest: string }> {
  mkdirSync(folder);
  const archive = join(folder, "app.tar");
  const { digest } = await writeImage({ reference: "registry.example/team/app:1.0.0", layers: [{ files: { "/app": { text } } }] }, archive);
  await exec("tar", ["-xf", archive, "-C", folder]);
  const blob = (name: string) => readFileSync(join(folder, "blobs", name.replace(":", "/")));
  const manifest = blob(digest);
  const server = createServer((request, response) => {
    const [, kind, name = ""] = /\/(manifests|blobs)\/(.*)$/.exec(request.url ?? "") ?? [];
    const type = kind === "manifests" ? "application/vnd.oci.image.manifest.v1+json" : "application/octet-stream";
    if (kind === "blobs" && !layers) return; // never answers
    const body = kind === "manifests" ? manifest : kind === "blobs" ? blob(name) : Buffer.alloc(0);
    response.writeHead(200, { "content-type": type, "content-length": body.length, "docker-content-digest": kind === "manifests" ? digest : name });
    response.end(request.method === "HEAD" ? undefined : body);
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", resolve);
  await promise;
  return { server, address: `127.0.0.1:${(server.address() as AddressInfo).port}`, digest };
}

describe("pulling into a real containerd", function () {
  this.timeout(600_000);
  let containerd: Containerd;
  before(async () => (containerd = await startContainerd()));
  after(() => containerd.stop());

  const ensure = async (folder: string, layers: boolean, options: EnsureOptions = {}) => {
    const { server, address, digest } = await startRegistry(join(containerd.dir, folder), folder, layers);
    const pinned = folder === "digest" ? digest : "unresolved";
    try {
      const lockFile = join(containerd.dir, `${folder}.lock`);
      writeFileSync(
        lockFile,
        `app: {image: "${address}/team/app", tag: 1.0.0, digest: "${pinned}", pull: true, recipe: images/recipes/app.ts, madeFrom: x, usedBy: x, licence: x}`,
      );
      const file = await ensureImages(["app"], containerd, { lockFile, registryUrl: (registry) => `http://${registry}/v2/`, ...options });
      return { digest, image: parseClusterLock(readFileSync(file, "utf8")).images?.app };
    } finally {
      server.closeAllConnections();
      server.close();
    }
  };

  for (const what of ["tag", "digest"]) {
    it(`an image comes from its registry by its ${what}, and is there under both`, async () => {
      const { image, digest } = await ensure(what, true);
      expect(image).to.include({ digest, source: "pulled", tag: "1.0.0" });
      expect(image && (await containerd.imageStatus(pinnedReference(image)))).to.match(/^sha256:/);
      expect(await containerd.imageStatus(image ? `${image.image}:${image.tag}` : "")).to.match(/^sha256:/);
    });
  }

  it("a download that falls silent is given up, and the image is made", async () => {
    const start = Date.now();
    const make: EnsureOptions["make"] = async (_, entry) => {
      const out = join(containerd.dir, "made.tar");
      const written = await writeImage({ reference: `${entry.image}:${entry.tag}`, layers: [{ files: { "/made": { text: "here" } } }] }, out);
      return { archive: out, digest: written.digest, size: 1, key: "k" };
    };
    const { image } = await ensure("silent", false, { stallMs: 1000, make });
    expect(image).to.include({ source: "made" });
    expect(Date.now() - start).to.be.within(1000, 15_000);
  });
});
