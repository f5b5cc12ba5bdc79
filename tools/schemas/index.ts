/** Schemas for kubeconform, from a cluster that has the CustomResourceDefinitions: what this very API server accepts, without a download. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { kindSchemas, type GroupVersionKind, type KindSchema, type OpenApiDocument } from "./convert";

/** Answer of the API server at a path, parsed. */
export type Get = (path: string) => Promise<unknown>;

interface Paths {
  readonly paths: Readonly<Record<string, { readonly serverRelativeURL: string }>>;
}
interface CrdList {
  readonly items: readonly {
    readonly spec: {
      readonly group: string;
      readonly names: { readonly kind: string };
      readonly versions: readonly { readonly name: string; readonly served: boolean }[];
    };
  }[];
}

/** Where kubeconform finds a schema: its `-schema-location` in a folder. kubeconform's group of the core API is its version. */
export function schemaLocation(dir: string): string {
  return join(dir, "{{.ResourceKind}}-{{.Group}}-{{.ResourceAPIVersion}}.json");
}

/** Name of a kind's file, as in schemaLocation. */
export function fileOf({ group, version, kind }: GroupVersionKind): string {
  return `${kind.toLowerCase()}-${group || version}-${version}.json`;
}

/**
 * The schemas of all kinds that a cluster serves.
 * @throws Error when a served CustomResourceDefinition has none: the server has not published it, or refuses its schema
 */
export async function readSchemas(get: Get): Promise<readonly KindSchema[]> {
  const [{ paths }, crds] = (await Promise.all([get("/openapi/v3"), get("/apis/apiextensions.k8s.io/v1/customresourcedefinitions")])) as [Paths, CrdList];
  const custom = crds.items.flatMap(({ spec: { group, names, versions } }) =>
    versions.filter(({ served }) => served).map(({ name: version }) => ({ group, version, kind: names.kind })),
  );
  const customKeys = new Set(custom.map(fileOf));
  const schemas: KindSchema[] = [];
  for (const [path, { serverRelativeURL }] of Object.entries(paths)) {
    if (!/^(api\/[^/]+|apis\/[^/]+\/[^/]+)$/.test(path)) continue;
    const document = (await get(serverRelativeURL)) as OpenApiDocument;
    const here = path.startsWith("api/") ? path.slice("api/".length) : path.slice("apis/".length);
    // A document repeats kinds of other groups that it refers to.
    schemas.push(
      ...kindSchemas(document, (kind) => customKeys.has(fileOf(kind))).filter(({ group, version }) => (group ? `${group}/${version}` : version) === here),
    );
  }
  const found = new Set(schemas.map(fileOf));
  const missing = custom.filter((kind) => !found.has(fileOf(kind)));
  if (missing.length > 0) {
    throw new Error(`OpenAPI has no schema of ${missing.map(({ group, version, kind }) => `${kind} (${group}/${version})`).join(", ")}`);
  }
  return schemas;
}

/** Writes the schemas of a cluster into a folder, which then holds nothing else. @returns how many there are */
export async function writeSchemas(get: Get, dir: string): Promise<number> {
  const schemas = await readSchemas(get);
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true });
  for (const one of schemas) writeFileSync(join(dir, fileOf(one)), JSON.stringify(one.schema));
  return schemas.length;
}
