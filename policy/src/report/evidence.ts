/** What was read of an object, as little of it as shows the reader what was decided on. */
import type { ResultEntry } from "./input";

type Read = NonNullable<ResultEntry["evidence"]>;

/** Of a long list a reader reads the start; the JSON file has all. */
const most = 12;

/** The fields themselves, not the lists and maps on the way to them. @returns at most twelve, and how many more there are */
export function evidenceOf(read: Read): { readonly fields: Read; readonly more: number } {
  // In order, what is below a path follows it, or other paths that start the same.
  const sorted = [...read].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  const parents = new Set(sorted.flatMap(({ path }) => ancestors(path)));
  const fields = sorted.filter(({ path }) => !parents.has(path));
  return { fields: fields.slice(0, most), more: Math.max(0, fields.length - most) };
}

/** `a.b[0]["x.y"]` is below `a`, `a.b` and `a.b[0]`. */
function ancestors(path: string): readonly string[] {
  return [...path.matchAll(/(?:^|\.)[^.[\]]+|\[\d+\]|\["[^"]*"\]/g)].slice(1).map(({ index }) => path.slice(0, index));
}
