/** Settings of a command: from a file, and from options. */
import { dirname, resolve } from "node:path";
import { parseDocument } from "yaml";
import { configurationOf, type Configuration } from "../configuration";
import { InputError } from "../input";
import { policies } from "../policies";
import { isFields, plain, type Value } from "../values";
import type { Io } from "./io";

export const configurationOptions = ["environment", "platform", "exemptions", "config"] as const;
type ConfigurationOption = (typeof configurationOptions)[number];

/** What a file and the options say; the options prevail. @throws InputError with all that is wrong */
export function configurationFrom(options: Readonly<Partial<Record<ConfigurationOption, string>>>, io: Io): Configuration {
  const file = options.config;
  const own = file === undefined ? {} : readYaml(file, io);
  if (!isFields(own)) throw new InputError([`${file ?? ""}: allowed: a map of settings`]);
  const { environment, platform } = options;
  return configurationOf(
    {
      own: {
        ...own,
        ...(environment === undefined ? {} : { environment }),
        ...(platform === undefined ? {} : { platform }),
        ...(options.exemptions === undefined ? {} : { exemptions: options.exemptions }),
      },
      // What the file names is beside the file, what the command line names is from here.
      readExemptions: (path) => readYaml(options.exemptions === undefined && file !== undefined ? resolve(dirname(file), path) : path, io),
    },
    policies,
  );
}

function readYaml(path: string, io: Io): Value {
  const text = ((): string => {
    try {
      return io.read(path);
    } catch {
      throw new InputError([`${path}: can't be read; allowed: the path of a file`]);
    }
  })();
  const document = parseDocument(text);
  const [error] = document.errors;
  if (error !== undefined) throw new InputError([`${path}:${error.linePos?.[0].line ?? 1}: ${error.message.split("\n")[0] ?? ""}; allowed: YAML`]);
  return plain(document.toJS() ?? {});
}
