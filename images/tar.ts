/** Writes tar archives (POSIX pax) that depend on nothing but names and contents: sorted, time 0, owner 0:0, normalised modes. */
import { createHash } from "node:crypto";
import { closeSync, openSync, readSync, writeSync } from "node:fs";

/** One member of an archive. `path` is relative, without a leading or trailing slash. */
export type Entry = { readonly path: string } & (
  | { readonly type: "file"; readonly mode: number; readonly size: number; readonly content: Buffer | { readonly source: string } }
  | { readonly type: "directory"; readonly mode: number }
  | { readonly type: "link"; readonly target: string }
);

const BLOCK = 512;
const CHUNK = 1 << 20;

/** Orders paths by their bytes, parents before children. */
export function byPath(a: { readonly path: string }, b: { readonly path: string }): number {
  return Buffer.compare(Buffer.from(a.path.replaceAll("/", "\0")), Buffer.from(b.path.replaceAll("/", "\0")));
}

/**
 * Group bits = user bits, so that an arbitrary UID with group 0 can do what the owner can; no setuid or setgid; the sticky bit stays.
 * @returns permission bits
 */
export function normaliseMode(mode: number): number {
  const user = (mode >> 6) & 7;
  return (mode & 0o1000) | (user << 6) | (user << 3) | (mode & 7);
}

/** Writes the entries in the given order. @returns size in bytes and SHA-256 (hex) of the archive */
export function writeTar(entries: Iterable<Entry>, out: string): { readonly size: number; readonly sha256: string } {
  const hash = createHash("sha256");
  const file = openSync(out, "w");
  let size = 0;
  const write = (data: Buffer) => {
    hash.update(data);
    for (let done = 0; done < data.length;) done += writeSync(file, data, done);
    size += data.length;
  };
  try {
    for (const entry of entries) {
      for (const block of headers(entry)) write(block);
      if (entry.type !== "file") continue;
      if (Buffer.isBuffer(entry.content)) write(entry.content);
      else copy(entry.content.source, entry.size, write);
      write(padding(entry.size));
    }
    write(Buffer.alloc(2 * BLOCK));
  } finally {
    closeSync(file);
  }
  return { size, sha256: hash.digest("hex") };
}

function copy(source: string, size: number, write: (data: Buffer) => void): void {
  const file = openSync(source, "r");
  const buffer = Buffer.allocUnsafe(Math.max(1, Math.min(CHUNK, size)));
  try {
    let left = size;
    while (left > 0) {
      const got = readSync(file, buffer, 0, Math.min(buffer.length, left), null);
      if (got === 0) throw new Error(`${source} became shorter while it was read`);
      write(buffer.subarray(0, got));
      left -= got;
    }
  } finally {
    closeSync(file);
  }
}

function padding(size: number): Buffer {
  return Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);
}

function headers(entry: Entry): Buffer[] {
  const path = entry.type === "directory" ? `${entry.path}/` : entry.path;
  const target = entry.type === "link" ? entry.target : "";
  const size = entry.type === "file" ? entry.size : 0;
  const records = [
    ...(fits(path) ? [] : [record("path", path)]),
    ...(fits(target) ? [] : [record("linkpath", target)]),
    ...(size < 8 ** 11 ? [] : [record("size", String(size))]),
  ];
  const type = { file: "0", link: "2", directory: "5" }[entry.type];
  const own = header(path, type, entry.type === "link" ? 0o777 : entry.mode, size, target);
  if (records.length === 0) return [own];
  const extra = Buffer.from(records.join(""));
  return [header("pax", "x", 0o644, extra.length, ""), extra, padding(extra.length), own];
}

/** Whether the text fits the 100-byte field as it is. */
function fits(text: string): boolean {
  return Buffer.byteLength(text) <= 100 && /^[\x20-\x7e]*$/.test(text);
}

/** A pax record: its own length, in decimal, comes first. */
function record(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  let length = Buffer.byteLength(rest);
  while (String(length).length + Buffer.byteLength(rest) !== length) length = String(length).length + Buffer.byteLength(rest);
  return `${length}${rest}`;
}

function header(path: string, type: string, mode: number, size: number, target: string): Buffer {
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, offset: number, length: number) => block.write(value.toString(8).padStart(length - 1, "0"), offset, "latin1");
  Buffer.from(path).copy(block, 0, 0, 100);
  octal(mode, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(size < 8 ** 11 ? size : 0, 124, 12);
  octal(0, 136, 12);
  block.write("        ", 148, "latin1");
  block.write(type, 156, "latin1");
  Buffer.from(target).copy(block, 157, 0, 100);
  block.write("ustar\u000000", 257, "latin1");
  let sum = 0;
  for (const byte of block) sum += byte;
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return block;
}
