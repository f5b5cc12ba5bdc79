/** `list` and `explain`: what the policies require. */
import { frameworks } from "../frameworks";
import { didYouMean, InputError } from "../input";
import { environments, levelOf } from "../levels";
import { policies } from "../policies";
import { readArguments } from "./arguments";
import type { Io } from "./io";

export function list(args: readonly string[], io: Io): number {
  const { options, rest } = readArguments(args, ["output"]);
  const { output = "table" } = options;
  if (rest.length > 0) throw new InputError([`${rest.join(" ")}: list takes no names`]);
  if (output !== "table" && output !== "json") throw new InputError([`--output ${output}: allowed: table, json`]);
  if (output === "json") {
    const all = policies.map(({ number, name, title, group, severity, scope, layer }) => ({ number, name, title, group, severity, scope, layer }));
    io.out(`${JSON.stringify(all, undefined, 2)}\n`);
    return 0;
  }
  const width = Math.max(...policies.map(({ name }) => name.length));
  for (const { number, name, severity, title } of policies) io.out(`${String(number).padStart(2)} ${name.padEnd(width)}  ${severity.padEnd(8)}  ${title}\n`);
  return 0;
}

export function explain(args: readonly string[], io: Io): number {
  const { rest } = readArguments(args, []);
  const [name = ""] = rest;
  const names = policies.map((one) => one.name);
  const policy = policies.find((one) => one.name === name || String(one.number) === name);
  if (policy === undefined || rest.length > 1)
    throw new InputError([`${rest.join(" ") || "no name"}: no such policy; openshift-ai-policy list shows all${didYouMean(name, names)}`]);
  const controls = frameworks.flatMap(({ id, name: framework }) => {
    const own = policy.controls[id] ?? [];
    return own.length === 0 ? [] : [`  ${framework}: ${own.join(", ")}`];
  });
  const parameters = Object.entries(policy.parameters ?? {}).map(
    ([key, { description, default: value }]) => `  ${key} (default ${JSON.stringify(value)}): ${description}`,
  );
  io.out(
    `${[
      `${policy.number} ${policy.name} (${policy.group}, ${policy.severity})`,
      `required: ${policy.title}`,
      `why: ${policy.why}`,
      `fix: ${policy.fix}`,
      `level: ${environments.map((environment) => `${environment} ${levelOf(policy, environment)}`).join(", ")}`,
      ...(policy.layer === undefined ? [] : [`about the layer: ${policy.layer}`]),
      ...(controls.length === 0 ? [] : ["supports:", ...controls]),
      ...(parameters.length === 0 ? [] : ["parameters:", ...parameters]),
    ].join("\n")}\n`,
  );
  return 0;
}
