/** The images that a stack runs: references by the tracked lock, by the cluster's own and by the site's. */
import { expect } from "chai";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { imageReferences, ImagesError } from "../../stacks/images";
import { cluster, config, digest, tiny, type Fields } from "./support/config";

describe("images", () => {
  const entry = { tag: "1.0.0", digest: "unresolved", pull: false, recipe: "r", madeFrom: "m", usedBy: "u", licence: "MIT" };
  const lock = {
    ollama: { ...entry, image: "docker.io/ollama/ollama", tag: "0.17.4", pull: true },
    "tiny-model": { ...entry, image: "localhost/openshift-ai-platform/model-tiny" },
    "model-proxy": { ...entry, image: "localhost/openshift-ai-platform/model-proxy" },
    "model-builder": { ...entry, image: "localhost/openshift-ai-platform/model-builder" },
    prometheus: { ...entry, image: "quay.io/prometheus/prometheus", pull: true },
  };
  let dir = "";
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "oap-images-"));
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  /** Path of a lock of a cluster or a site. */
  const locked = (images: object): string => {
    const path = join(dir, "images.lock");
    writeFileSync(path, JSON.stringify(images));
    return path;
  };
  const made = { image: "docker.io/ollama/ollama", tag: "0.17.4", digest, source: "made", size: 1 };
  const pushed = (name: string, tag = "1.0.0") => ({ image: `registry.example.com/ai/${name}`, tag, digest, source: "pushed" });
  const all = { ollama: pushed("ollama", "0.17.4"), "model-proxy": pushed("model-proxy"), "tiny-model": pushed("model-tiny") };
  const production: Fields = { images: { requireDigests: true } };
  const references = (fields: Fields = {}) => imageReferences(lock, config(fields));
  const refusal = (fields: Fields): string => {
    try {
      references(fields);
    } catch (error) {
      if (error instanceof ImagesError) return error.message;
      throw error;
    }
    return "";
  };

  it("are referred to by tag while no digest is known", () => {
    expect(references()("ollama")).to.equal("docker.io/ollama/ollama:0.17.4");
  });

  it("are referred to by the digest that the cluster's own lock has", () => {
    expect(references({ images: { lock: locked({ ollama: made }) } })("ollama")).to.equal(`docker.io/ollama/ollama:0.17.4@${digest}`);
  });

  it("are where the site's lock says, by digest, and not at the mirror", () => {
    const fields = { images: { lock: locked({ "model-proxy": pushed("model-proxy") }) }, registry: { mirror: "mirror.example.com" } };
    expect(references(fields)("model-proxy")).to.equal(`registry.example.com/ai/model-proxy:1.0.0@${digest}`);
    expect(references(fields)("ollama")).to.equal("mirror.example.com/ollama/ollama:0.17.4");
  });

  it("come from the mirror in place of their registry, with the same names and digests", () => {
    const fields = { images: { lock: locked({ ollama: made }) }, registry: { mirror: "registry.example.com:5000/mirror" } };
    expect(references(fields)("ollama")).to.equal(`registry.example.com:5000/mirror/ollama/ollama:0.17.4@${digest}`);
  });

  it("that were made for the cluster come from no mirror", () => {
    expect(references({ registry: { mirror: "registry.example.com" } })("tiny-model")).to.equal("localhost/openshift-ai-platform/model-tiny:1.0.0");
  });

  it("of a stack are refused without a digest in production: all of them at once, and no others, each with its ways to one", () => {
    const text = refusal(production);
    expect(text).to.contain("ollama (docker.io/ollama/ollama:0.17.4), model-proxy (localhost/").and.to.contain("tiny-model (localhost/");
    expect(text).not.to.match(/model-builder|prometheus/);
    expect(text).to.contain("fix of ollama: make images-lock, on a machine that reaches docker.io; or make images-push REGISTRY=host/path IMAGES=ollama");
    expect(text).to.match(/fix of model-proxy: make images-push REGISTRY=host\/path, which .* openshift-ai-platform:images.lock: images.site.lock/);
  });

  it("of a stack are accepted in production with a digest each, whatever others lack", () => {
    expect(references({ images: { lock: locked(all), requireDigests: true } })("ollama")).to.equal(`registry.example.com/ai/ollama:0.17.4@${digest}`);
  });

  it("of another tag are none of the stack's", () => {
    const old = { ...all, "model-proxy": pushed("model-proxy", "0.9.0") };
    expect(refusal({ images: { lock: locked(old), requireDigests: true } })).to.match(/without a digest: model-proxy \(localhost\/\S+\)\n/);
  });

  it("of models and builds count where they are used", () => {
    const build = { name: "team", models: [{ name: "a:1b-v1.0-base", folder: "a" }], context: { git: { url: "https://git.example.com/a.git" } } };
    const builds = [{ ...build, output: { image: "registry.example.com/ai/team" } }];
    const tekton = { ...cluster({ capabilities: { builds: "tekton" } }), builds };
    expect(refusal({ ...production, ...tekton })).to.contain("model-builder (localhost/");
    const models = [{ name: tiny, source: { kind: "image", image: "team", path: "/models/a" } }];
    const fromBuild = refusal({ ...production, ...tekton, builds: builds.map((one) => ({ ...one, digest })), models });
    expect(fromBuild).to.contain("model-builder").and.not.to.contain("tiny-model").and.not.to.contain("team (");
    const openshift = { ...cluster({ capabilities: { builds: "openshift" } }), builds, layers: { serving: false } };
    expect(refusal({ ...production, ...openshift })).to.match(/without a digest: ollama \([^,]*\n/);
    expect(refusal({ ...production, layers: { serving: false } })).to.equal("");
  });

  it("of a lock that is missing or broken are refused with the fix", () => {
    expect(refusal({ images: { lock: join(dir, "none") } })).to.match(/none: can't be read[^]*fix: run make up[^]*make images-push/);
    expect(refusal({ images: { lock: locked({ ollama: 5 }) } })).to.match(/images.lock: \d+ problems?\n/);
    expect(refusal({ images: { lock: locked({ ollama: { ...made, source: "bought" } }) } })).to.contain("must be pulled, made or pushed");
  });

  it("that nobody locked are refused", () => {
    expect(() => references()("redis")).to.throw(ImagesError, 'no image "redis"');
  });
});
