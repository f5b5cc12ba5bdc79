import { expect } from "chai";
import {
  compareVersions,
  formatModelName,
  formatUpstream,
  isModelName,
  isReleaseOf,
  manifestPath,
  modelAnnotations,
  modelLabels,
  modelObjectName,
  parseModelName,
  parseUpstream,
  parseUpstreamReference,
  suggestedName,
  upstreamReference,
  type ModelName,
} from "../../stacks/modelNames";

const digest = `sha256:${"a".repeat(64)}`;

/** The same sequence in each run. */
function generator(seed: number) {
  const below = (n: number) => Math.floor(((seed = (seed * 48271) % 2147483647) / 2147483647) * n);
  const pick = <T>(list: readonly T[]): T => list[below(list.length)] as T;
  const word = () => Array.from({ length: below(6) + 1 }, () => pick([..."abcxyz019"])).join("");
  const words = () => Array.from({ length: below(3) + 1 }, word).join(pick(["-", ".", "_"]));
  const number = () => String(below(30));
  const version = () => `v${number()}.${number()}${below(2) ? `.${number()}` : ""}`;
  const size = () => `${number()}${below(2) ? `.${below(10)}` : ""}${below(3) ? "" : `x${number()}`}${pick([..."kmbt"])}`;
  return { below, pick, word, words, version, name: (): ModelName => ({ model: words(), size: size(), version: version(), variant: words() }) };
}

describe("the platform's names of models", () => {
  it("say model, size, version and variant", () => {
    expect(parseModelName("codellama:7b-v1.0-base")).to.deep.equal({ model: "codellama", size: "7b", version: "v1.0", variant: "base" });
    expect(parseModelName("qwen2.5-coder:0.5b-v1.10.2-instruct-q4_k_m")).to.deep.equal({
      model: "qwen2.5-coder",
      size: "0.5b",
      version: "v1.10.2",
      variant: "instruct-q4_k_m",
    });
    expect(parseModelName("mixtral:8x7b-v1.0-instruct")?.size).to.equal("8x7b");
  });

  it("are what their parts make, whatever these are", () => {
    const { name } = generator(1);
    for (let i = 0; i < 500; i++) {
      const parts = name();
      expect(parseModelName(formatModelName(parts)), JSON.stringify(parts)).to.deep.equal(parts);
    }
  });

  for (const [name, why] of [
    ["codellama:7b", "no version and variant"],
    ["codellama:7b-v1.0", "no variant"],
    ["codellama:v1.0-base", "no size"],
    ["codellama:7b-1.0-base", "a version without v"],
    ["codellama:7b-v1-base", "a version of one number"],
    ["codellama:7b-v01.0-base", "a leading zero"],
    ["CodeLlama:7b-v1.0-base", "capitals"],
    ["library/codellama:7b-v1.0-base", "a namespace"],
    ["codellama:7b-v1.0-base-", "a hyphen at the end"],
    ["codellama:7b-v1.0-base\n", "a line break"],
    [`${"a".repeat(64)}:7b-v1.0-base`, "a model that is no value of a label"],
    [`a:7b-v1.0-${"a".repeat(64)}`, "a variant that is no value of a label"],
    [`a:7b-v1.${"1".repeat(20)}-${"a".repeat(60)}`, "a tag that Ollama does not take"],
    ["", "nothing"],
  ] as const) {
    it(`are none with ${why}`, () => {
      expect(isModelName(name)).to.equal(false);
    });
  }

  it("can't be made from parts that are none", () => {
    expect(() => formatModelName({ model: "code llama", size: "7b", version: "v1.0", variant: "base" })).to.throw(RangeError, '"code llama:7b-v1.0-base"');
  });

  it("have labels that select them, each a valid value, and names of objects", () => {
    expect(modelLabels("codellama:7b-v1.0-base")).to.deep.equal({
      "openshift-ai-platform/model": "codellama",
      "openshift-ai-platform/model-size": "7b",
      "openshift-ai-platform/model-version": "v1.0",
      "openshift-ai-platform/model-variant": "base",
    });
    expect(modelObjectName("tiny:0.1m-v1.0-random")).to.equal("tiny-0-1m-v1-0-random");
    const { name } = generator(2);
    for (let i = 0; i < 200; i++) {
      const text = formatModelName(name());
      for (const value of Object.values(modelLabels(text))) expect(value).to.match(/^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/);
      expect(modelObjectName(text)).to.match(/^[a-z0-9-]{1,40}$/);
    }
    expect(() => modelLabels("codellama")).to.throw(RangeError);
  });

  it("stand beside their source in annotations", () => {
    expect(modelAnnotations("codellama:7b-v1.0-base", upstreamReference("codellama:7b-code", digest))).to.deep.equal({
      "openshift-ai-platform/model": "codellama:7b-v1.0-base",
      "openshift-ai-platform/model-source": `registry.ollama.ai/library/codellama:7b-code@${digest}`,
    });
    expect(modelAnnotations("a:1b-v1.0-base", "x", { quantize: "Q8_0", licence: "MIT" })).to.deep.equal({
      "openshift-ai-platform/model": "a:1b-v1.0-base",
      "openshift-ai-platform/model-source": "x",
      "openshift-ai-platform/model-quantize": "Q8_0",
      "openshift-ai-platform/model-licence": "MIT",
    });
  });
});

describe("versions of models", () => {
  it("are ordered by number, not by letter", () => {
    const sorted = ["v1.0", "v1.2", "v1.9.1", "v1.10", "v2.0", "v10.0"];
    expect(sorted.toReversed().sort(compareVersions)).to.deep.equal(sorted);
    expect(compareVersions("v1.0", "v1.0.0")).to.equal(0);
    expect(compareVersions("v1.0.1", "v1.0")).to.equal(1);
    expect(compareVersions(`v1.${"9".repeat(30)}`, `v1.1${"0".repeat(30)}`)).to.equal(-1);
  });

  it("have one order: of any three, and whichever way round", () => {
    const { version } = generator(3);
    for (let i = 0; i < 500; i++) {
      const [a, b, c] = [version(), version(), version()];
      expect(compareVersions(a, b) + compareVersions(b, a), `${a} ${b}`).to.equal(0);
      if (compareVersions(a, b) <= 0 && compareVersions(b, c) <= 0) expect(compareVersions(a, c), `${a} ${b} ${c}`).to.be.at.most(0);
    }
  });

  it("are not compared with what is none", () => {
    for (const text of ["1.0", "v1", "v1.0-rc1", "latest"]) expect(() => compareVersions("v1.0", text), text).to.throw(RangeError, text);
  });

  it("belong together where model, size and variant are the same", () => {
    const base: ModelName = { model: "codellama", size: "7b", version: "v1.0", variant: "base" };
    expect(isReleaseOf(base, { ...base, version: "v1.1" })).to.equal(true);
    for (const other of [{ size: "13b" }, { variant: "finetuned" }, { model: "mistral" }]) expect(isReleaseOf(base, { ...base, ...other })).to.equal(false);
  });
});

describe("names of models at their source", () => {
  it("are read with Ollama's defaults, and lead to the manifest in the store", () => {
    expect(parseUpstream("codellama:7b-code")).to.deep.equal({ host: "registry.ollama.ai", namespace: "library", model: "codellama", tag: "7b-code" });
    expect(manifestPath("tiny:0.1m")).to.equal("registry.ollama.ai/library/tiny/0.1m");
    expect(manifestPath("team/tiny:1")).to.equal("registry.ollama.ai/team/tiny/1");
    expect(manifestPath("models.example.com:5000/library/tiny:1")).to.equal("models.example.com:5000/library/tiny/1");
  });

  it("come back from what they were written as, in full and at their shortest", () => {
    const { below, word, words } = generator(4);
    for (let i = 0; i < 500; i++) {
      const name = `${["", `${word()}/`, `${word()}.example.com${below(2) ? ":5000" : ""}/${word()}/`][below(3)] ?? ""}${words()}:${words()}`;
      expect(formatUpstream(parseUpstream(name)), name).to.equal(name);
      expect(parseUpstreamReference(upstreamReference(name, digest)), name).to.deep.equal({ name, digest });
    }
    expect(formatUpstream(parseUpstream("registry.ollama.ai/library/tiny:1"))).to.equal("tiny:1");
  });

  it("are no references without a digest, a host or a tag", () => {
    for (const text of ["registry.ollama.ai/library/tiny:1", `library/tiny:1@${digest}`, `registry.ollama.ai/library/tiny@${digest}`, "tiny:1@sha256:abc"]) {
      expect(parseUpstreamReference(text), text).to.equal(undefined);
    }
  });

  it("suggest names of the platform where their tag says the size", () => {
    expect(suggestedName("codellama:7b-code")).to.equal("codellama:7b-v1.0-code");
    expect(suggestedName("codellama:7b", "v2.1")).to.equal("codellama:7b-v2.1-base");
    expect(suggestedName("models.example.com/library/mixtral:8x7b-instruct-v0.1-q4_K_M")).to.equal("mixtral:8x7b-v1.0-instruct-v0.1-q4_k_m");
    expect(suggestedName("codellama:latest")).to.equal(undefined);
  });
});
