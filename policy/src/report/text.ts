/** Text of others in documents of ours: names, values and messages come from a program, and may hold anything. */
import { createHash } from "node:crypto";

/** What XML 1.0 can't hold, not even escaped. */
const notXml = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** For HTML and XML, in elements and in quoted attributes. */
export function escaped(text: string): string {
  return text.replace(notXml, "\ufffd").replace(/[&<>"']/g, (one) => entities[one] ?? one);
}

/**
 * One field of a CSV file (RFC 4180). A spreadsheet takes a field that starts with one of these characters for a formula, and would run it: such a field gets an
 * apostrophe in front, as OWASP recommends.
 */
export function csvField(value: string | number): string {
  const text = String(value).replaceAll("\u0000", "\ufffd");
  const safe = typeof value === "string" && /^[\s\u0000-\u001f]*[=+\-@\uff1d\uff0b\uff0d\uff20]/.test(text) ? `'${text}` : text;
  return /[",\r\n]|^\s|\s$/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** SHA-256, in hexadecimal. */
export function sha256(text: string): string {
  return createHash("sha256").update(text, "utf8").digest("hex");
}

/** The same UUID for the same text (version 5 of RFC 9562): reports of the same results are equal byte by byte. */
export function uuidOf(...parts: readonly string[]): string {
  const namespace = Buffer.from("6f9e2a5f3a5a5d0f9b8ad1a1c3c1a0de", "hex");
  const hash = createHash("sha1").update(namespace).update(JSON.stringify(parts), "utf8").digest();
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x50;
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80;
  const hex = hash.toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join("-");
}

/** "1 violation", "2 violations" */
export function counted(count: number, one: string, more = `${one}s`): string {
  return `${count} ${count === 1 ? one : more}`;
}

/** Order of texts that is the same on each machine. */
export function byText<T>(text: (one: T) => string): (a: T, b: T) => number {
  return (a, b) => {
    const [x, y] = [text(a), text(b)];
    return x < y ? -1 : x > y ? 1 : 0;
  };
}
