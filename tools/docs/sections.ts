/** Parts of a document that are made from the program, between two comments; the rest is written by hand. */

/** Puts `content` between `<!-- made: name -->` and `<!-- end -->`. @throws Error where a document has no such part */
export function withSection(document: string, name: string, content: string): string {
  const begin = `<!-- made: ${name} -->`;
  const end = "<!-- end -->";
  const from = document.indexOf(begin);
  const to = document.indexOf(end, from);
  if (from < 0 || to < 0) throw new Error(`the document has no part "${name}": ${begin} … ${end}`);
  return `${document.slice(0, from + begin.length)}\n\n${content.trim()}\n\n${document.slice(to)}`;
}
