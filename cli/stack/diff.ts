/** Differences of texts, line by line. Pure. */

export interface LineChange {
  readonly kind: "same" | "-" | "+";
  /** Line of the old text; of an added one, that before which it comes. From 0. */
  readonly at: number;
  readonly line: string;
}

/** By the longest common subsequence: files of configuration are short. */
export function changesOf(a: readonly string[], b: readonly string[]): readonly LineChange[] {
  const length = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  const common = (i: number, j: number) => length[i]?.[j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      const row = length[i];
      if (row) row[j] = a[i] === b[j] ? common(i + 1, j + 1) + 1 : Math.max(common(i + 1, j), common(i, j + 1));
    }
  }
  const changes: LineChange[] = [];
  for (let i = 0, j = 0; i < a.length || j < b.length;) {
    const [old, fresh] = [a[i], b[j]];
    if (old !== undefined && old === fresh) {
      changes.push({ kind: "same", at: i, line: old });
      i++;
      j++;
    } else if (old !== undefined && (fresh === undefined || common(i + 1, j) >= common(i, j + 1))) {
      changes.push({ kind: "-", at: i, line: old });
      i++;
    } else {
      changes.push({ kind: "+", at: i, line: fresh ?? "" });
      j++;
    }
  }
  return changes;
}

/** Changed lines with `+` and `-`, and the line of the old text at which they stand; empty where nothing changed. */
export function diffOf(path: string, before: string, after: string): string {
  const lines: string[] = [];
  let apart = true;
  for (const { kind, at, line } of changesOf(before.split("\n"), after.split("\n"))) {
    if (kind !== "same") {
      if (apart) lines.push(`@@ line ${at + 1}`);
      lines.push(`${kind}${line}`);
    }
    apart = kind === "same";
  }
  return lines.length === 0 ? "" : [`--- ${path}`, `+++ ${path}`, ...lines].join("\n");
}
