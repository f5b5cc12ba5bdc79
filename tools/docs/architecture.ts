/** The pictures of docs/architecture.md: what the program registers for production, and who talks to whom. */
import * as pulumi from "@pulumi/pulumi";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { isPodGroup, type Connection } from "../../stacks/connections";
import { root } from "../lib/paths";
import { withSection } from "./sections";

/** A component, with the components and the kinds of objects below it. */
interface Node {
  readonly label: string;
  readonly children: Map<string, Node>;
  readonly kinds: Map<string, number>;
}

/** Runs index.ts without an engine. @returns the tree of its components, the stack on top */
export async function componentTree(stack: string, entries: Readonly<Record<string, string>>): Promise<Node> {
  const top: Node = { label: stack, children: new Map(), kinds: new Map() };
  const nodes = new Map<pulumi.Resource, Node>();
  void pulumi.runtime.setMocks(
    { newResource: ({ name, inputs }) => ({ id: name, state: inputs as object }), call: ({ inputs }) => inputs as object },
    "openshift-ai-platform",
    stack,
  );
  pulumi.runtime.setAllConfig({ ...entries });
  const record: pulumi.ResourceTransformation = ({ type, name, resource, opts }) => {
    const parent = (opts.parent && nodes.get(opts.parent)) ?? top;
    const [kind = ""] = type.split(":").slice(-1);
    if (type.startsWith("openshift-ai-platform:")) {
      const node = { label: `${kind} ${name}`, children: new Map(), kinds: new Map() } satisfies Node;
      parent.children.set(node.label, node);
      nodes.set(resource, node);
    } else if (!type.startsWith("pulumi:")) parent.kinds.set(kind, (parent.kinds.get(kind) ?? 0) + 1);
    return undefined;
  };
  // Without an engine, what the program says goes to stdout.
  const write = process.stdout.write.bind(process.stdout);
  process.stdout.write = () => true;
  await pulumi.runtime.runInPulumiStack(() => {
    pulumi.runtime.registerStackTransformation(record);
    const load = createRequire(__filename);
    const path = load.resolve("../../index");
    Reflect.deleteProperty(load.cache, path);
    load(path);
    return Promise.resolve({});
  });
  process.stdout.write = write;
  return top;
}

/** The tree as an outline: a line per component, with what it makes. */
export function outline(node: Node, depth = 0): string {
  const kinds = [...node.kinds].sort(([a], [b]) => a.localeCompare(b)).map(([kind, count]) => (count > 1 ? `${count} ${kind}` : kind));
  const line = `${"   ".repeat(depth)}${depth > 0 ? "└─ " : ""}${node.label}${kinds.length > 0 ? `: ${kinds.join(", ")}` : ""}`;
  return [line, ...[...node.children.values()].map((child) => outline(child, depth + 1))].join("\n");
}

/** The table of connections as a Mermaid graph: an arrow per pair, with its ports. */
export function connectionGraph(table: readonly Connection[]): string {
  const name = (end: Connection["from"]) => (isPodGroup(end) ? [end.namespace, end.component, end.instance].filter(Boolean).join("/") : end);
  const ids = new Map<string, string>();
  const idOf = (label: string) => ids.get(label) ?? (ids.set(label, `n${ids.size}`), ids.get(label) ?? "");
  const arrows = new Map<string, Set<string>>();
  for (const { from, to, port } of table) {
    const key = `${idOf(name(from))} --> ${idOf(name(to))}`;
    arrows.set(key, (arrows.get(key) ?? new Set()).add(String(port)));
  }
  return [
    "```mermaid",
    "graph LR",
    ...[...ids].map(([label, id]) => `  ${id}["${label}"]`),
    ...[...arrows].map(([key, ports]) => `  ${key.replace("-->", `-->|${[...ports].join(", ")}|`)}`),
    "```",
  ].join("\n");
}

/** The document with its pictures made anew. */
export function architectureDocs(tree: Node, table: readonly Connection[]): Record<string, string> {
  const path = "docs/architecture.md";
  const document = readFileSync(join(root, path), "utf8");
  const layers = ["```", outline(tree), "```"].join("\n");
  return { [path]: withSection(withSection(document, "layers", layers), "connections", connectionGraph(table)) };
}
