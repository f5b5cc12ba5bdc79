/** Arguments of a command, read strictly. */
import { parseArgs } from "node:util";
import { didYouMean, InputError } from "../input";

/** Options with a value, by name, and what is no option. @throws InputError with what is unknown */
export function readArguments<T extends string>(
  args: readonly string[],
  names: readonly T[],
  flags: readonly T[] = [],
): { options: Partial<Record<T, string>>; rest: readonly string[] } {
  const options = Object.fromEntries(names.map((name) => [name, { type: flags.includes(name) ? "boolean" : "string" }])) as Record<
    string,
    { type: "string" | "boolean" }
  >;
  const { tokens } = parseArgs({ args: [...args], options, strict: false, allowPositionals: true, tokens: true });
  const problems: string[] = [];
  const given: Partial<Record<string, string>> = {};
  const rest: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") rest.push(token.value);
    if (token.kind !== "option") continue;
    if (!names.includes(token.name as T))
      problems.push(`${token.rawName}: no such option; allowed: ${names.map((name) => `--${name}`).join(", ") || "none"}${near(token.name, names)}`);
    else if (flags.includes(token.name as T)) given[token.name] = "true";
    else if (token.value === undefined || token.value === "") problems.push(`--${token.name}: needs a value`);
    else given[token.name] = token.value;
  }
  if (problems.length > 0) throw new InputError(problems);
  return { options: given, rest };
}

function near(name: string, names: readonly string[]): string {
  return didYouMean(`--${name}`, names.map((one) => `--${one}`)); // prettier-ignore
}
