/** JSON schemas (draft 7) from the OpenAPI v3 documents of an API server, one for each kind, closed where the server drops or refuses unknown fields. Pure. */

/** A schema object of OpenAPI v3 or of JSON schema. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly enum?: readonly unknown[];
  readonly nullable?: boolean;
  readonly default?: unknown;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
  readonly allOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly not?: Schema;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: boolean | number;
  readonly exclusiveMaximum?: boolean | number;
  readonly "x-kubernetes-group-version-kind"?: readonly GroupVersionKind[];
  readonly "x-kubernetes-preserve-unknown-fields"?: boolean;
  readonly "x-kubernetes-int-or-string"?: boolean;
  readonly "x-kubernetes-embedded-resource"?: boolean;
  readonly [keyword: string]: unknown;
}

export interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** What `/openapi/v3/apis/<group>/<version>` answers. */
export interface OpenApiDocument {
  readonly components?: { readonly schemas?: Readonly<Record<string, Schema>> };
}

export interface KindSchema extends GroupVersionKind {
  readonly schema: Schema;
}

const quantity = "io.k8s.apimachinery.pkg.api.resource.Quantity";

/** A number with one of Kubernetes' suffixes: the server parses it, and its schema says no more than "a text". */
const quantityForm = "^[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+|[numkMGTPE]|[KMGTPE]i)?$";

/**
 * The schemas of all kinds of one group version, each complete in itself.
 * @param custom whether a kind is one of a CustomResourceDefinition, which the server prunes by its schema and defaults before it validates
 */
export function kindSchemas(document: OpenApiDocument, custom: (kind: GroupVersionKind) => boolean): readonly KindSchema[] {
  const schemas = document.components?.schemas ?? {};
  return Object.values(schemas).flatMap((schema) => {
    const [kind, ...more] = schema["x-kubernetes-group-version-kind"] ?? [];
    // Options of requests stand in all groups; they are no objects.
    if (!kind || more.length > 0) return [];
    return [{ ...kind, schema: complete(schema, schemas, custom(kind)) }];
  });
}

/** A schema with the definitions that it needs, itself and through others. */
function complete(root: Schema, schemas: Readonly<Record<string, Schema>>, custom: boolean): Schema {
  const definitions: Record<string, Schema> = {};
  const converted = convert(root, custom, custom);
  const wanted = referencesOf(converted);
  for (let name = wanted.pop(); name !== undefined; name = wanted.pop()) {
    if (definitions[name]) continue;
    const source = schemas[name];
    if (!source) throw new Error(`OpenAPI: ${name} is referred to and not there`);
    const definition = name === quantity ? quantitySchema() : convert(source, true, false);
    definitions[name] = definition;
    wanted.push(...referencesOf(definition));
  }
  return { $schema: "http://json-schema.org/draft-07/schema#", ...converted, definitions };
}

function quantitySchema(): Schema {
  return { oneOf: [{ type: "string", pattern: quantityForm }, { type: "number" }] };
}

/**
 * @param structure whether the schema says which fields there are; branches of anyOf and the like only narrow them
 * @param custom as in kindSchemas
 * @param narrowed what a branch narrows
 */
function convert(source: Schema, structure: boolean, custom: boolean, narrowed: Schema = source): Schema {
  const { nullable, properties, additionalProperties, items, allOf, anyOf, oneOf, not, required, ...rest } = source;
  const preserves = source["x-kubernetes-preserve-unknown-fields"] === true;
  const branch = (one: Schema) => convert(one, false, custom, narrowed);
  const fields = properties && mapValues(properties, (field, name) => convert(field, structure, custom, structure ? field : narrowed.properties?.[name]));
  const closed = (structure || !custom) && !preserves && additionalProperties === undefined && source.type === "object" && (properties !== undefined || custom);
  const own: Schema = {
    ...keywords(rest),
    ...(fields ? { properties: source["x-kubernetes-embedded-resource"] ? { ...embedded, ...fields } : fields } : {}),
    ...(typeof additionalProperties === "object" ? { additionalProperties: convert(additionalProperties, structure, custom) } : {}),
    ...(typeof additionalProperties === "boolean" ? { additionalProperties } : {}),
    ...(closed ? { additionalProperties: false } : {}),
    ...(items ? { items: convert(items, structure, custom, structure ? items : narrowed.items) } : {}),
    ...(allOf ? { allOf: allOf.map(branch) } : {}),
    ...(anyOf ? { anyOf: anyOf.map(branch) } : {}),
    ...(oneOf ? { oneOf: oneOf.map(branch) } : {}),
    ...(not ? { not: branch(not) } : {}),
    ...requiredOf(structure ? required : [...(required ?? []), ...defaulted(properties, narrowed)], custom ? narrowed.properties : undefined, structure),
    ...(source["x-kubernetes-int-or-string"] && !anyOf && !allOf ? { anyOf: [{ type: "integer" }, { type: "string" }] } : {}),
  };
  return nullable ? orNull(own) : own;
}

function mapValues<T, R>(values: Readonly<Record<string, T>>, change: (value: T, name: string) => R): Record<string, R> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, change(value, name)]));
}

/**
 * Fields that a branch wants to have other values than their default: the server judges branches after it has filled in defaults,
 * so such a branch does not hold where the field is left out.
 */
function defaulted(properties: Schema["properties"] = {}, narrowed: Schema): string[] {
  return Object.entries(properties).flatMap(([name, { enum: choices }]) => {
    const value = narrowed.properties?.[name]?.default;
    return value !== undefined && choices !== undefined && !choices.includes(value) ? [name] : [];
  });
}

/** Every object has these, whatever the schema of an embedded one says. */
const embedded: Readonly<Record<string, Schema>> = {
  apiVersion: { type: "string" },
  kind: { type: "string" },
  metadata: { type: "object" },
};

/**
 * What the server fills in needs not be written.
 * @param properties undefined where `default` is only Go's zero value, as in built-in kinds
 */
function requiredOf(required: readonly string[] | undefined, properties: Schema["properties"], structure: boolean): Pick<Schema, "required"> {
  const left = required?.filter((name) => !structure || properties?.[name]?.default === undefined) ?? [];
  return left.length > 0 ? { required: left } : {};
}

/** Keywords of OpenAPI 3.0 as JSON schema has them; those of Kubernetes alone and descriptions are left out. */
function keywords(source: Schema): Schema {
  const { $ref, exclusiveMinimum, exclusiveMaximum, minimum, maximum, ...rest } = source;
  const kept = Object.entries(rest).filter(([name]) => !name.startsWith("x-kubernetes-") && name !== "description" && name !== "default" && name !== "example");
  return {
    ...(Object.fromEntries(kept) as Schema),
    ...($ref === undefined ? {} : { $ref: $ref.replace("#/components/schemas/", "#/definitions/") }),
    ...bound("inimum", minimum, exclusiveMinimum),
    ...bound("aximum", maximum, exclusiveMaximum),
  };
}

function bound(end: string, limit: number | undefined, exclusive: boolean | number | undefined): Schema {
  if (limit === undefined) return {};
  return exclusive === true ? { [`exclusiveM${end}`]: limit } : { [`m${end}`]: limit };
}

/** JSON schema has no `nullable`. */
function orNull(schema: Schema): Schema {
  if (typeof schema.type !== "string") return { anyOf: [schema, { type: "null" }] };
  return { ...schema, type: [schema.type, "null"], ...(schema.enum ? { enum: [...schema.enum, null] } : {}) };
}

/** Names of the definitions that a schema names. */
function referencesOf(schema: unknown): string[] {
  if (typeof schema !== "object" || schema === null) return [];
  if (Array.isArray(schema)) return schema.flatMap(referencesOf);
  return Object.entries(schema).flatMap(([key, value]) =>
    key === "$ref" && typeof value === "string" ? [value.slice("#/definitions/".length)] : referencesOf(value),
  );
}
