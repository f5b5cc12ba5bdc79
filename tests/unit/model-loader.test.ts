import { expect } from "chai";
import { jobName, sourceVersion } from "../../components/serving/modelLoader";
import { digest, pools, reference, tiny } from "./support/config";
import { containersOf, podTemplates } from "./support/pods";
import { fromImage, metadata, pulled, serving } from "./support/serving";

describe("a model loader", () => {
  async function job(model: typeof fromImage | typeof pulled) {
    const made = await serving({ models: [model], ...pools({ models: [model.name] }) });
    const { inputs } = made.one("Job");
    const template = podTemplates(made).find(([of]) => of.startsWith("Job"))?.[1];
    const container = template && containersOf(template)[0];
    if (!container) throw new Error("no container");
    return { made, inputs, template, container, env: Object.fromEntries((container.env ?? []).map(({ name, value }) => [name, value])) };
  }

  it("takes a model from an image, mounted as a volume", async () => {
    const { template, env } = await job(fromImage);
    expect(template.spec.volumes).to.deep.include({ name: "source", image: { reference: reference("tiny-model"), pullPolicy: "IfNotPresent" } });
    expect(env).to.include({ MODEL: tiny, MANIFEST: "registry.ollama.ai/library/tiny/0.1m-v1.0-random", SOURCE_DIR: "/source/models/tiny" });
  });

  it("takes a model from a registry by the digest of its manifest", async () => {
    const { template, env } = await job(pulled);
    expect(template.spec.volumes?.some((volume) => "image" in volume)).to.equal(false);
    expect(env).to.include({
      MODEL: pulled.name,
      SOURCE_NAME: "codellama:7b-code",
      SOURCE_MANIFEST: "registry.ollama.ai/library/codellama/7b-code",
      SOURCE_DIGEST: digest,
    });
  });

  it("says which model it is for, and where that comes from", async () => {
    const { inputs } = await job(pulled);
    expect(metadata(inputs).annotations).to.include({
      "openshift-ai-platform/model": pulled.name,
      "openshift-ai-platform/model-source": `registry.ollama.ai/library/codellama:7b-code@${digest}`,
    });
    expect(metadata(inputs).labels).to.include({ "openshift-ai-platform/model": "codellama", "openshift-ai-platform/model-version": "v1.0" });
    expect(metadata((await job(fromImage)).inputs).annotations).to.include({ "openshift-ai-platform/model-source": reference("tiny-model") });
  });

  it("is under the labels by which its network policy selects it", async () => {
    expect((await job(pulled)).template.metadata.labels).to.include({
      "app.kubernetes.io/component": "model-loader",
      "app.kubernetes.io/instance": "registry",
    });
    expect((await job(fromImage)).template.metadata.labels).to.include({ "app.kubernetes.io/instance": "image" });
  });

  it("is bound to loopback, uses no GPU and writes the store", async () => {
    const { container, env } = await job(fromImage);
    expect(env.OLLAMA_HOST).to.equal("127.0.0.1:11434");
    expect(container.resources?.limits).not.to.have.property("nvidia.com/gpu");
    expect(container.volumeMounts?.find(({ mountPath }) => mountPath === "/models")?.readOnly).to.equal(undefined);
  });

  it("gives up after its deadline, after some tries, and at once when trying again can't help; then it can be replaced", async () => {
    const { inputs, template } = await job(fromImage);
    expect(inputs).to.have.nested.property("spec.activeDeadlineSeconds", 3600);
    expect(inputs).to.have.nested.property("spec.backoffLimit", 4);
    expect(inputs).to.have.deep.nested.property("spec.podFailurePolicy.rules", [
      { action: "FailJob", onExitCodes: { containerName: "loader", operator: "In", values: [64] } },
    ]);
    expect(template.spec.restartPolicy).to.equal("Never");
    expect(metadata(inputs).annotations).to.include({ "pulumi.com/replaceUnready": "true", "openshift-ai-platform/model": tiny });
  });

  it("is another one for another source, and the same for the same", () => {
    const source = { kind: "registry", name: "codellama:7b-code", digest } as const;
    const version = sourceVersion(tiny, source);
    expect(sourceVersion(tiny, { ...source })).to.equal(version);
    expect(sourceVersion(tiny, { ...source, digest: `sha256:${"b".repeat(64)}` })).not.to.equal(version);
    expect(jobName(tiny, version)).to.equal(`load-tiny-0-1m-v1-0-random-${version}`);
    expect(jobName(`${"a".repeat(79)}:${"b".repeat(79)}`, version)).to.have.length.within(20, 63);
  });
});
