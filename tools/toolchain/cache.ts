/** Cached folders: made beside their place and moved there when complete, so that nobody ever sees half of one. */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { withLock } from "../lib/lock";
import { say } from "../lib/progress";

/** Beside each cached folder: the sizes of its files. A folder without it, or that differs from it, is made again. It is not in the folder, which may become a layer of an image. */
const manifestOf = (path: string) => `${path}.complete`;

export interface CachedOptions {
  /** What is made, for the line that says whom we wait for: "pulumi 3.259.0". */
  readonly what: string;
  /** Files whose sizes are checked before the folder is used again, relative to it; default: only that the folder was completed. */
  readonly files?: readonly string[];
}

/**
 * The folder at `path`, made by `make` when it is not there yet or damaged. Locked against other processes; what a killed one left half-made is removed.
 * @param make fills the temporary folder that it is given
 * @returns whether it had to be made
 */
export async function cachedDir(path: string, options: CachedOptions, make: (dir: string) => Promise<void>): Promise<boolean> {
  if (isComplete(path, options.files)) return false;
  const waiting = (pid: number) => {
    say(`  … ${options.what}: waiting for process ${pid}, which is making it`);
  };
  return withLock(
    `${path}.lock`,
    async () => {
      if (isComplete(path, options.files)) return false; // another process made it while we waited
      removeLeftovers(path);
      const temporary = `${path}.tmp-${process.pid}`;
      mkdirSync(temporary, { recursive: true });
      try {
        await make(temporary);
        const sizes = Object.fromEntries((options.files ?? []).map((file) => [file, statSync(join(temporary, file)).size]));
        rmSync(path, { recursive: true, force: true });
        writeFileSync(manifestOf(path), JSON.stringify(sizes));
        renameSync(temporary, path);
      } finally {
        rmSync(temporary, { recursive: true, force: true });
      }
      return true;
    },
    waiting,
  );
}

/** Whether the folder was completed and its `files` still have the sizes that they had then. */
export function isComplete(path: string, files: readonly string[] = []): boolean {
  try {
    const sizes = JSON.parse(readFileSync(manifestOf(path), "utf8")) as Record<string, number>;
    return statSync(path).isDirectory() && files.every((file) => sizes[file] !== undefined && statSync(join(path, file)).size === sizes[file]);
  } catch {
    return false;
  }
}

/** Removes temporary folders of killed processes; called under the lock, so all of them are leftovers. */
function removeLeftovers(path: string): void {
  if (!existsSync(dirname(path))) return;
  for (const name of readdirSync(dirname(path))) {
    if (name.startsWith(`${basename(path)}.tmp-`)) rmSync(join(dirname(path), name), { recursive: true, force: true });
  }
}
