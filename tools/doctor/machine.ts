/** The machine that the doctor runs on, as somebody sees it who runs `pulumi` by hand there. */
import { delimiter, join } from "node:path";
import { exec } from "../lib/exec";
import { root } from "../lib/paths";
import { which } from "../toolchain/which";
import type { Machine } from "./types";

export function thisMachine(env: NodeJS.ProcessEnv = process.env): Machine {
  // npm and make put the project's own programs in front.
  const path = (env.PATH ?? "").split(delimiter).filter((dir) => !dir.startsWith(join(root, "node_modules")));
  return {
    env,
    which: (program) => (program.includes("/") ? fileAt(program) : which(program, path)),
    async output(program, args) {
      const { code, stdout } = await exec(program, args, { allowFailure: true, timeoutMs: 20_000 });
      return code === 0 ? stdout.split("\n")[0] : undefined;
    },
  };
}

/** A program named by its path. */
function fileAt(path: string): string | undefined {
  const cut = path.lastIndexOf("/");
  return which(path.slice(cut + 1), [path.slice(0, cut) || "/"]);
}
