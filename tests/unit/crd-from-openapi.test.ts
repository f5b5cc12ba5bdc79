import { expect } from "chai";
import { crdFromOpenApi } from "../../tools/cluster/addons/crdFromOpenApi";

const names = { group: "example.com", version: "v1", kind: "Thing", plural: "things" };
const document = {
  definitions: {
    Thing: {
      type: "object",
      required: ["spec", "status"],
      properties: {
        kind: { type: "string" },
        metadata: { $ref: "#/definitions/Meta" },
        spec: { $ref: "#/definitions/Spec", default: {} },
        status: { $ref: "#/definitions/Spec" },
      },
    },
    Meta: { type: "object", properties: { name: { type: "string" } } },
    Spec: {
      type: "object",
      required: ["size"],
      properties: {
        size: { $ref: "#/definitions/io.k8s.apimachinery.pkg.api.resource.Quantity" },
        list: { type: "array", items: { $ref: "#/definitions/Item" }, "x-kubernetes-patch-strategy": "merge" },
        map: { type: "object", additionalProperties: { type: "string", default: "" } },
        raw: { $ref: "#/definitions/io.k8s.apimachinery.pkg.runtime.RawExtension" },
      },
    },
    Item: { type: "object", properties: { at: { type: "string", format: "date-time" } } },
    "io.k8s.apimachinery.pkg.api.resource.Quantity": { type: "string" },
    "io.k8s.apimachinery.pkg.runtime.RawExtension": { type: "object" },
  },
};

describe("a custom kind from an OpenAPI document", () => {
  it("has the structure of its definitions, without defaults, and what built-in types really are", () => {
    const { metadata, spec } = crdFromOpenApi(document, "Thing", names);
    const { versions } = spec as { versions: readonly { schema: { openAPIV3Schema: object } }[] };
    const fields = {
      type: "object",
      required: ["size"],
      properties: {
        size: { "x-kubernetes-int-or-string": true },
        list: { type: "array", items: { type: "object", properties: { at: { type: "string", format: "date-time" } } } },
        map: { type: "object", additionalProperties: { type: "string" } },
        raw: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
      },
    };
    expect(metadata.name).to.equal("things.example.com");
    expect(versions[0]?.schema.openAPIV3Schema).to.deep.equal({
      type: "object",
      // The status is the controller's: nobody here writes one.
      required: ["spec"],
      properties: { kind: { type: "string" }, metadata: { type: "object" }, spec: fields, status: fields },
    });
  });

  it("is refused where a definition is missing", () => {
    const broken = { definitions: { Thing: { type: "object", properties: { spec: { $ref: "#/definitions/Gone" } } } } };
    expect(() => crdFromOpenApi(broken, "Thing", names)).to.throw("Gone is referred to and not there");
  });
});
