/** The policy pack of this repository, made when its sources are newer. */
import { globSync, existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { exec } from "../lib/exec";
import { root } from "../lib/paths";
import { step } from "../lib/progress";
import { UserError } from "../lib/errors";

export const packDir = join(root, "policy");

/** Makes `policy/dist`, if it is not up to date. @returns the folder that `--policy-pack` takes */
export async function ensurePack(): Promise<string> {
  if (!existsSync(join(packDir, "node_modules", "@pulumi", "policy"))) {
    throw new UserError("the packages of the policy pack are not installed", { fix: "make policy installs them, or: npm ci --prefix policy" });
  }
  const made = ["index.js", "cli.js"].map((name) => timeOf(join(packDir, "dist", name)));
  const sources = ["package.json", "esbuild.mjs", ...globSync("src/**/*.ts", { cwd: packDir })];
  const newest = Math.max(...sources.map((file) => timeOf(join(packDir, file))));
  if (Math.min(...made) < newest) await step("making the policy pack", () => exec(process.execPath, ["esbuild.mjs"], { cwd: packDir }));
  return packDir;
}

/** When a file was written; 0 where there is none. */
function timeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
