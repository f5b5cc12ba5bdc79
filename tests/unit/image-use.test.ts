/** The rule for digests knows which images a stack runs: those that the program asks for, and no others. */
import * as pulumi from "@pulumi/pulumi";
import { expect } from "chai";
import { Platform } from "../../components/platform";
import { usedImages } from "../../stacks/imageUse";
import { loadConfig } from "../../stacks/load";
import { cluster, config, digest, entries, pools, tiny, type Fields } from "./support/config";
import { deploy } from "./support/mocks";
import { fullConfigs } from "./support/fullConfig";
import { readImagesLock } from "../../stacks/images";

const locked = Object.keys(readImagesLock());
const build = { name: "team", models: [{ name: "a:1b-v1.0-base", folder: "a" }], context: { git: { url: "https://git.example.com/a.git" } }, digest };
const builds = [{ ...build, output: { image: "registry.example.com/ai/team" } }];
const baked = [{ name: tiny, source: { kind: "image", image: "team", path: "/models/a" } }];
const registry = [{ name: "codellama:7b-v1.0-base", source: { kind: "registry", name: "codellama:7b-code", digest } }];

const stacks: readonly (readonly [what: string, fields: Fields, names: readonly string[]])[] = [
  ["a model from an image", {}, ["model-proxy", "ollama", "tiny-model"]],
  ["models of a registry", { models: registry, ...pools({ models: ["codellama:7b-v1.0-base"] }) }, ["model-proxy", "ollama"]],
  ["no serving", { layers: { serving: false } }, []],
  ["builds with Tekton", { ...cluster({ capabilities: { builds: "tekton" } }), builds, models: baked }, ["model-builder", "model-proxy", "ollama"]],
  ["builds of OpenShift without serving", { ...cluster({ capabilities: { builds: "openshift" } }), builds, layers: { serving: false } }, ["ollama"]],
];

describe("the images that a stack runs", () => {
  const asked = async (stack: ReturnType<typeof config>): Promise<readonly string[]> => {
    const names = new Set<string>();
    const images = (name: string) => {
      if (stack.builds.every((one) => one.name !== name)) names.add(name);
      return `registry.example.com/${name}:1`;
    };
    const registryCredentials = pulumi.secret("{}");
    await deploy((opts) => new Platform("platform", { config: stack, images, owner: "a.b", retained: { retainOnDelete: true }, registryCredentials }, opts));
    return [...names].sort();
  };

  for (const [what, fields, names] of stacks) {
    it(`with ${what} are those that the program asks for`, async () => {
      const stack = config(fields);
      expect([...usedImages(stack)].sort()).to.deep.equal(names);
      expect(await asked(stack)).to.deep.equal(names);
    });
  }

  it("are so for configurations that say everything", async () => {
    for (const fields of fullConfigs()) {
      const stack = loadConfig(entries(fields), "Pulumi.dev.yaml", locked, ["openshift-ai-platform:registryCredentials"]);
      expect(await asked(stack)).to.deep.equal([...usedImages(stack)].sort());
    }
  });
});
