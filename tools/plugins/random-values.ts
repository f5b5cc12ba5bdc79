/** Random values in the shapes of the official provider (terraform-provider-random). All from the system's cryptographic source, unless a seed is given. */
import { createHash, randomBytes, randomInt } from "node:crypto";
import { at, listAt, numberAt, textAt, type Value, type ValueMap } from "./lib/values";

const LOWER = "abcdefghijklmnopqrstuvwxyz";
const UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const NUMERIC = "0123456789";
const SPECIAL = "!@#$%&*()-_=+[]{}<>:?";

/** Inputs of RandomString and RandomPassword, with their defaults. */
export interface TextRules {
  readonly length: number;
  readonly lower: boolean;
  readonly upper: boolean;
  readonly numeric: boolean;
  readonly special: boolean;
  readonly overrideSpecial: string;
  readonly minLower: number;
  readonly minUpper: number;
  readonly minNumeric: number;
  readonly minSpecial: number;
}

/** @throws Error naming the field when no text can follow the rules */
export function textRules(inputs: ValueMap): TextRules {
  const flag = (key: string, fallback = true) => {
    const value = at(inputs, key);
    return typeof value === "boolean" ? value : fallback;
  };
  const rules: TextRules = {
    length: numberAt(inputs, "length") ?? 0,
    lower: flag("lower"),
    upper: flag("upper"),
    numeric: flag("numeric", flag("number")),
    special: flag("special"),
    overrideSpecial: textAt(inputs, "overrideSpecial") ?? "",
    minLower: numberAt(inputs, "minLower") ?? 0,
    minUpper: numberAt(inputs, "minUpper") ?? 0,
    minNumeric: numberAt(inputs, "minNumeric") ?? 0,
    minSpecial: numberAt(inputs, "minSpecial") ?? 0,
  };
  const needed = rules.minLower + rules.minUpper + rules.minNumeric + rules.minSpecial;
  if (!Number.isInteger(rules.length) || rules.length < 1) throw new Error(`length: ${rules.length} is not a whole number of at least 1`);
  if (needed > rules.length)
    throw new Error(`length: ${rules.length} is less than the ${needed} characters that minLower, minUpper, minNumeric and minSpecial ask for`);
  if (!rules.lower && !rules.upper && !rules.numeric && !rules.special) throw new Error("lower, upper, numeric, special: at least one must be true");
  return rules;
}

const pick = (characters: string, count: number): string[] => Array.from({ length: count }, () => characters[randomInt(characters.length)] ?? "");

export function shuffle<T>(items: readonly T[], random: (below: number) => number = (below) => randomInt(below)): T[] {
  const result = [...items];
  for (let i = result.length - 1; i > 0; i--) {
    const j = random(i + 1);
    const [a, b] = [result[i], result[j]];
    if (a !== undefined && b !== undefined) [result[i], result[j]] = [b, a];
  }
  return result;
}

export function randomText(rules: TextRules): string {
  const special = rules.overrideSpecial || SPECIAL;
  const all = (rules.lower ? LOWER : "") + (rules.upper ? UPPER : "") + (rules.numeric ? NUMERIC : "") + (rules.special ? special : "");
  const must = [...pick(LOWER, rules.minLower), ...pick(UPPER, rules.minUpper), ...pick(NUMERIC, rules.minNumeric), ...pick(special, rules.minSpecial)];
  return shuffle([...must, ...pick(all, rules.length - must.length)]).join("");
}

/** Outputs of RandomId; the id is the unpadded URL form without the prefix. */
export function idOutputs(bytes: Uint8Array, prefix: string): { id: string; outputs: ValueMap } {
  const buffer = Buffer.from(bytes);
  const hex = buffer.toString("hex");
  return {
    id: buffer.toString("base64url"),
    outputs: {
      b64Std: prefix + buffer.toString("base64"),
      b64Url: prefix + buffer.toString("base64url"),
      hex: prefix + hex,
      dec: prefix + BigInt(`0x${hex || "0"}`).toString(),
    },
  };
}

/** A generator that a seed repeats (not the official one's sequence). */
export function seeded(seed: string): (below: number) => number {
  let counter = 0;
  return (below) => createHash("sha256").update(`${seed}:${counter++}`).digest().readUIntBE(0, 6) % below;
}

export function randomInteger(inputs: ValueMap): number {
  const [min, max, seed] = [numberAt(inputs, "min") ?? 0, numberAt(inputs, "max") ?? 0, textAt(inputs, "seed")];
  if (max < min) throw new Error(`min: ${min} is more than max: ${max}`);
  const span = max - min + 1;
  return min + (seed ? seeded(seed)(span) : randomInt(span));
}

export function randomShuffle(inputs: ValueMap): readonly Value[] {
  const items = listAt(inputs, "inputs");
  const count = numberAt(inputs, "resultCount") ?? items.length;
  const seed = textAt(inputs, "seed");
  const random = seed ? seeded(seed) : undefined;
  const results: Value[] = [];
  while (items.length > 0 && results.length < count) results.push(...shuffle(items, random));
  return results.slice(0, count);
}

export function uuid7(): string {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(Date.now(), 0, 6);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x70;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

const ADVERBS = [
  "mostly",
  "gently",
  "quickly",
  "rarely",
  "really",
  "calmly",
  "evenly",
  "freely",
  "kindly",
  "openly",
  "simply",
  "surely",
  "vastly",
  "warmly",
  "wholly",
  "firmly",
];
const ADJECTIVES = [
  "able",
  "bold",
  "calm",
  "clever",
  "eager",
  "fair",
  "fine",
  "gentle",
  "happy",
  "keen",
  "light",
  "modest",
  "noble",
  "proud",
  "quick",
  "steady",
];
const ANIMALS = [
  "badger",
  "beaver",
  "crane",
  "dolphin",
  "falcon",
  "gecko",
  "heron",
  "ibis",
  "koala",
  "lynx",
  "marten",
  "otter",
  "panda",
  "raven",
  "seal",
  "wren",
];

/** `gently-bold-otter`: as many words as asked, the last an animal, the one before an adjective. */
export function randomPet(inputs: ValueMap): string {
  const [length, prefix, separator] = [numberAt(inputs, "length") ?? 2, textAt(inputs, "prefix"), textAt(inputs, "separator") ?? "-"];
  const word = (list: readonly string[]) => list[randomInt(list.length)] ?? "";
  const words = Array.from({ length }, (_, i) => word(i === length - 1 ? ANIMALS : i === length - 2 ? ADJECTIVES : ADVERBS));
  return [...(prefix ? [prefix] : []), ...words].join(separator);
}
