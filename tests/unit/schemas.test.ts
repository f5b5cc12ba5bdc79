import { expect } from "chai";
import { kindSchemas, type OpenApiDocument, type Schema } from "../../tools/schemas/convert";
import { fileOf, readSchemas, schemaLocation } from "../../tools/schemas";

const meta = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";
const quantity = "io.k8s.apimachinery.pkg.api.resource.Quantity";
const raw = "io.k8s.apimachinery.pkg.runtime.RawExtension";
const ref = (name: string) => ({ allOf: [{ $ref: `#/components/schemas/${name}` }], default: {} });

/** A document with one kind, `Thing` of example.com/v1, and definitions that it may refer to. */
function document(properties: Readonly<Record<string, Schema>>, rest: Schema = {}): OpenApiDocument {
  return {
    components: {
      schemas: {
        "com.example.v1.Thing": {
          type: "object",
          description: "a thing",
          properties: { metadata: ref(meta), ...properties },
          "x-kubernetes-group-version-kind": [{ group: "example.com", version: "v1", kind: "Thing" }],
          ...rest,
        },
        [meta]: { type: "object", properties: { name: { type: "string" }, labels: { type: "object", additionalProperties: { type: "string" } } } },
        [quantity]: { oneOf: [{ type: "string" }, { type: "number" }] },
        [raw]: { type: "object" },
        "com.example.v1.Unused": { type: "object", properties: {} },
        Options: { type: "object", "x-kubernetes-group-version-kind": [1, 2].map((i) => ({ group: `g${i}`, version: "v1", kind: "DeleteOptions" })) },
      },
    },
  };
}

function schemaOf(properties: Readonly<Record<string, Schema>>, custom: boolean, rest: Schema = {}): Schema {
  const [one, ...more] = kindSchemas(document(properties, rest), () => custom);
  if (!one || more.length > 0) throw new Error("not one kind");
  return one.schema;
}
const property = (schema: Schema, name: string): Schema => schema.properties?.[name] ?? {};
const definition = (schema: Schema, name: string): Schema => (schema.definitions as Record<string, Schema>)[name] ?? {};

describe("schemas for kubeconform", () => {
  it("hold the definitions that they need and no others, and no options of requests", () => {
    const schema = schemaOf({ size: ref(quantity) }, false);
    expect(Object.keys(schema.definitions as object)).to.have.members([meta, quantity]);
    expect(property(schema, "metadata").allOf?.[0]?.$ref).to.equal(`#/definitions/${meta}`);
    expect(schema).to.not.have.any.keys("description", "x-kubernetes-group-version-kind");
    expect(schema.$schema).to.equal("http://json-schema.org/draft-07/schema#");
  });

  it("are closed where fields are listed, and open where anything goes", () => {
    const schema = schemaOf({ any: ref(raw), map: { type: "object", additionalProperties: { type: "integer" } } }, false);
    expect(schema.additionalProperties).to.equal(false);
    expect(definition(schema, meta).additionalProperties).to.equal(false);
    expect(definition(schema, raw)).to.deep.equal({ type: "object" });
    expect(property(schema, "map").additionalProperties).to.deep.equal({ type: "integer" });
  });

  it("close what a custom resource's schema prunes, but not its unknown fields that are kept, nor branches that only narrow", () => {
    const schema = schemaOf(
      {
        empty: { type: "object" },
        kept: { type: "object", properties: { a: { type: "string" } }, "x-kubernetes-preserve-unknown-fields": true },
        embedded: { type: "object", properties: { spec: { type: "string" } }, "x-kubernetes-embedded-resource": true },
        narrowed: {
          type: "object",
          properties: { a: { type: "string" }, b: { type: "string" } },
          anyOf: [{ type: "object", properties: { a: { enum: ["x"] } } }],
        },
      },
      true,
    );
    expect(property(schema, "empty").additionalProperties).to.equal(false);
    expect(property(schema, "kept").additionalProperties).to.equal(undefined);
    expect(Object.keys(property(schema, "embedded").properties ?? {})).to.have.members(["apiVersion", "kind", "metadata", "spec"]);
    expect(property(schema, "narrowed").additionalProperties).to.equal(false);
    expect(property(schema, "narrowed").anyOf?.[0]).to.not.have.property("additionalProperties");
  });

  it("take an integer or a text where either may stand, and quantities by their form", () => {
    const schema = schemaOf({ port: { "x-kubernetes-int-or-string": true }, size: ref(quantity) }, true);
    expect(property(schema, "port").anyOf).to.deep.equal([{ type: "integer" }, { type: "string" }]);
    const form = new RegExp((definition(schema, quantity).oneOf?.[0]?.pattern as string | undefined) ?? "^$");
    for (const good of ["1", "500m", "1.5", "128Gi", "1e3", "-1", "+5k", ".5"]) expect(good).to.match(form);
    for (const bad of ["", "1GB", "Gi", "1 Gi", "one", "1ki", "1.5.2"]) expect(bad).to.not.match(form);
  });

  it("turn what only OpenAPI has into JSON schema", () => {
    const schema = schemaOf(
      {
        n: { type: "integer", nullable: true, minimum: 0, exclusiveMinimum: true, maximum: 9, exclusiveMaximum: false },
        e: { type: "string", enum: ["a"], nullable: true },
      },
      true,
    );
    expect(property(schema, "n")).to.deep.equal({ type: ["integer", "null"], exclusiveMinimum: 0, maximum: 9 });
    expect(property(schema, "e")).to.deep.equal({ type: ["string", "null"], enum: ["a", null] });
  });

  it("do not require of a custom resource what the server fills in; of a built-in kind, `default` is Go's zero value", () => {
    const fields = { a: { type: "string", default: "" }, b: { type: "string" } };
    expect(schemaOf(fields, true, { required: ["a", "b"] }).required).to.deep.equal(["b"]);
    expect(schemaOf(fields, false, { required: ["a", "b"] }).required).to.deep.equal(["a", "b"]);
  });

  it("judge branches as the server does, after it has filled in defaults", () => {
    const policy = { type: "string", default: "None" };
    const schema = schemaOf({ policy }, true, {
      anyOf: [{ not: { properties: { policy: { enum: ["Subdomain"] } } } }, { properties: { policy: { enum: ["None"] } } }],
    });
    expect(schema.anyOf?.[0]?.not).to.deep.equal({ properties: { policy: { enum: ["Subdomain"] } }, required: ["policy"] });
    expect(schema.anyOf?.[1]).to.not.have.property("required");
  });

  it("are files as kubeconform names them", () => {
    expect(fileOf({ group: "", version: "v1", kind: "ConfigMap" })).to.equal("configmap-v1-v1.json");
    expect(fileOf({ group: "apps", version: "v1", kind: "Deployment" })).to.equal("deployment-apps-v1.json");
    expect(schemaLocation("/s")).to.equal("/s/{{.ResourceKind}}-{{.Group}}-{{.ResourceAPIVersion}}.json");
  });

  it("fail when a served CustomResourceDefinition has no schema", async () => {
    const crd = (kind: string, served: boolean) => ({ spec: { group: "example.com", names: { kind }, versions: [{ name: "v1", served }] } });
    const server =
      (...crds: readonly object[]) =>
      (path: string) =>
        Promise.resolve(
          path === "/openapi/v3"
            ? { paths: { "apis/example.com/v1": { serverRelativeURL: "/one" }, "apis/example.com": { serverRelativeURL: "/no" } } }
            : path === "/one"
              ? document({})
              : { items: crds },
        );
    expect((await readSchemas(server(crd("Thing", true), crd("Old", false)))).map(({ kind }) => kind)).to.deep.equal(["Thing"]);
    const error: unknown = await readSchemas(server(crd("Thing", true), crd("Other", true))).catch((caught: unknown) => caught);
    expect(String(error)).to.contain("no schema of Other (example.com/v1)");
  });
});
