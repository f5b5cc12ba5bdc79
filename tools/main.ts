/** The entry of everything that `make` runs: `main.ts COMMAND [ARGS…]`. Variables of make arrive in the environment. */
import { commands } from "./commands";
import { ExecError } from "./lib/exec";
import { UserError } from "./lib/errors";
import { allowClosedPipe } from "./lib/pipe";
import { bold, red } from "./lib/progress";

async function main(argv: readonly string[]): Promise<number> {
  const [name = "", ...args] = argv;
  const command = commands.get(name);
  if (!command) throw new UserError(`${name || "(no command)"}: no such command`, { fix: `one of: ${[...commands.keys()].join(", ")}` });
  return (await command(args)) ?? 0;
}

allowClosedPipe();
main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    if (error instanceof UserError) {
      process.stderr.write(`${red("error:")} ${error.message}\n${error.fix ? `${bold("fix:")} ${error.fix}\n` : ""}`);
      process.exitCode = error.exitCode;
    } else if (error instanceof ExecError) {
      process.stderr.write(`${red("error:")} ${error.message}\n`);
      process.exitCode = 1;
    } else {
      process.stderr.write(
        `${red("this is a defect of the tools, please report it:")}\n${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
      );
      process.exitCode = 70; // EX_SOFTWARE of sysexits.h
    }
  },
);
