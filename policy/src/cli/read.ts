/** Manifests as they are written: YAML or JSON, several in a file, Lists, what `helm template` prints. */
import { LineCounter, parseAllDocuments, type Document, type Tags } from "yaml";
import { InputError } from "../input";
import { kubeObject, type KubeObject } from "../objects";
import { isFields, plain, type Value } from "../values";
import type { Io } from "./io";

export interface Manifests {
  readonly objects: readonly KubeObject[];
  /** Documents that are no Kubernetes objects: without `apiVersion` and `kind`. */
  readonly skipped: readonly string[];
}

/** Reads files, folders and `-`. @throws InputError naming each file and line that can't be read */
export async function readManifests(paths: readonly string[], io: Io): Promise<Manifests> {
  const problems: string[] = [];
  const found: Manifests[] = [];
  for (const path of paths) {
    if (path === "-") {
      found.push(parsed("stdin", await io.stdin(), problems));
      continue;
    }
    const below = io.files(path);
    for (const file of below?.filter((name) => /\.(ya?ml|json)$/i.test(name)) ?? [path]) {
      try {
        found.push(parsed(file, io.read(file), problems));
      } catch (error) {
        if (error instanceof InputError) throw error;
        problems.push(`${file}: can't be read; allowed: a folder, a file, or - for standard input`);
      }
    }
  }
  if (problems.length > 0) throw new InputError(problems);
  return { objects: found.flatMap(({ objects }) => objects), skipped: found.flatMap(({ skipped }) => skipped) };
}

/** As kubectl reads YAML: version 1.1, but dates and times are texts. */
const customTags = (tags: Tags): Tags => tags.filter((tag) => typeof tag === "string" || !("format" in tag && tag.format === "TIME") && tag.tag !== "tag:yaml.org,2002:timestamp"); // prettier-ignore

function parsed(file: string, text: string, problems: string[]): Manifests {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, { version: "1.1", customTags, lineCounter: lines, logLevel: "silent" });
  const objects: KubeObject[] = [];
  const skipped: string[] = [];
  for (const document of documents as readonly Document.Parsed[]) {
    const [error] = document.errors;
    if (error !== undefined) {
      problems.push(
        `${file}:${error.linePos?.[0].line ?? 1}: ${(error.message.split("\n")[0] ?? "").replace(/ at line \d+, column \d+:?$/, "")}; allowed: YAML or JSON`,
      );
      continue;
    }
    const line = document.contents === null ? 1 : lines.linePos(document.contents.range[0]).line;
    const value = valueOf(document, `${file}:${line}`, problems);
    if (value === undefined || value === null) continue;
    const items =
      isFields(value) && typeof value.kind === "string" && value.kind.endsWith("List") && Array.isArray(value.items)
        ? (value.items as readonly Value[])
        : undefined;
    for (const [i, one] of (items ?? [value]).entries()) {
      const id = `${file}:${line}${items === undefined ? "" : `#${i}`}`;
      const object = kubeObject(one, { id });
      if (object !== undefined) objects.push(object);
      else if (!isFields(one) || one.kind !== "Kustomization") skipped.push(id);
    }
  }
  return { objects, skipped };
}

function valueOf(document: Document.Parsed, where: string, problems: string[]): Value {
  try {
    return plain(document.toJS());
  } catch (error) {
    // Aliases of aliases, which grow without end.
    problems.push(`${where}: ${error instanceof Error ? error.message : String(error)}; allowed: YAML or JSON`);
    return undefined;
  }
}
