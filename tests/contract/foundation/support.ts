/** A stack of its own through the real CLI, with the stand-ins of the plugins, against a simulated cluster. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Cluster } from "../../../tools/cluster";
import { exec, type ExecResult } from "../../../tools/lib/exec";
import { root } from "../../../tools/lib/paths";
import { ensurePrograms } from "../../../tools/toolchain";
import { cliEnvironment, type standIns } from "../plugins/support";

export type Home = Awaited<ReturnType<typeof standIns>>;

export interface ProgramFolder {
  /** Runs the CLI; `env` is what the program reads. */
  pulumi(stack: string, args: readonly string[], env?: NodeJS.ProcessEnv): Promise<ExecResult>;
  remove(): void;
}

/** A project named `platform` with one program, and a stack of each name. @param program TypeScript, as index.ts; `components` and `stacks` are the clone's */
export async function programFolder(cluster: Cluster, home: Home, stacks: readonly string[], program: string): Promise<ProgramFolder> {
  const cli = (await ensurePrograms(["pulumi"])).pulumi.path("pulumi");
  const folder = mkdtempSync(join(tmpdir(), "oap-foundation-"));
  mkdirSync(join(folder, "state"));
  for (const part of ["node_modules", "tsconfig.json", "components", "stacks"]) symlinkSync(join(root, part), join(folder, part));
  writeFileSync(join(folder, "Pulumi.yaml"), "name: platform\nruntime: { name: nodejs, options: { typescript: true } }\nmain: index.ts\n");
  writeFileSync(join(folder, "package.json"), '{"name":"platform","main":"index.ts"}');
  writeFileSync(join(folder, "index.ts"), program);
  const pulumi: ProgramFolder["pulumi"] = (stack, args, env = {}) =>
    exec(cli, [...args, ...(args[0] === "stack" ? [] : ["--stack", stack]), "--non-interactive"], {
      cwd: folder,
      allowFailure: true,
      env: {
        ...cliEnvironment(home, join(folder, "state"), cluster),
        ...env,
      },
    });
  for (const stack of stacks) {
    const { code, stderr } = await pulumi(stack, ["stack", "init", stack]);
    if (code !== 0) throw new Error(stderr);
  }
  return { pulumi, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
