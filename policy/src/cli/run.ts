/** The commands by name, their exit codes, and errors as people read them. */
import { didYouMean, InputError } from "../input";
import { admission } from "./admission";
import { check } from "./check";
import { explain, list } from "./explain";
import type { Io } from "./io";

type Command = (args: readonly string[], io: Io) => Promise<number> | number;

const commands: Readonly<Record<string, Command>> = { check, list, explain, admission };

export const usage = `openshift-ai-policy: policies for AI platforms on Kubernetes

  openshift-ai-policy check DIR|FILE|-… [options]   check rendered manifests (YAML or JSON; - is standard input)
  openshift-ai-policy list [--output table|json]    all policies
  openshift-ai-policy explain NAME                  one policy: why, how to mend, controls, parameters
  openshift-ai-policy admission [options]           manifests by which the API server checks what of it it can

Options of check:
  --environment dev|staging|production   which violations are mandatory; default: production
  --platform openshift|kubernetes        default: kubernetes
  --exemptions FILE                      what may violate what, until when, and who answers for it
  --config FILE                          settings, parameters and levels, as YAML
  --output table|results|csv|html|json|sarif|junit|oscal   default: table
  --name NAME                            what the report calls it; default: what was checked

Exit code: 0 nothing mandatory is violated, 1 something is, 2 wrong use.
`;

/** @returns the exit code */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  const [name = "", ...args] = argv;
  try {
    if (name === "" || name === "help" || name === "--help" || name === "-h" || args.includes("--help")) {
      io.out(usage);
      return name === "" ? 2 : 0;
    }
    const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
    if (command === undefined)
      throw new InputError([`${name}: no such command; allowed: ${Object.keys(commands).join(", ")}${didYouMean(name, Object.keys(commands))}`]);
    return await command(args, io);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    io.err(`${error.problems.map((line) => `error: ${line}`).join("\n")}\n`);
    return error.exitCode;
  }
}
