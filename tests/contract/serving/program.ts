/** Runs a program of the tests through the real CLI, on a cluster of theirs. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Cluster } from "../../../tools/cluster";
import { exec, type ExecResult } from "../../../tools/lib/exec";
import { ensurePrograms } from "../../../tools/toolchain";
import { cliEnvironment, standIns } from "../plugins/support";

export interface Program {
  /** @param env variables of the program */
  pulumi(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<ExecResult>;
  remove(): void;
}

/** A program with a new stack `dev` in a state of its own. It finds the cluster in OAP_EMBEDDED_KUBECONFIG. @param folder holds its Pulumi.yaml */
export async function openProgram(folder: string, cluster: Cluster): Promise<Program> {
  const [home, programs] = await Promise.all([standIns(), ensurePrograms(["pulumi"])]);
  const dir = mkdtempSync(join(tmpdir(), "oap-program-"));
  mkdirSync(join(dir, "state"));
  const pulumi: Program["pulumi"] = (args, env = {}) =>
    exec(programs.pulumi.path("pulumi"), [...args, "--non-interactive"], {
      cwd: folder,
      allowFailure: true,
      env: {
        ...cliEnvironment(home, join(dir, "state"), cluster),
        ...env,
      },
    });
  const made = await pulumi(["stack", "init", "dev"]);
  if (made.code !== 0) throw new Error(made.stderr);
  return {
    pulumi,
    remove() {
      home.remove();
      rmSync(dir, { recursive: true, force: true });
      rmSync(join(folder, "Pulumi.dev.yaml"), { force: true }); // where the CLI keeps the salt of the passphrase
    },
  };
}
