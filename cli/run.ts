/** One call of aictl: arguments in, exit status out. Nothing of the process is touched here. */
import { ApiError } from "../tools/doctor/api";
import { UserError as ToolError } from "../tools/lib/errors";
import { defectCode, exitCodes, UserError } from "./errors";
import { CommanderError, programOf } from "./program";
import { settingsOf, targetOf } from "./settings";
import type { Client, Deps, Result, Run } from "./types";

export async function runCli(argv: readonly string[], deps: Deps): Promise<number> {
  const { terminal } = deps;
  let exitCode = 0;
  let json = false;
  const program = programOf(async (options, command) => {
    json = (options.output ?? deps.env.AICTL_OUTPUT) === "json";
    const result = await command(runOf(options, deps));
    terminal.out(textOf(result, json));
    exitCode = result.exitCode ?? 0;
  }, terminal);
  try {
    await program.parseAsync([...argv], { from: "user" });
    return exitCode;
  } catch (error) {
    return report(error, deps, json);
  }
}

export function runOf(options: Parameters<typeof settingsOf>[0], deps: Deps): Run {
  const settings = settingsOf(options, deps);
  let client: Client | undefined;
  return { deps, settings, client: () => (client ??= deps.connect(targetOf(settings))) };
}

function textOf({ data, text }: Result, json: boolean): string {
  return json ? `${JSON.stringify(data, undefined, 2)}\n` : text;
}

/** What went wrong, in words; where somebody else's program reads the output, as JSON there too. @returns the exit status */
function report(error: unknown, { terminal, env }: Deps, json: boolean): number {
  // commander has said it already.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitCodes.USAGE;
  const known = userError(error);
  const trace = error instanceof Error ? (error.stack ?? error.message) : String(error);
  if (!known) {
    terminal.note(`this is a defect of aictl, please report it:\n${trace}`);
    return defectCode;
  }
  if (json) terminal.out(`${JSON.stringify({ error: { code: known.code, message: known.message, fix: known.fix } }, undefined, 2)}\n`);
  terminal.note(`error: ${known.message}${known.fix ? `\nfix: ${known.fix}` : ""}${env.DEBUG ? `\n${trace}` : ""}`);
  return known.exitCode;
}

function userError(error: unknown): UserError | undefined {
  if (error instanceof UserError) return error;
  if (error instanceof ToolError) {
    const away = /does not answer|does not know who asks/.test(error.message);
    return new UserError(away ? "UNREACHABLE" : "USAGE", error.message, error.fix ?? "", error);
  }
  if (!(error instanceof ApiError)) return undefined;
  const fix = {
    403: "ask for the right (docs/access.md), or have somebody do it who has it",
    409: "somebody else changed it meanwhile: look again (aictl rollout status), then run this again",
    422: "somebody else changed it meanwhile, or the server refuses what is asked for: look again, then run this again",
  }[error.status];
  return new UserError(
    "FAILED",
    `${error.path.split("?")[0]} answered ${error.status}: ${error.message}`,
    fix ?? "see that the API server is well: aictl doctor",
    error,
  );
}
