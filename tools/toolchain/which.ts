/** Programs on PATH. */
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";

/** Folders where a distribution keeps administration tools, which an ordinary user's PATH lacks. */
export const systemDirs = ["/usr/local/sbin", "/usr/sbin", "/sbin"] as const;

/** The first executable file of that name on `path` (default: $PATH); undefined when there is none. */
export function which(name: string, path: readonly string[] = (process.env.PATH ?? "").split(delimiter)): string | undefined {
  for (const dir of path) {
    const file = join(dir, name);
    try {
      accessSync(file, constants.X_OK);
      if (dir !== "" && statSync(file).isFile()) return file;
    } catch {
      // not here
    }
  }
  return undefined;
}
