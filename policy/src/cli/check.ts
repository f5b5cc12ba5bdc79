/** `check`: the policies over rendered manifests. */
import { levelIn } from "../configuration";
import { evaluate } from "../evaluate";
import { complaint, Exemptions } from "../exemptions";
import { InputError } from "../input";
import { policies } from "../policies";
import { formats, reportOf } from "../report";
import { resultsOf, type Results } from "../results";
import { Stack } from "../stack";
import { readArguments } from "./arguments";
import { configurationFrom, configurationOptions } from "./configuration";
import type { Io } from "./io";
import { readManifests } from "./read";
import { table } from "./table";

const names = [...configurationOptions, "output", "name"] as const;
const outputs = ["table", "results", ...formats.map(({ file }) => nameOf(file))];

export async function check(args: readonly string[], io: Io): Promise<number> {
  const { options, rest } = readArguments(args, names);
  if (rest.length === 0) throw new InputError(["nothing to check; allowed: folders, files, or - for standard input"]);
  const { output = "table" } = options;
  if (!outputs.includes(output)) throw new InputError([`--output ${output}: allowed: ${outputs.join(", ")}`]);
  const configuration = configurationFrom(options, io);
  const { objects, skipped } = await readManifests(rest, io);
  for (const one of skipped) io.err(`${one}: passed over, it has no apiVersion and kind\n`);
  if (objects.length === 0) throw new InputError([`${rest.join(", ")}: no Kubernetes object in it, so nothing would be checked`]);

  const looked = policies.filter((policy) => levelIn(policy, configuration) !== "disabled");
  const { settings, parameters } = configuration;
  const now = io.now();
  const results = resultsOf({
    stack: options.name ?? (rest.length === 1 ? (rest[0] ?? "") : `${rest.length} paths`),
    policies,
    objects,
    results: evaluate(looked, new Stack(objects), { settings, parameters, evidence: output !== "table" }),
    configuration,
    exemptions: new Exemptions(configuration.exemptions, now.toISOString().slice(0, 10), settings.environment),
  });
  io.out(written(results, output, now));
  return isClean(results) ? 0 : 1;
}

/** Nothing mandatory is violated, no policy failed itself, each exemption is needed and holds. */
export function isClean({ results, policies: all, exemptions }: Results): boolean {
  const mandatory = new Set(all.filter(({ level }) => level === "mandatory").map(({ name }) => name));
  return (
    !results.some(({ policy, outcome }) => outcome === "error" || (outcome === "violated" && mandatory.has(policy))) &&
    exemptions.every((one) => complaint(one) === undefined)
  );
}

function written(results: Results, output: string, now: Date): string {
  if (output === "table") return table(results);
  if (output === "results") return `${JSON.stringify(results, undefined, 2)}\n`;
  const format = formats.find(({ file }) => nameOf(file) === output);
  const time = now.toISOString().replace(/\.\d+Z$/, "Z");
  return format?.write(reportOf(results, { time, versions: {} })) ?? "";
}

/** `report.junit.xml` → `junit` */
function nameOf(file: string): string {
  return file.split(".")[1] ?? file;
}
