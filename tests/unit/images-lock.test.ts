import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { readFileSync } from "node:fs";
import { mergeLocks, parseClusterLock, parseImagesLock, parseOwnLock, parseSiteLock, pinnedReference, type ImagesLock } from "../../images/lock";

const root = join(__dirname, "../..");
const entry = `image: docker.io/ollama/ollama
  tag: 0.17.4
  digest: unresolved
  pull: true
  recipe: images/recipes/ollama.ts
  madeFrom: x
  usedBy: x
  licence: MIT
`;
const digest = `sha256:${"a".repeat(64)}`;

describe("images.lock", () => {
  const tracked = parseImagesLock(readFileSync(join(root, "images/images.lock"), "utf8"));

  it("that is tracked is valid, and each recipe that it names is there", () => {
    expect(tracked.problems).to.equal(undefined);
    for (const [name, image] of Object.entries(tracked.images ?? {})) {
      expect(image.recipe).to.equal(`images/recipes/${name}.ts`);
      expect(existsSync(join(root, image.recipe)), image.recipe).to.equal(true);
    }
  });

  it("shows all problems at once, each with its field, the value and what is allowed", () => {
    const { problems } = parseImagesLock(`
ollama:
  ${entry.replace("docker.io/ollama/ollama", "ollama").replace("0.17.4", "latest").replace("unresolved", "sha256:abc")}
Other:
  ${entry.replace("0.17.4", "1.2").replace("pull: true", "pull: maybe").replace("madeFrom: x", "made: x")}
`);
    const text = (problems ?? []).join("\n");
    expect(text).to.contain('ollama.image: got "ollama", must be a registry and a repository in full');
    expect(text).to.contain('ollama.tag: got "latest", must name one version, not latest');
    expect(text).to.contain('ollama.digest: got "sha256:abc", must be sha256: and 64 hexadecimal digits, or unresolved');
    expect(text).to.contain("Other.tag: got 1.2, must be a text: put it in quotes");
    expect(text).to.contain('Other.pull: got "maybe", must be true or false');
    expect(text).to.contain("Other.madeFrom");
    expect(text).to.match(/Other: .*made/);
    expect(text).to.contain("Other: must be lower-case letters, digits and dashes");
  });

  it("refuses broken YAML, a name twice, an image twice, and pulling from localhost", () => {
    expect(parseImagesLock("a: [").problems).to.have.length.greaterThan(0);
    expect(parseImagesLock(`a:\n  ${entry}a:\n  ${entry}`).problems?.join()).to.match(/unique/i);
    expect(parseImagesLock(`a:\n  ${entry}b:\n  ${entry}`).problems).to.deep.equal(["b: docker.io/ollama/ollama:0.17.4 is a already"]);
    expect(parseImagesLock(`a:\n  ${entry.replace("docker.io/", "localhost/")}`).problems).to.deep.equal([
      "a.pull: got true, must be false: localhost is no registry",
    ]);
  });

  it("takes a cluster's digests over, but not those of another tag", () => {
    const lock = parseImagesLock(`a:\n  ${entry}b:\n  ${entry.replaceAll("ollama/ollama", "x/b")}`).images as ImagesLock;
    const cluster = parseClusterLock(`
a: {image: docker.io/ollama/ollama, tag: 0.17.4, digest: "${digest}", source: made, size: 1, key: k}
b: {image: docker.io/x/b, tag: "0.1", digest: "${digest}", source: pulled, size: 1}
`).images;
    const merged = mergeLocks(lock, cluster ?? {});
    expect(merged.a && pinnedReference(merged.a)).to.equal(`docker.io/ollama/ollama:0.17.4@${digest}`);
    expect(merged.b && pinnedReference(merged.b)).to.equal("docker.io/x/b:0.17.4");
  });

  it("takes over where a site has its images, but not those of another tag, and no other image's place from a cluster", () => {
    const lock = parseImagesLock(`a:\n  ${entry}b:\n  ${entry.replaceAll("ollama/ollama", "x/b")}c:\n  ${entry.replaceAll("ollama/ollama", "x/c")}`).images;
    const own = parseOwnLock(`
a: {image: registry.example.com/ai/a, tag: 0.17.4, digest: "${digest}", source: pushed, key: k}
b: {image: registry.example.com/ai/b, tag: "0.1", digest: "${digest}", source: pushed}
c: {image: quay.io/x/c, tag: 0.17.4, digest: "${digest}", source: made, size: 1}
`).images;
    const merged = mergeLocks(lock ?? {}, own ?? {});
    expect(Object.values(merged).map(pinnedReference)).to.deep.equal([
      `registry.example.com/ai/a:0.17.4@${digest}`,
      "docker.io/x/b:0.17.4",
      "docker.io/x/c:0.17.4",
    ]);
  });

  it("of a site has pushed images only", () => {
    expect(parseSiteLock(`a: {image: docker.io/x/b, tag: v1, digest: "${digest}", source: made}`).problems).to.deep.equal([
      'a.source: got "made", must be pushed',
    ]);
    expect(parseSiteLock(`a: {image: b, tag: v1, digest: unresolved, source: pushed}`).problems).to.have.length(2);
  });

  it("of a cluster may not be unresolved", () => {
    const { problems } = parseClusterLock("a: {image: docker.io/x/b, tag: v1, digest: unresolved, source: bought, size: 1}");
    expect(problems).to.deep.equal(['a.digest: got "unresolved", must be sha256: and 64 hexadecimal digits', 'a.source: got "bought", must be pulled or made']);
  });
});
