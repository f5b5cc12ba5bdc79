/** `admission`: manifests by which the API server checks what it can. */
import { admissionManifests } from "../admission/manifests";
import { levelIn } from "../configuration";
import { InputError } from "../input";
import { policies } from "../policies";
import { readArguments } from "./arguments";
import { configurationFrom } from "./configuration";
import type { Io } from "./io";

export function admission(args: readonly string[], io: Io): number {
  const { options, rest } = readArguments(args, ["environment", "platform", "config", "selector", "prefix", "warn-only"], ["warn-only"]);
  if (rest.length > 0) throw new InputError([`${rest.join(" ")}: admission takes options only`]);
  const { selector, prefix } = options;
  if (selector !== undefined && !/^[^=\s]+=[^=\s]*$/.test(selector)) throw new InputError([`--selector ${selector}: allowed: a label, as key=value`]);
  const configuration = configurationFrom(options, io);
  io.out(
    admissionManifests({
      settings: configuration.settings,
      parameters: configuration.parameters,
      only: policies.filter((policy) => levelIn(policy, configuration) !== "disabled").map(({ name }) => name),
      level: (policy) => (levelIn(policy, configuration) === "mandatory" ? "mandatory" : "advisory"),
      warnOnly: options["warn-only"] === "true",
      ...(selector === undefined ? {} : { selector }),
      ...(prefix === undefined ? {} : { prefix }),
    }),
  );
  return 0;
}
