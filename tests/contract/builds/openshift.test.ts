/** Builds by the schema that OpenShift publishes of its kinds, closed: a field that it does not know is refused. No cluster, and no OpenShift. */
import { expect } from "chai";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { buildKinds } from "../../../tools/cluster/addons/furtherKinds";
import { fileOf } from "../../../tools/schemas";
import { kindSchemas, type Schema } from "../../../tools/schemas/convert";
import { kubeconform } from "../../../tools/schemas/kubeconform";
import { ensurePrograms } from "../../../tools/toolchain";
import { kinds, objectsOf } from "./objects";

interface CrdSpec {
  readonly group: string;
  readonly names: { readonly kind: string };
  readonly versions: readonly { readonly name: string; readonly schema: { readonly openAPIV3Schema: Schema } }[];
}

describe("OpenShift's schema", function () {
  this.timeout(120_000);
  const dir = mkdtempSync(join(tmpdir(), "oap-builds-"));
  const schemas = join(dir, "schemas");
  let program: string;
  before(async () => {
    program = (await ensurePrograms(["kubeconform"])).kubeconform.path("kubeconform");
    mkdirSync(schemas);
    for (const { spec } of await buildKinds()) {
      const { group, names, versions } = spec as CrdSpec;
      for (const { name: version, schema } of versions) {
        const kind = { group, version, kind: names.kind };
        const { properties, ...root } = schema.openAPIV3Schema;
        const metadata: Schema = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
        const whole = { ...root, properties: { ...properties, metadata }, "x-kubernetes-group-version-kind": [kind] };
        const document = { components: { schemas: { [names.kind]: whole } } };
        for (const one of kindSchemas(document, () => true)) writeFileSync(join(schemas, fileOf(one)), JSON.stringify(one.schema));
      }
    }
  });
  after(() => {
    rmSync(dir, { recursive: true });
  });

  let runs = 0;
  const check = (objects: readonly object[]) => {
    const manifests = join(dir, `manifests-${++runs}`);
    mkdirSync(manifests);
    objects.forEach((object, i) => {
      writeFileSync(join(manifests, `${i}.yaml`), stringify(object));
    });
    return kubeconform(program, schemas, [manifests]);
  };
  const own = { ...kinds.all, output: {} };

  for (const [what, fields] of Object.entries({ ...kinds, "an ImageStream": own })) {
    it(`takes a build with ${what}`, async () => {
      const objects = await objectsOf("openshift", "openshift", fields);
      expect(await check(objects)).to.deep.equal({ valid: objects.length, skipped: 0, invalid: [] });
    });
  }

  it("refuses what is wrong", async () => {
    const text = JSON.stringify(await objectsOf("openshift", "openshift", own));
    const changes: readonly (readonly [from: string, to: string, message: string])[] = [
      ["runPolicy", "runPolicies", "runPolicies"],
      ["secretReference", "secretRef", "secretRef"],
      ['"completionDeadlineSeconds":3600', '"completionDeadlineSeconds":"1h"', "completionDeadlineSeconds"],
      ["lookupPolicy", "lookup", "lookup"],
    ];
    for (const [from, to, message] of changes) {
      expect(text).to.contain(from);
      const { invalid } = await check(JSON.parse(text.replace(from, to)) as object[]);
      expect(invalid.map((one) => one.message).join()).to.contain(message);
    }
  });
});
