/** A stack's configuration file as Pulumi passes it to the program, read without Pulumi: what is encrypted stays so. Pure. */
import { parseDocument } from "yaml";
import { namespace } from "./load";

export interface FileEntries {
  /** By full key; values as text, or JSON for maps and lists. */
  readonly texts: Readonly<Record<string, string>>;
  /** Full keys of the encrypted ones. */
  readonly secrets: readonly string[];
}

/** Stands for a secret: Pulumi alone can decrypt it, and whoever reads a file without Pulumi needs none. */
const secretStandsFor = '{"auths":{}}';

/** @throws SyntaxError for what is no YAML, with what is wrong */
export function fileEntries(text: string): FileEntries {
  const document = parseDocument(text);
  if (document.errors[0]) throw new SyntaxError(document.errors[0].message);
  const { config } = (document.toJS() ?? {}) as { config?: Readonly<Record<string, unknown>> | null };
  const texts: Record<string, string> = {};
  const secrets: string[] = [];
  for (const [name, value] of Object.entries(config ?? {})) {
    const key = name.includes(":") ? name : `${namespace}:${name}`;
    const secret = typeof value === "object" && value !== null && "secure" in value;
    if (secret) secrets.push(key);
    texts[key] = secret ? secretStandsFor : typeof value === "string" ? value : JSON.stringify(value);
  }
  return { texts, secrets };
}
