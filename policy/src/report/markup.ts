/** HTML from templates in which everything that is put in is escaped, unless it is markup of ours already. */
import { escaped } from "./text";

export class Markup {
  constructor(readonly text: string) {}
}

export type Part = string | number | Markup | undefined | readonly Part[];

/** html`<p>${text}</p>` */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  return new Markup(strings.map((text, i) => text + (i < parts.length ? written(parts[i]) : "")).join(""));
}

function written(part: Part): string {
  if (part === undefined) return "";
  if (part instanceof Markup) return part.text;
  if (typeof part === "string") return escaped(part);
  if (typeof part === "number") return String(part);
  return part.map(written).join("");
}

/** A table whose rows become cards on a narrow screen; the roles keep it a table for a screen reader then, too. */
export function table(caption: string, heads: readonly string[], rows: readonly (readonly Part[])[]): Markup {
  return html`<table role="table">
<caption>${caption}</caption>
<thead role="rowgroup"><tr role="row">${heads.map((head) => html`<th role="columnheader" scope="col">${head}</th>`)}</tr></thead>
<tbody role="rowgroup">
${rows.map((cells) => html`<tr role="row">${cells.map((cell, i) => (i === 0 ? html`<th role="rowheader" scope="row">${cell}</th>` : html`<td role="cell"><span class="head" aria-hidden="true">${heads[i]}</span><div>${cell}</div></td>`))}</tr>
`)}</tbody>
</table>
`; // prettier-ignore
}

/** A link only where it leads somewhere: a page of the documentation may be a path that a reader of the report doesn't have. */
export function link(to: string, text: string = to): Markup {
  return /^https?:\/\//.test(to) ? html`<a href="${to}">${text}</a>` : html`<span class="path">${text}</span>`;
}
