/** A CustomResourceDefinition from an OpenAPI v2 document, for kinds that an aggregated API server serves and that come without one. Pure. */
import type { KubeObject } from "../api";

/** A schema of OpenAPI v2, or the structural one that is made from it. */
interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly format?: string;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema;
  readonly items?: Schema;
  readonly [keyword: `x-${string}`]: unknown;
}

export interface OpenApi {
  readonly definitions: Readonly<Record<string, Schema>>;
}

export interface Names {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
}

/** Built-in types that are more than their schema says. */
const special: Readonly<Record<string, Schema>> = {
  "io.k8s.apimachinery.pkg.api.resource.Quantity": { "x-kubernetes-int-or-string": true },
  "io.k8s.apimachinery.pkg.util.intstr.IntOrString": { "x-kubernetes-int-or-string": true },
  "io.k8s.apimachinery.pkg.runtime.RawExtension": { type: "object", "x-kubernetes-preserve-unknown-fields": true },
};

/**
 * @param definition name of the kind's definition
 * @throws Error when a definition that it needs is not there
 */
export function crdFromOpenApi({ definitions }: OpenApi, definition: string, { group, version, kind, plural }: Names): KubeObject {
  const find = (name: string): Schema => {
    const found = special[name] ?? definitions[name];
    if (found === undefined) throw new Error(`OpenAPI: ${name} is referred to and not there`);
    return found;
  };
  const root = structural(find(definition), find);
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: "Namespaced",
      names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          // The API server has its own schema of metadata, and takes no other. The status is the controller's, filled in by nobody here: never required.
          schema: {
            openAPIV3Schema: {
              ...root,
              required: [...(root.required ?? []).filter((name) => name !== "status")],
              properties: { ...root.properties, metadata: { type: "object" } },
            },
          },
        },
      ],
    },
  };
}

/** References replaced by what they name; defaults of Go's zero values and what only documents are left out. */
function structural(schema: Schema, find: (name: string) => Schema): Schema {
  if (schema.$ref !== undefined) return structural(find(schema.$ref.replace("#/definitions/", "")), find);
  const { type, format, required, properties, additionalProperties, items } = schema;
  const kept = ["x-kubernetes-int-or-string", "x-kubernetes-preserve-unknown-fields"] as const;
  return {
    ...(type === undefined ? {} : { type }),
    ...(format === undefined ? {} : { format }),
    ...(required === undefined ? {} : { required }),
    ...(properties === undefined ? {} : { properties: mapped(properties, find) }),
    ...(additionalProperties === undefined ? {} : { additionalProperties: structural(additionalProperties, find) }),
    ...(items === undefined ? {} : { items: structural(items, find) }),
    ...Object.fromEntries(kept.filter((name) => schema[name] !== undefined).map((name) => [name, schema[name]])),
  };
}

function mapped(properties: Readonly<Record<string, Schema>>, find: (name: string) => Schema): Record<string, Schema> {
  return Object.fromEntries(Object.entries(properties).map(([name, one]) => [name, structural(one, find)]));
}
