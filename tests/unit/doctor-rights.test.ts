import { expect } from "chai";
import { Platform } from "../../components/platform";
import { pathOf } from "../../tools/cluster/api";
import { rightsTable } from "../../tools/doctor/checks/rights";
import { config, reference } from "./support/config";
import { owner } from "./support/context";
import { fullConfigs } from "./support/fullConfig";
import { deploy } from "./support/mocks";

interface ObjectInputs {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

describe("the doctor's table of rights", function () {
  this.timeout(60_000); // eight programs
  for (const platform of ["openshift", "kubernetes"] as const) {
    it(`has every kind that the program makes on ${platform}, where and when it makes it`, async () => {
      for (const fields of fullConfigs()) {
        const stack = config({ ...fields, platform });
        const args = { config: stack, images: reference, owner, retained: { retainOnDelete: true }, registryCredentials: '{"auths":{}}' };
        const { resources } = await deploy((opts) => new Platform("platform", args, opts));
        const rights = rightsTable.filter(({ when }) => when?.(stack) ?? true);
        const objects = resources
          .filter(({ type, inputs }) => type.startsWith("kubernetes:") && inputs.kind !== undefined)
          .map(({ inputs }) => inputs as unknown as ObjectInputs);
        expect(objects.length).to.be.greaterThan(20);
        for (const object of objects) {
          const group = object.apiVersion.includes("/") ? object.apiVersion.split("/")[0] : "";
          const plural = pathOf(object).split("/").at(-2);
          const scope = object.metadata.namespace === undefined ? "cluster" : "projects";
          const found = rights.find((right) => right.group === group && right.resource === plural && right.scope === scope && right.subresource === undefined);
          expect(found, `${object.kind} ${object.metadata.name}`).to.not.equal(undefined);
          expect(found?.verbs).to.include("patch");
        }
      }
    });
  }
});
