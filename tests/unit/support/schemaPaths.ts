/** The fields of the configuration by their paths, with `[]` for entries of lists. */
import { jsonSchemaOf, type JsonSchema } from "../../../stacks/problems";
import { schema } from "../../../stacks/schema";

/** Fields that hold a value, a list of values or a map of labels; of all kinds of a union. */
export function leafPaths(): readonly string[] {
  return [...new Set(leaves(jsonSchemaOf(schema), ""))];
}

function leaves(node: JsonSchema, path: string): string[] {
  const branches = [node, ...(node.oneOf ?? [])];
  const children = branches.flatMap((branch) => Object.entries(branch.properties ?? {}));
  if (children.length > 0) return children.flatMap(([name, child]) => leaves(child, path === "" ? name : `${path}.${name}`));
  return node.items?.properties || node.items?.oneOf ? leaves(node.items, `${path}[]`) : [path];
}

/** The same paths of a value. */
export function pathsOf(value: unknown, leaf: (path: string) => boolean, path = ""): readonly string[] {
  if (leaf(path) || typeof value !== "object" || value === null) return [path];
  return Object.entries(value).flatMap(([name, member]) => pathsOf(member, leaf, Array.isArray(value) ? `${path}[]` : path === "" ? name : `${path}.${name}`));
}
