import { expect } from "chai";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import type { Platform } from "../../../tools/cluster";
import { furtherKinds } from "../../../tools/cluster/addons/furtherKinds";
import { applyKinds, withApi } from "../../../tools/cluster/addons/install";
import { renderConfiguration } from "../../../tools/commands/render";
import { manifestsOf } from "../../../tools/render/render";
import { fileOf, writeSchemas } from "../../../tools/schemas";
import { kubeconform, type Conformance } from "../../../tools/schemas/kubeconform";
import { ensurePrograms } from "../../../tools/toolchain";
import { eventually } from "../cluster/support";
import { apiOf, clusterOf } from "../doctor/support";
import { deployment, everywhere, programObjects, route } from "./manifests";

describe("kubeconform with schemas of the API server", function () {
  this.timeout(600_000);
  const dir = mkdtempSync(join(tmpdir(), "oap-kubeconform-"));
  const schemasOf = (platform: Platform) => join(dir, "schemas", platform);
  let program: string;
  before(async () => {
    program = (await ensurePrograms(["kubeconform"])).kubeconform.path("kubeconform");
    for (const platform of ["openshift", "kubernetes"] as const) {
      const cluster = await clusterOf(platform);
      const api = apiOf(cluster);
      const kinds = await furtherKinds(platform);
      await withApi(cluster, (admin) => applyKinds(admin, kinds));
      // A schema is published a moment after its kind is served.
      await eventually("schemas of all kinds", async () => (await writeSchemas((path) => api.get(path), schemasOf(platform))) > 100);
    }
  });
  after(() => rmSync(dir, { recursive: true }));

  let runs = 0;
  function check(platform: Platform, ...objects: readonly object[]): Promise<Conformance> {
    const manifests = join(dir, `manifests-${++runs}`);
    mkdirSync(manifests);
    // kubeconform and kubectl read YAML 1.1, where a plain Off is false.
    for (const [i, object] of objects.entries()) writeFileSync(join(manifests, `${i}.yaml`), stringify(object, { version: "1.1" }));
    return kubeconform(program, schemasOf(platform), [manifests]);
  }

  /** The message about the only object that is wrong. */
  async function refused(object: object, platform: Platform = "openshift"): Promise<string> {
    const { valid, skipped, invalid } = await check(platform, object);
    expect([valid, skipped, invalid.length]).to.deep.equal([0, 0, 1]);
    return invalid[0]?.message ?? "";
  }

  const withSpec = (spec: object) => ({ ...deployment, spec: { ...deployment.spec, ...spec } });
  const withContainer = (fields: object) => {
    const [container] = deployment.spec.template.spec.containers;
    return withSpec({ template: { ...deployment.spec.template, spec: { ...deployment.spec.template.spec, containers: [{ ...container, ...fields }] } } });
  };

  for (const platform of ["openshift", "kubernetes"] as const) {
    it(`passes what is right on ${platform}, and skips nothing`, async () => {
      const objects = [...everywhere, ...(platform === "openshift" ? [route] : [])];
      expect(await check(platform, ...objects)).to.deep.equal({ valid: objects.length, skipped: 0, invalid: [] });
    });

    it(`passes what the cluster itself holds on ${platform}: the schemas refuse nothing that the server took`, async () => {
      const cluster = await clusterOf(platform);
      const kinds =
        "crds,nodes,namespaces,clusterroles,clusterrolebindings,storageclasses,persistentvolumes,validatingadmissionpolicies,flowschemas,apiservices";
      const { items } = JSON.parse((await cluster.kubectl(["get", kinds, "-o", "json"])).stdout) as { items: object[] };
      const { valid, skipped, invalid } = await check(platform, ...items);
      expect(invalid).to.deep.equal([]);
      expect([valid, skipped]).to.deep.equal([items.length, 0]);
    });
  }

  for (const platform of ["openshift", "kubernetes"] as const) {
    it(`passes all that the program makes on ${platform}`, async () => {
      const objects = await programObjects(platform);
      expect(objects.length).to.be.greaterThan(20);
      expect(await check(platform, ...objects)).to.deep.equal({ valid: objects.length, skipped: 0, invalid: [] });
    });

    for (const stack of ["dev", "staging", "production"]) {
      it(`passes what \`make render\` writes for ${stack} on ${platform}`, async () => {
        const manifests = await manifestsOf(stack, renderConfiguration(stack, platform));
        expect(manifests.length).to.be.greaterThan(20);
        expect(await check(platform, ...manifests)).to.deep.equal({ valid: manifests.length, skipped: 0, invalid: [] });
      });
    }
  }

  it("refuses a kind that has no schema: Route where there is no OpenShift", async () => {
    expect(await refused(route, "kubernetes")).to.contain("could not find schema for Route");
    expect(await refused({ apiVersion: "apps/v1", kind: "Deploymnet", metadata: { name: "a" } })).to.contain("could not find schema for Deploymnet");
    expect(await refused({ ...deployment, apiVersion: "apps/v1beta1" })).to.contain("could not find schema");
  });

  it("refuses the rest of the folder's objects when a schema is missing", async () => {
    rmSync(join(schemasOf("kubernetes"), fileOf({ group: "policy", version: "v1", kind: "PodDisruptionBudget" })));
    const { valid, skipped, invalid } = await check("kubernetes", ...everywhere);
    expect([valid, skipped]).to.deep.equal([everywhere.length - 1, 0]);
    expect(invalid.map(({ object }) => object)).to.deep.equal(["PodDisruptionBudget server"]);
  });

  it("refuses unknown fields, of the built-in kinds and of custom ones", async () => {
    expect(await refused(withSpec({ replica: 2 }))).to.contain("replica");
    expect(await refused(withContainer({ comand: ["x"] }))).to.contain("comand");
    expect(await refused({ ...deployment, metadata: { ...deployment.metadata, label: {} } })).to.contain("label");
    expect(await refused({ ...route, spec: { ...route.spec, tls: { terminaton: "edge" } } })).to.contain("terminaton");
  });

  it("refuses wrong types, quantities, choices, and what is missing", async () => {
    expect(await refused(withSpec({ replicas: "2" }))).to.contain("/spec/replicas");
    expect(await refused(withSpec({ strategy: { rollingUpdate: { maxSurge: 1.5 } } }))).to.contain("maxSurge");
    expect(await refused(withContainer({ resources: { requests: { memory: "128GB" } } }))).to.contain("memory");
    expect(await refused(withContainer({ env: [{ name: "A", value: 1 }] }))).to.contain("/env/0/value");
    expect(await refused(withContainer({ imagePullPolicy: "Sometimes" }))).to.contain("imagePullPolicy");
    expect(await refused(withSpec({ selector: undefined }))).to.contain("selector");
    expect(await refused({ ...route, spec: { ...route.spec, tls: { termination: "edgy" } } })).to.contain("termination");
  });

  it("refuses a field that is written twice", async () => {
    const manifests = join(dir, "twice.yaml");
    writeFileSync(manifests, 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  a: "1"\n  a: "2"\n');
    const { invalid } = await kubeconform(program, schemasOf("openshift"), [manifests]);
    expect(invalid[0]?.message).to.match(/already set|duplicate/);
  });

  it("does not take an empty folder for a good one", async () => {
    const error: unknown = await check("openshift").catch((caught: unknown) => caught);
    expect(String(error)).to.contain("no object in");
  });
});
