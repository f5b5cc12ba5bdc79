/** The images that a stack runs: references by the tracked lock and by the cluster's own. */
import { expect } from "chai";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { imageReferences, ImagesError } from "../../stacks/images";
import { digest } from "./support/config";

describe("images", () => {
  const entry = { tag: "0.17.4", digest: "unresolved", pull: true, recipe: "r", madeFrom: "m", usedBy: "u", licence: "MIT" };
  const lock = {
    ollama: { ...entry, image: "docker.io/ollama/ollama" },
    "tiny-model": { ...entry, image: "localhost/openshift-ai-platform/model-tiny", tag: "1.0.0", pull: false },
  };
  let dir = "";
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "oap-images-"));
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  it("are referred to by tag while no digest is known", () => {
    expect(imageReferences(lock, undefined, false)("ollama")).to.equal("docker.io/ollama/ollama:0.17.4");
  });

  it("are referred to by the digest that the cluster's own lock has", () => {
    const path = join(dir, "images.lock");
    writeFileSync(path, JSON.stringify({ ollama: { image: "docker.io/ollama/ollama", tag: "0.17.4", digest, source: "made", size: 1 } }));
    expect(imageReferences({ ollama: lock.ollama }, path, true)("ollama")).to.equal(`docker.io/ollama/ollama:0.17.4@${digest}`);
  });

  it("come from the mirror in place of their registry, with the same names and digests", () => {
    const pinned = { ollama: { ...lock.ollama, digest } };
    expect(imageReferences(pinned, undefined, true, "registry.example.com:5000/mirror")("ollama")).to.equal(
      `registry.example.com:5000/mirror/ollama/ollama:0.17.4@${digest}`,
    );
  });

  it("that were made for the cluster come from no mirror", () => {
    expect(imageReferences(lock, undefined, false, "registry.example.com")("tiny-model")).to.equal("localhost/openshift-ai-platform/model-tiny:1.0.0");
  });

  it("are refused without a digest in production", () => {
    expect(() => imageReferences(lock, undefined, true)).to.throw(ImagesError, /ollama \(docker.io\/ollama\/ollama:0.17.4\)[^]*fix: make images-lock/);
  });

  it("of a lock that is missing or broken are refused with the fix", () => {
    expect(() => imageReferences(lock, join(dir, "none"), false)).to.throw(ImagesError, /none: can't be read[^]*fix: run make up/);
    const path = join(dir, "broken");
    writeFileSync(path, "ollama: 5");
    expect(() => imageReferences(lock, path, false)).to.throw(ImagesError, /broken: \d+ problems?\n/);
  });

  it("that nobody locked are refused", () => {
    expect(() => imageReferences(lock, undefined, false)("redis")).to.throw(ImagesError, 'no image "redis"');
  });
});
