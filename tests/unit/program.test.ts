/** index.ts as a whole: what reaches the engine from a configuration. */
import * as pulumi from "@pulumi/pulumi";
import { expect } from "chai";
import { createRequire } from "node:module";
import { entries, tiny, type Fields } from "./support/config";
import { promiseOf, setMocks } from "./support/mocks";

interface Program {
  readonly namespace: pulumi.Output<string>;
  readonly pools: readonly {
    readonly name: string;
    readonly models: readonly string[];
    readonly url: pulumi.Output<string>;
    readonly openai: pulumi.Output<string>;
  }[];
  readonly ask: pulumi.Output<string>;
}

/** Runs index.ts anew. @returns its exports and all registrations */
async function run(fields: Fields = {}): Promise<{ program: Program; registered: pulumi.runtime.MockResourceArgs[] }> {
  const registered: pulumi.runtime.MockResourceArgs[] = [];
  setMocks((args) => void registered.push(args));
  pulumi.runtime.setAllConfig(entries(fields));
  const load = createRequire(__filename);
  const path = load.resolve("../../index");
  delete load.cache[path];
  const program = load(path) as Program;
  await promiseOf(program.ask);
  return { program, registered };
}

describe("the program", () => {
  it("shows where the platform is, what it serves, and how to ask it", async () => {
    const { program } = await run();
    const [pool] = program.pools;
    expect(await promiseOf(program.namespace)).to.equal("ai-development");
    expect(pool && [pool.name, pool.models, await promiseOf(pool.url), await promiseOf(pool.openai)]).to.deep.equal([
      "ollama",
      [tiny],
      "http://ollama.ai-development.svc:11434",
      "http://ollama.ai-development.svc:11434/v1",
    ]);
    expect(await promiseOf(program.ask))
      .to.include("kubectl --context ai -n ai-development port-forward service/ollama 11434")
      .and.to.include(`"model":"${tiny}"`);
  });

  it("sends every object to the cluster that the configuration names, by the provider that takes over only what outlives the stack", async () => {
    const { registered } = await run();
    const providers = registered.filter(({ type }) => type === "pulumi:providers:kubernetes");
    expect(providers.map(({ name }) => name)).to.have.members(["cluster", "objects"]);
    for (const { name, inputs } of providers) {
      expect(inputs, name).to.include({ context: "ai", kubeconfig: "/clusters/dev/kubeconfig", clusterIdentifier: "development" });
      expect(inputs, name).to.include({ enableConfigMapMutable: "true", enableSecretMutable: "true" });
    }
    const of = (wanted: string) => providers.find(({ name }) => name === wanted)?.inputs as Record<string, string>;
    expect(of("cluster")).to.include({ upsertExistingObjects: "true", enablePatchForce: "false" });
    expect(of("objects")).to.include({ enablePatchForce: "true" }).and.to.not.have.property("upsertExistingObjects");

    const retained = ["Namespace", "PersistentVolumeClaim", "PersistentVolume"];
    const objects = registered.filter(({ type }) => type.startsWith("kubernetes:"));
    expect(objects).not.to.have.length(0);
    for (const { type, provider: used } of objects) {
      const name = retained.some((kind) => type.endsWith(`:${kind}`)) ? "cluster" : "objects";
      expect(used, type).to.include(`pulumi:providers:kubernetes::${name}::`);
    }
  });

  it("refuses a wrong configuration with a message and no stack trace", async () => {
    const error = await run({ platform: "openshfit" }).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).to.be.instanceOf(pulumi.RunError);
    expect((error as Error).message).to.match(/^Pulumi\.dev\.yaml: 1 problem\n/);
  });

  it("refuses a lock of images that is not there, in the same way", async () => {
    const error = await run({ images: { lock: "/nowhere/images.lock" } }).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).to.be.instanceOf(pulumi.RunError);
    expect((error as Error).message).to.match(/^\/nowhere\/images\.lock: can't be read/);
  });
});
