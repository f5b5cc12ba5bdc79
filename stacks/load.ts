/** Parses a stack's configuration, once, and reports everything that is wrong with it at the same time. */
import { contradictions } from "./checks";
import { jsonSchemaOf, problemsOf, type Problem } from "./problems";
import { schema, type StackConfig } from "./schema";

export const namespace = "openshift-ai-platform";

/** Thrown for a configuration that can't be used; the message is for people. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  constructor(
    readonly file: string,
    readonly problems: readonly Problem[],
  ) {
    super(format(file, problems));
  }
}

/**
 * @param entries all configuration of the stack by full key, values as Pulumi passes them: text, or JSON for maps and lists
 * @param file name of the configuration file, for messages
 * @param images names in images/images.lock
 * @throws ConfigError with all problems
 */
export function loadConfig(entries: Readonly<Record<string, string>>, file: string, images: readonly string[]): StackConfig {
  const input = inputOf(entries);
  const result = schema.safeParse(input);
  if (!result.success) throw new ConfigError(file, problemsOf(result.error, input, jsonSchemaOf(schema)));
  const problems = contradictions(result.data, images);
  if (problems.length > 0) throw new ConfigError(file, problems);
  return result.data;
}

/** Our keys without their namespace. A scalar arrives as text whatever it was in the file; only fields that are not text are read as JSON. */
function inputOf(entries: Readonly<Record<string, string>>): Record<string, unknown> {
  const fields = jsonSchemaOf(schema).properties ?? {};
  const prefix = `${namespace}:`;
  return Object.fromEntries(
    Object.entries(entries)
      .filter(([key]) => key.startsWith(prefix))
      .map(([key, text]) => {
        const name = key.slice(prefix.length);
        return [name, fields[name]?.type === "string" && !/^[[{]/.test(text) ? text : parse(text)];
      }),
  );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text; // the schema says what is allowed instead
  }
}

function format(file: string, problems: readonly Problem[]): string {
  const lines = problems.map(({ field, value, allowed, fix }) => {
    const got = value === undefined ? "is missing" : `is ${value.length > 120 ? `${value.slice(0, 117)}…` : value}`;
    return `  ${namespace}:${field} ${got}\n    allowed: ${allowed}\n    fix: ${fix}`;
  });
  return `${file}: ${problems.length} problem${problems.length === 1 ? "" : "s"}\n${lines.join("\n")}`;
}
