/** Reads XML and the HTML that we write back, strictly: what isn't well-formed is refused. */
import { expect } from "chai";

export interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly (Element | string)[];
}

const entities: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"' };

/** Elements of HTML that have no end. */
const voids = ["meta", "br"];

/** @returns the root element */
export function parsed(text: string): Element {
  const root = { name: "", attributes: {}, children: [] as (Element | string)[] };
  const open: { name: string; children: (Element | string)[] }[] = [root];
  const body = text.replace(/^(<\?xml[^>]*\?>|<!doctype html>)\s*/, "");
  let rest = 0;
  for (const found of body.matchAll(/<(\/?)([a-z][a-z0-9-]*)((?:\s+[a-z-]+="[^"<]*")*)\s*(\/?)>/gi)) {
    const top = open.at(-1);
    if (top === undefined) throw new Error(`more elements end than start, at ${body.slice(found.index, found.index + 80)}`);
    push(top.children, plainText(body.slice(rest, found.index)));
    rest = found.index + found[0].length;
    const [, end = "", name = "", attributes = "", empty = ""] = found;
    if (end !== "") {
      expect(name, `the end of ${top.name}`).to.equal(top.name);
      open.pop();
      continue;
    }
    const element = { name, attributes: attributesOf(attributes), children: [] as (Element | string)[] };
    top.children.push(element);
    if (empty === "" && !voids.includes(name)) open.push(element);
  }
  push(root.children, plainText(body.slice(rest)));
  expect(
    open.map(({ name }) => name),
    "elements that do not end",
  ).to.deep.equal([""]);
  const [only, ...others] = root.children.filter((child) => typeof child !== "string");
  expect(others, "more than one root").to.deep.equal([]);
  if (only === undefined) throw new Error("no element");
  return only;
}

/** All elements of a name below one, in order. */
export function all(element: Element, name: string): readonly Element[] {
  return element.children.flatMap((child) => (typeof child === "string" ? [] : [...(child.name === name ? [child] : []), ...all(child, name)]));
}

/** The text of an element and of all below it. */
export function textOf(element: Element): string {
  return element.children.map((child) => (typeof child === "string" ? child : textOf(child))).join("");
}

function attributesOf(text: string): Record<string, string> {
  const found = [...text.matchAll(/([a-z-]+)="([^"]*)"/gi)].map(([, name = "", value = ""]) => [name, plainText(value)] as const);
  expect(new Set(found.map(([name]) => name)).size, `attributes of ${text}`).to.equal(found.length);
  return Object.fromEntries(found);
}

function plainText(text: string): string {
  if (text.includes("<")) throw new Error(`not an element: ${text.slice(text.indexOf("<"), text.indexOf("<") + 80)}`);
  if (/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/.test(text)) throw new Error("a character that XML can't hold");
  return text.replace(/&(?:#(\d+)|([a-z]+));|&/g, (whole, code: string | undefined, name: string | undefined) => {
    const value = code === undefined ? entities[name ?? ""] : String.fromCodePoint(Number(code));
    if (value === undefined) throw new Error(`${whole}: no such entity`);
    return value;
  });
}

function push(children: (Element | string)[], text: string): void {
  if (text !== "") children.push(text);
}
