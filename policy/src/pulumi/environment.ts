/** The configuration of the pack: part of the stack's configuration, as the engine passes it. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseDocument } from "yaml";
import { configurationOf, type Configuration } from "../configuration";
import { InputError } from "../input";
import { settingsOfPlatform } from "../platformConfiguration";
import type { Policy } from "../policy";
import { plain, type Fields, type Value } from "../values";
import type { StackInformation } from "./sdk";

const own = "openshift-ai-policy:";
const platform = "openshift-ai-platform:";
/** Settings that are texts: all others are JSON. */
const texts = ["environment", "platform", "kubernetesVersion", "pages"];

/** @param config of the stack by full key: texts, or JSON @throws InputError with all that is wrong */
export function configurationFrom(config: ReadonlyMap<string, string>, policies: readonly Policy[]): Configuration {
  return configurationOf(
    {
      own: below(config, own, (key) => texts.includes(key)),
      derived: settingsOfPlatform(below(config, platform, () => false)),
      prefix: own,
      readExemptions: (path) => readYaml(path),
    },
    policies,
  );
}

/** What engines put into the environment that do not tell the pack of its stack. */
export function stackFrom(env: NodeJS.ProcessEnv): StackInformation {
  return { stack: env.PULUMI_STACK ?? env.PULUMI_NODEJS_STACK ?? "stack", config: new Map(Object.entries(entriesOf(env.PULUMI_CONFIG))) };
}

/** A YAML or JSON file. Its path is absolute, or from the folder that the pack runs in. @throws InputError */
export function readYaml(path: string, directory = process.cwd()): Value {
  let text: string;
  try {
    text = readFileSync(resolve(directory, path), "utf8");
  } catch {
    throw new InputError([`${path}: can't be read; allowed: the path of a file`]);
  }
  const document = parseDocument(text);
  const [error] = document.errors;
  if (error !== undefined) throw new InputError([`${path}:${error.linePos?.[0].line ?? 1}: ${error.message.split("\n")[0] ?? ""} Allowed: YAML`]);
  return plain(document.toJS());
}

function entriesOf(json = "{}"): Readonly<Record<string, string>> {
  try {
    return JSON.parse(json) as Readonly<Record<string, string>>;
  } catch {
    throw new InputError(["PULUMI_CONFIG: no valid JSON; the engine sets it"]);
  }
}

/** Entries with a prefix, without it. Lists and maps come as JSON. */
function below(entries: ReadonlyMap<string, string>, prefix: string, isText: (key: string) => boolean): Fields {
  return Object.fromEntries(
    [...entries].flatMap(([name, value]) => {
      if (!name.startsWith(prefix)) return [];
      const key = name.slice(prefix.length);
      return [[key, isText(key) ? value : parsed(value)]];
    }),
  );
}

function parsed(text: string): Value {
  if (!/^\s*[[{]/.test(text)) return text;
  try {
    return plain(JSON.parse(text));
  } catch {
    return text;
  }
}
