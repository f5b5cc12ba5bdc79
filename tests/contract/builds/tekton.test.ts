/** Builds as Tekton's own admission judges them: its defaults and its validation, of pipelines and of triggers. */
import { expect } from "chai";
import { exec } from "../../../tools/lib/exec";
import { ensurePrograms } from "../../../tools/toolchain";
import { kinds, objectsOf, type KubeObject } from "./objects";

interface Template {
  readonly resourcetemplates: readonly KubeObject[];
}

describe("Tekton", function () {
  this.timeout(600_000); // a first run builds its validators
  let program: string;
  before(async () => {
    program = (await ensurePrograms(["tekton-validate"]))["tekton-validate"].path("tekton-validate");
  });
  const judge = async (objects: readonly object[]) => JSON.parse((await exec(program, [], { input: JSON.stringify(objects) })).stdout) as readonly string[];
  const ofTekton = (objects: readonly KubeObject[]) => objects.filter(({ apiVersion }) => apiVersion.includes("tekton.dev"));

  for (const platform of ["openshift", "kubernetes"] as const) {
    for (const [name, fields] of Object.entries(kinds)) {
      it(`takes all that a build is made of, with ${name} of its fields, on ${platform}`, async () => {
        const objects = ofTekton(await objectsOf("tekton", platform, fields));
        expect(objects).to.have.length(name === "all" ? 5 : 2);
        expect(await judge(objects)).to.deep.equal(objects.map(() => ""));
      });
    }

    it(`takes the run that a push starts on ${platform}`, async () => {
      const objects = await objectsOf("tekton", platform, kinds.all);
      const template = objects.find(({ kind }) => kind === "TriggerTemplate")?.spec as unknown as Template;
      const text = JSON.stringify(template.resourcetemplates).replaceAll("$(tt.params.revision)", "a".repeat(40));
      expect(text).to.not.contain("$(tt.");
      // The API server makes the name before admission.
      expect(await judge(JSON.parse(text.replace('"generateName":"team-models-"', '"name":"team-models-x7k2p"')) as object[])).to.deep.equal([""]);
    });
  }

  it("refuses what is wrong", async () => {
    const objects = await objectsOf("tekton", "openshift", kinds.all);
    const wrong = (kind: string, from: string, to: string) => {
      const text = JSON.stringify(objects.find((object) => object.kind === kind));
      expect(text, kind).to.contain(from);
      return JSON.parse(text.replaceAll(from, to)) as object;
    };
    const said = await judge([
      wrong("Task", "computeResources", "resources"),
      wrong("Task", "$(params.revision)", "$(params.commit)"),
      wrong("Task", '"name":"prepare"', '"name":"clone"'),
      wrong("Pipeline", "$(tasks.build.results", "$(tasks.built.results"),
      wrong("EventListener", '"bindings":[{"kind":"TriggerBinding","ref":"team-models"}]', '"bindings":[{"kind":"TriggerBinding"}]'),
      wrong("TriggerTemplate", "$(tt.params.revision)", "$(tt.params.commit)"),
    ]);
    expect(said.map((text) => text !== "")).to.deep.equal(said.map(() => true));
  });
});
