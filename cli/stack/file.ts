/** A stack's configuration file: read and checked as `pulumi up` does, edited without touching comments and order. */
import { parseDocument, type Document } from "yaml";
import { fileEntries } from "../../stacks/file";
import { ImagesError, readImagesLock } from "../../stacks/images";
import { ConfigError, loadConfig, namespace as project } from "../../stacks/load";
import type { StackConfig } from "../../stacks/schema";
import { usage } from "../errors";
import { changesOf, diffOf } from "./diff";
import type { Files } from "../types";

export interface StackFile {
  readonly stack: string;
  readonly path: string;
  readonly text: string;
  readonly config: StackConfig;
}

/** @throws UserError for a file that is not there, and for all that is wrong with it */
export function readStack(stack: string, path: string, files: Files): StackFile {
  const text = files.read(path);
  if (text === undefined) throw usage(`stack ${stack}: ${path} is not there`, "name a stack that has a configuration file, or the file: --config-file PATH");
  return { stack, path, text, config: checked(path, text) };
}

/** The configuration that a text holds. @throws UserError with all problems */
export function checked(path: string, text: string): StackConfig {
  try {
    const { texts, secrets } = fileEntries(text);
    return loadConfig(texts, path, Object.keys(readImagesLock()), secrets);
  } catch (error) {
    if (error instanceof SyntaxError) throw usage(`${path} is not valid YAML: ${error.message}`, "correct the file");
    if (error instanceof ConfigError || error instanceof ImagesError) throw usage(error.message, "correct it, then run this again", error);
    throw error;
  }
}

/** An edit that was not written yet. */
export interface Edit {
  readonly path: string;
  readonly before: string;
  readonly after: string;
  /** Changed lines with `+` and `-`, and where they stand. */
  readonly diff: string;
}

/** Text of a file after a change of its document; checked, so that no edit makes a configuration that `up` refuses. @throws UserError */
export function edited({ path, text }: Pick<StackFile, "path" | "text">, change: (document: Document) => void): Edit {
  // Pulumi reads YAML 1.1, where the time of a hold without quotes is not text.
  const document = parseDocument(text, { compat: "yaml-1.1" });
  const before = printed(document);
  change(document);
  const after = inTheStyleOf(text, before, printed(document));
  checked(path, after);
  return { path, before: text, after, diff: diffOf(path, text, after) };
}

/** Long lines stay as they are: a file that is wrapped anew would hide the change. */
function printed(document: Document): string {
  return document.toString({ lineWidth: 0 });
}

/** The lines that a change made, put into the text as a person wrote it: printing a document sets brackets and blanks anew everywhere. */
function inTheStyleOf(text: string, before: string, after: string): string {
  const lines = text.split("\n");
  // Line by line the same, or it can't be told which is which.
  if (lines.length !== before.split("\n").length) return after;
  const tidy = (line: string) => line.replace(/\[ (.*?) \]/g, "[$1]");
  const merged = changesOf(before.split("\n"), after.split("\n")).flatMap(({ kind, at, line }) =>
    kind === "same" ? [lines[at] ?? ""] : kind === "+" ? [line] : [],
  );
  const styled = merged.map((line) => (lines.includes(line) ? line : tidy(line))).join("\n");
  const means = (yaml: string) => JSON.stringify(parseDocument(yaml).toJS());
  return [styled, merged.join("\n")].find((one) => means(one) === means(after)) ?? after;
}

/** Key under which a field of ours stands. */
export function keyOf(field: "models" | "serving"): readonly string[] {
  return ["config", `${project}:${field}`];
}
