/** Problems of parts one by one, in which what can't be read hides nothing that was found. */
import type { Problem } from "../../policy";
import { NotDecided, type View } from "../../values";

/** All problems of the parts; the first unknown is thrown only where there are none. @throws NotDecided, Malformed */
export function firstProblems(parts: readonly View[], check: (part: View) => readonly Problem[]): readonly Problem[] {
  const problems: Problem[] = [];
  let unknown: NotDecided | undefined;
  for (const part of parts) {
    try {
      problems.push(...check(part));
    } catch (error) {
      if (!(error instanceof NotDecided)) throw error;
      unknown ??= error;
    }
  }
  if (problems.length === 0 && unknown !== undefined) throw unknown;
  return problems;
}
