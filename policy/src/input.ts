/** What people write for the pack: configuration, exemptions, arguments. All that is wrong is told at once, with what is allowed. */

/** Everything that is wrong with some input, one line each: field, value, what is allowed. Shown as it is, never with a stack trace. */
export class InputError extends Error {
  constructor(
    readonly problems: readonly string[],
    /** 2 for a wrong use of the command line, as for all input. */
    readonly exitCode = 2,
  ) {
    super(problems.join("\n"));
  }
}

/** `; did you mean "x"?`, where one of the names is near. */
export function didYouMean(word: string, names: readonly string[]): string {
  const found = nearest(word, names);
  return found === undefined ? "" : `; did you mean "${found}"?`;
}

/** The name that is fewest edits away; undefined where none is near: at most a third of its letters may differ. */
export function nearest(word: string, names: readonly string[]): string | undefined {
  const by = names.map((name) => ({ name, edits: distance(word.toLowerCase(), name.toLowerCase()) })).sort((a, b) => a.edits - b.edits);
  const best = by[0];
  return best !== undefined && best.edits <= Math.max(1, Math.floor(best.name.length / 3)) ? best.name : undefined;
}

/** Levenshtein's. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
