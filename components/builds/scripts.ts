/** The scripts of builds. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

export type BuildScript = "clone.sh" | "prepare.sh" | "push.sh";

export function buildScript(name: BuildScript): string {
  return readFileSync(join(__dirname, name), "utf8");
}
