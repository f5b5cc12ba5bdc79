/** The programs that the platform's tools run: found, downloaded or built, in this order, and cached for the user. */
import { join } from "node:path";
import { defaultContext, ensureProgram, prefetch, type Source } from "./ensure";
import { specOf, type ProgramName } from "./programs";

export { moduleDir } from "./gomod";
export type { ProgramName } from "./programs";

export interface Program {
  readonly name: ProgramName;
  /** Without "v": "1.36.3". */
  readonly version: string;
  /** Holds its executables. */
  readonly dir: string;
  readonly source: Source;
  /** Path of one of its executables. */
  path(executable: string): string;
}

/**
 * Makes sure that the programs are there, one after the other, and says on a line each what was taken from where.
 * Safe to interrupt and to run twice at the same time.
 * @throws UserError when one can't be had, with the fix
 */
export async function ensurePrograms<N extends ProgramName>(names: readonly N[]): Promise<Record<N, Program>> {
  const programs: Partial<Record<N, Program>> = {};
  const ahead = new AbortController();
  const prefetching = prefetch(names.slice(1).map(specOf), ahead.signal);
  try {
    for (const [i, name] of names.entries()) {
      const found = await ensureProgram(specOf(name), { ...defaultContext, ...(names.length > 1 ? { position: `(${i + 1} of ${names.length})` } : {}) });
      programs[name] = { ...found, name, path: (executable) => join(found.dir, executable) };
    }
  } finally {
    ahead.abort();
    await prefetching;
  }
  return programs as Record<N, Program>;
}
