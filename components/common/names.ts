/** Names of objects. */
import { createHash } from "node:crypto";

/** First hexadecimal digits of the SHA-256 of a text, or of anything as JSON. Same content, same digits. */
export function shortHash(content: unknown, digits = 8): string {
  const text = typeof content === "string" ? content : JSON.stringify(content);
  return createHash("sha256").update(text).digest("hex").slice(0, digits);
}

/**
 * One DNS label (lower-case letters, digits, hyphens; at most 63) of several parts. What had to be changed or cut is told apart by a hash of the whole,
 * so that two different names stay different.
 */
export function dnsLabel(...parts: readonly string[]): string {
  const whole = parts.join("-");
  const clean = whole
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "");
  if (clean === whole && clean.length <= 63) return clean;
  return `${clean.slice(0, 54).replace(/-+$/, "")}-${shortHash(whole)}`.replace(/^-+/, "");
}

/** A label value (letters, digits, `-_.`; at most 63), made in the same way. */
export function labelValue(text: string): string {
  const clean = text.replace(/[^A-Za-z0-9._-]+/g, "-").replace(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, "");
  if (clean === text && clean.length <= 63) return clean;
  return `${clean.slice(0, 54).replace(/[^A-Za-z0-9]+$/, "")}-${shortHash(text)}`.replace(/^-+/, "");
}
