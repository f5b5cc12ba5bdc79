/** What is worked out once for a stack, however many of its objects ask for it. */
import type { Stack } from "./stack";
import type { KubeObject } from "./objects";

export function perStack<T>(make: (stack: Stack) => T): (stack: Stack) => T {
  const made = new WeakMap<Stack, { readonly value: T }>();
  return (stack) => {
    const known = made.get(stack) ?? { value: make(stack) };
    made.set(stack, known);
    return known.value;
  };
}

/** Objects of some kinds by a key of theirs. */
export function indexed(kinds: readonly string[], keyOf: (object: KubeObject) => string): (stack: Stack, key: string) => readonly KubeObject[] {
  const index = perStack((stack) => grouped(stack.ofKind(...kinds), keyOf));
  return (stack, key) => index(stack).get(key) ?? [];
}

export function grouped<T>(items: readonly T[], keyOf: (item: T) => string): ReadonlyMap<string, readonly T[]> {
  const byKey = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const list = byKey.get(key);
    if (list === undefined) byKey.set(key, [item]);
    else list.push(item);
  }
  return byKey;
}

/** A key for objects that belong to a namespace. */
export function qualified({ namespace, name }: { readonly namespace: string; readonly name: string }): string {
  return `${namespace}/${name}`;
}
