import { expect } from "chai";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { renderConfiguration } from "../../tools/commands/render";
import { UserError } from "../../tools/lib/errors";
import { imagesWithoutDigest, manifestsOf, ordered, pathOf, textOf, tokenSecrets, write, type Manifest } from "../../tools/render/render";

const object = (kind: string, name: string, namespace?: string, fields: object = {}): Manifest => ({
  apiVersion: "v1",
  kind,
  metadata: namespace === undefined ? { name } : { name, namespace },
  ...fields,
});

/** All files of a folder by their path. */
function contentOf(dir: string): Readonly<Record<string, string>> {
  const files = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(files.map(({ parentPath, name }) => [join(parentPath, name).slice(dir.length + 1), readFileSync(join(parentPath, name), "utf8")]));
}

describe("a manifest", () => {
  it("is in the folder of its namespace, or of the cluster, by kind and name", () => {
    expect(pathOf(object("ConfigMap", "scripts", "ai"))).to.equal("ai/configmap-scripts.yaml");
    expect(pathOf(object("PersistentVolume", "ai.datasets"))).to.equal("cluster/persistentvolume-ai.datasets.yaml");
  });

  it("has the same text whatever the order of its keys, and no line of it is folded", () => {
    const long = "word ".repeat(100).trim();
    const [one, two] = [
      { b: 1, a: { d: long, c: true } },
      { a: { c: true, d: long }, b: 1 },
    ].map((data) => textOf(object("ConfigMap", "a", "ai", { data })));
    expect(one).to.equal(two).and.to.contain(long);
    expect(parse(one ?? "")).to.deep.include({ data: { a: { c: true, d: long }, b: 1 } });
  });

  it("is never a Secret with content", () => {
    for (const content of [{ data: { a: "YQ==" } }, { stringData: { a: "a" } }]) {
      expect(() => ordered([object("ServiceAccount", "a", "ai"), object("Secret", "pull", "ai", content)])).to.throw(/Secret pull would be rendered/);
    }
  });

  it("is a Secret that the cluster fills in", () => {
    const token = object("Secret", "token", "ai", { type: "kubernetes.io/service-account-token" });
    expect(ordered([token])).to.deep.equal([token]);
    expect(tokenSecrets([object("ServiceAccount", "a", "ai"), token])).to.deep.equal(["ai/token"]);
  });

  it("is never in another's file", () => {
    expect(() => ordered([object("ConfigMap", "a", "ai"), object("ConfigMap", "b", "ai"), object("ConfigMap", "a", "ai")])).to.throw(
      "two objects would be in ai/configmap-a.yaml",
    );
  });

  it("whose image a registry may change is known", () => {
    const spec = { containers: [{ image: "a/b:1" }, { image: "a/c@sha256:0" }], volumes: [{ image: { reference: "a/d:1" } }, { configMap: { name: "x" } }] };
    expect(imagesWithoutDigest([object("Pod", "a", "ai", { spec }), object("Pod", "b", "ai", { spec })])).to.deep.equal(["a/b:1", "a/d:1"]);
  });
});

describe("a folder of manifests", () => {
  let dir: string;
  let out: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "oap-manifests-"));
    out = join(dir, "new/folder");
  });
  afterEach(() => rmSync(dir, { recursive: true }));
  const two = [object("Service", "b", "ai"), object("Namespace", "ai")];

  it("has a file for each, and names them for kustomize", () => {
    write(two, out);
    const { "kustomization.yaml": index = "", ...files } = contentOf(out);
    expect(Object.keys(files).sort()).to.deep.equal(["ai/service-b.yaml", "cluster/namespace-ai.yaml"]);
    expect(parse(index)).to.deep.equal({
      apiVersion: "kustomize.config.k8s.io/v1beta1",
      kind: "Kustomization",
      resources: ["ai/service-b.yaml", "cluster/namespace-ai.yaml"],
    });
  });

  it("has the same bytes when it is written again, in whatever order the objects come", () => {
    write(two, out);
    const before = contentOf(out);
    write([...two].reverse(), out);
    expect(contentOf(out)).to.deep.equal(before);
  });

  it("loses the files of objects that are gone", () => {
    write(two, out);
    write([object("Service", "c", "ai")], out);
    expect(Object.keys(contentOf(out)).sort()).to.deep.equal(["ai/service-c.yaml", "kustomization.yaml"]);
  });

  for (const [what, file, text] of [
    ["any other file", "notes.txt", "mine"],
    ["somebody's kustomization", "kustomization.yaml", "resources: []\n"],
  ] as const) {
    it(`is left as it is when it has ${what}`, () => {
      mkdirSync(out, { recursive: true });
      writeFileSync(join(out, file), text);
      expect(() => write(two, out)).to.throw(UserError, `OUT=${out}: the folder has files that make render did not write`);
      expect(contentOf(out)).to.deep.equal({ [file]: text });
    });
  }
});

describe("the objects of a stack, without a cluster", function () {
  this.timeout(120_000);

  it("are the same each time, none a Secret", async () => {
    const [one, two] = await Promise.all([
      manifestsOf("production", renderConfiguration("production")),
      manifestsOf("production", renderConfiguration("production")),
    ]);
    expect(one.map(textOf)).to.deep.equal(two?.map(textOf));
    expect(one.map(pathOf)).to.include.members([
      "ai-production/deployment-ollama.yaml",
      "ai-production/rollout-ollama.yaml",
      "ai-production/scaledobject-ollama.yaml",
      "cluster/namespace-ai-production-ml.yaml",
    ]);
    expect(one.map(textOf).join("")).to.not.match(/undefined|04da6b54-80e4-46f7-96ec-b56ff0331ba9/); // values that are not known
  });

  it("are refused with the program's own message where the configuration is wrong", async () => {
    const error: unknown = await manifestsOf("dev", { ...renderConfiguration("dev"), platform: "openshfit" }).catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(UserError);
    expect((error as UserError).message).to.match(/^Pulumi\.dev\.yaml: 1 problem\n {2}openshift-ai-platform:platform is "openshfit"/);
  });
});
