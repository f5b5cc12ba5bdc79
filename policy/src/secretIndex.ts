/** Values of the Secrets of a stack, and where else they stand. */
import { perStack } from "./perStack";
import { isFields, type Value } from "./values";

/** Shorter values stand in texts by chance. */
const shortest = 8;

export interface KnownSecret {
  readonly value: string;
  /** `Secret namespace/name`. */
  readonly title: string;
  readonly key: string;
}

export interface SecretIndex {
  /** Secrets whose values are part of a text. Takes as long as the text, however many Secrets there are. */
  readonly in: (text: string) => readonly KnownSecret[];
}

export const secretIndex = perStack((stack) => {
  const byStart = new Map<string, KnownSecret[]>();
  // By their first two characters: most places in a text are none where a value could begin.
  const starts = new Uint8Array(2 ** 16);
  for (const object of stack.ofKind("/Secret"))
    for (const [key, value] of [...written(object.value.data, true), ...written(object.value.stringData, false)]) {
      if (value.length < shortest) continue;
      const start = value.slice(0, shortest);
      starts[two(value, 0)] = 1;
      byStart.set(start, [...(byStart.get(start) ?? []), { value, title: object.title, key }]);
    }
  return {
    in: (text) => {
      const found: KnownSecret[] = [];
      if (byStart.size === 0) return found;
      for (let i = 0; i + shortest <= text.length; i++) {
        if (starts[two(text, i)] === 0) continue;
        found.push(...(byStart.get(text.slice(i, i + shortest)) ?? []).filter(({ value }) => text.startsWith(value, i)));
      }
      return found;
    },
  } satisfies SecretIndex;
});

/** Values of a Secret by key, also as they stand there in base64. What is unknown or malformed has none. */
function written(map: Value, encoded: boolean): readonly (readonly [string, string])[] {
  if (!isFields(map)) return [];
  return Object.entries(map).flatMap(([key, value]) => {
    if (typeof value !== "string") return [];
    return (encoded ? [Buffer.from(value, "base64").toString(), value] : [value]).map((text) => [key, text.trim()] as const);
  });
}

function two(text: string, at: number): number {
  return ((text.charCodeAt(at) << 8) ^ text.charCodeAt(at + 1)) & 0xffff;
}
