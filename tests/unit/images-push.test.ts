/** Putting images into a site's registry: which ones, what is asked and written, and what is refused. The registry is a map here. */
import { expect } from "chai";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeImage } from "../../images/archive";
import { parseSiteLock } from "../../images/lock";
import { pushImages, type PushRequest } from "../../images/push";
import { craneEnv, registryProblem, type Registry } from "../../images/registry";
import { imagesPush } from "../../tools/commands/images";
import { UserError } from "../../tools/lib/errors";

const upstream = `sha256:${"b".repeat(64)}`;

describe("putting images into a site's registry", () => {
  let dir: string;
  let out: string;
  let stored: Map<string, string>;
  let done: string[];
  let content: string;
  let broken: string | undefined;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "oap-push-"));
    out = join(dir, "images.site.lock");
    stored = new Map();
    done = [];
    content = "1";
    broken = undefined;
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  const registry: Registry = {
    digest: (reference) => Promise.resolve(stored.get(reference)),
    push(layout, reference) {
      if (broken !== undefined && reference.includes(broken)) return Promise.reject(new Error("the registry is full"));
      done.push(`push ${reference}`);
      const { manifests } = JSON.parse(readFileSync(join(layout, "index.json"), "utf8")) as { manifests: readonly { digest: string }[] };
      stored.set(reference, manifests[0]?.digest ?? "");
      return Promise.resolve();
    },
    copy(from, to) {
      if (broken === from) return Promise.reject(new Error("no such host"));
      done.push(`copy ${from}`);
      stored.set(to, upstream);
      return Promise.resolve();
    },
  };
  const push = (request: Partial<PushRequest> = {}) =>
    pushImages(
      { registry: "registry.example.com/ai", out, ...request },
      {
        registry: () => Promise.resolve(registry),
        key: (name) => `${name}-${content}`,
        async make(name, entry) {
          done.push(`make ${name}`);
          const archive = join(dir, `${name}.tar`);
          const { digest } = await writeImage({ reference: `${entry.image}:${entry.tag}`, layers: [{ files: { [`/${name}`]: { text: content } } }] }, archive);
          return { archive, digest, size: statSync(archive).size, key: `${name}-${content}` };
        },
      },
    );
  const site = () => parseSiteLock(readFileSync(out, "utf8")).images ?? {};
  const refusal = async (work: Promise<unknown>): Promise<UserError> => {
    const error: unknown = await work.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).to.be.instanceOf(UserError);
    return error as UserError;
  };

  it("makes and pushes what no registry has, and writes down what the registry then answers", async () => {
    expect(await push()).to.equal(out);
    expect(Object.keys(site())).to.deep.equal(["tiny-model", "model-proxy", "model-builder"]);
    expect(site()["model-proxy"]).to.deep.equal({
      image: "registry.example.com/ai/model-proxy",
      tag: "1.0.0",
      digest: stored.get("registry.example.com/ai/model-proxy:1.0.0"),
      source: "pushed",
      key: "model-proxy-1",
    });
    expect(done.filter((what) => what.startsWith("push"))).to.have.length(3);
  });

  it("neither makes, pushes nor writes anything the second time", async () => {
    await push();
    const [before] = [readFileSync(out, "utf8"), utimesSync(out, 1, 1), (done = [])];
    await push();
    expect(done).to.deep.equal([]);
    expect(readFileSync(out, "utf8")).to.equal(before);
    expect(statSync(out).mtimeMs).to.equal(1000);
  });

  it("pushes nothing that the registry has, where the lock was lost", async () => {
    await push();
    const before = site();
    rmSync(out);
    done = [];
    await push();
    expect(done).to.deep.equal(["make tiny-model", "make model-proxy", "make model-builder"]);
    expect(site()).to.deep.equal(before);
  });

  it("pushes again what changed here, and what the registry lost or has otherwise", async () => {
    await push({ images: ["model-proxy"] });
    content = "2";
    const before = site()["model-proxy"]?.digest;
    await push({ images: ["model-proxy"] });
    expect(site()["model-proxy"]?.digest).not.to.equal(before);
    for (const lose of [() => stored.clear(), () => stored.set("registry.example.com/ai/model-proxy:1.0.0", upstream)]) {
      lose();
      done = [];
      await push({ images: ["model-proxy"] });
      expect(done).to.include("push registry.example.com/ai/model-proxy:1.0.0");
      expect(stored.get("registry.example.com/ai/model-proxy:1.0.0")).to.equal(site()["model-proxy"]?.digest);
    }
  });

  it("copies what a registry has, whole, and makes it from packages only when told to", async () => {
    await push({ images: ["ollama"] });
    expect(done).to.deep.equal(["copy docker.io/ollama/ollama:0.17.4"]);
    expect(site().ollama).to.deep.equal({ image: "registry.example.com/ai/ollama", tag: "0.17.4", digest: upstream, source: "pushed" });
    done = [];
    await push({ images: ["ollama"] });
    expect(done).to.deep.equal([]);
    broken = "docker.io/ollama/ollama:0.17.4";
    stored.clear();
    expect((await refusal(push({ images: ["ollama"] }))).message)
      .to.contain("no such host")
      .and.to.contain("ARGS=--make");
    await push({ images: ["ollama"], make: true });
    expect(done).to.deep.equal(["make ollama", "push registry.example.com/ai/ollama:0.17.4"]);
  });

  it("keeps what the lock has of others, and adds what was pushed beside what failed, all named", async () => {
    await push({ images: ["tiny-model"] });
    broken = "model-builder";
    const error = await refusal(push({ images: ["model-proxy", "model-builder"] }));
    expect(error.message).to.contain("1 of 2 images").and.to.contain("registry.example.com/ai/model-builder:0.20.7: the registry is full");
    expect(Object.keys(site())).to.deep.equal(["tiny-model", "model-proxy"]);
  });

  it("says in a dry run what it would do, and does nothing", async () => {
    await push({ dryRun: true });
    expect(done).to.deep.equal([]);
    expect(existsSync(out)).to.equal(false);
  });

  it("names all that is wrong with what it is asked, and does nothing", async () => {
    writeFileSync(out, "ollama: {source: made}");
    const { message, fix } = await refusal(push({ registry: "https://registry.example.com", images: ["ollama", "olama", "constructor"] }));
    expect(message)
      .to.contain("REGISTRY=https://registry.example.com; allowed:")
      .and.to.contain("IMAGES=olama,constructor; allowed:")
      .and.to.contain(`OUT=${out}`);
    expect(fix).to.contain("make images-push REGISTRY=");
    expect((await refusal(push({ registry: undefined }))).message).to.contain("REGISTRY is missing");
    expect((await refusal(imagesPush(["--force"], {}))).message).to.contain("--force");
    expect(done).to.deep.equal([]);
  });
});

describe("a site's registry", () => {
  it("is a host by its full name, or loopback with a port, and perhaps a path", () => {
    for (const good of ["registry.example.com/ai", "quay.io/team", "registry.example.com:5000", "localhost:5000/ai", "127.0.0.1:5000/a/b", "10.0.0.5:5000/a"])
      expect(registryProblem(good), good).to.equal(undefined);
    for (const bad of [
      "",
      "registry",
      "localhost/ai",
      "https://registry.example.com",
      "user:pass@registry.example.com/ai",
      "registry.example.com/AI",
      "a.b/c:1",
      "a.b/",
    ])
      expect(registryProblem(bad), bad).to.contain("allowed: host[:port]/path");
  });

  it("is never asked in plain HTTP, but at loopback", () => {
    const env = { HTTPS_PROXY: "http://proxy:3128", HTTP_PROXY: "http://proxy:3128", NO_PROXY: ".local,10.0.0.0/8" };
    for (const plain of ["registry.corp.local/ai", "registry.corp.local:5000", "10.1.2.3:5000/ai", "192.168.0.9", "172.16.0.1/a", "a.localhost:5000"]) {
      const { HTTP_PROXY, http_proxy, NO_PROXY, HTTPS_PROXY } = craneEnv(plain, env);
      expect([HTTP_PROXY, http_proxy, NO_PROXY, HTTPS_PROXY], plain).to.deep.equal(["http://127.0.0.1:1", "http://127.0.0.1:1", "", "http://proxy:3128"]);
    }
    for (const other of ["localhost:5000/ai", "127.0.0.1:5000", "registry.example.com/ai", "172.32.0.1/a", "quay.io/a.local"])
      expect(craneEnv(other, env), other).to.equal(env);
  });
});
