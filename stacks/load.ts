/** Parses a stack's configuration, once, and reports everything that is wrong with it at the same time. */
import { contradictions } from "./checks";
import { jsonSchemaOf, problemsOf, type Problem } from "./problems";
import { schema, type StackConfig } from "./schema";

export const namespace = "openshift-ai-platform";

const described = jsonSchemaOf(schema);

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

/** Fields that hold a secret: they must be encrypted in the file. */
export const secretFields = ["registryCredentials"] as const satisfies readonly (keyof StackConfig)[];

/**
 * @param entries all configuration of the stack by full key, values as Pulumi passes them: text, or JSON for maps and lists
 * @param file name of the configuration file, for messages
 * @param images names in images/images.lock
 * @param secretKeys full keys of the entries that are encrypted in the file; their values are never shown
 * @throws ConfigError with all problems
 */
export function loadConfig(
  entries: Readonly<Record<string, string>>,
  file: string,
  images: readonly string[],
  secretKeys: readonly string[] = [],
): StackConfig {
  const input = inputOf(entries);
  const result = schema.safeParse(input);
  const found = result.success ? contradictions(result.data, images) : problemsOf(result.error, input, described);
  const problems = [
    ...found.map((problem) => hideSecrets(problem, secretKeys)),
    ...secretFields.filter((field) => input[field] !== undefined && !secretKeys.includes(`${namespace}:${field}`)).map(unencrypted),
  ];
  if (!result.success || problems.length > 0) throw new ConfigError(file, problems);
  return result.data;
}

/** Whether a field is a secret depends on its top-level key: Pulumi encrypts values of keys, and marks the whole. */
function hideSecrets(problem: Problem, secretKeys: readonly string[]): Problem {
  const [key = ""] = /^[^.[]+/.exec(problem.field) ?? [];
  const secret = secretKeys.includes(`${namespace}:${key}`) || secretFields.some((field) => field === key);
  return secret && problem.value !== undefined ? { ...problem, value: "a secret value" } : problem;
}

function unencrypted(field: string): Problem {
  return {
    field,
    value: "a secret value in plain text",
    allowed: "a value that is encrypted in the file",
    fix: `pulumi config set --secret ${field}, and replace the secret where it was issued: others may have read it`,
  };
}

/**
 * Our keys without their namespace. A scalar arrives as text whatever it was in the file; only fields that are not text are read as JSON, and maps and lists
 * where a text belongs, for the message. Credentials are JSON that stays text.
 */
function inputOf(entries: Readonly<Record<string, string>>): Record<string, unknown> {
  const fields = described.properties ?? {};
  const prefix = `${namespace}:`;
  return Object.fromEntries(
    Object.entries(entries)
      .filter(([key]) => key.startsWith(prefix))
      .map(([key, text]) => {
        const name = key.slice(prefix.length);
        const isText = fields[name]?.type === "string" && (!/^[[{]/.test(text) || secretFields.some((field) => field === name));
        return [name, isText ? text : parse(text)];
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
