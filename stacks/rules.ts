/** Rules of Kubernetes' roles. Pure. */

export interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  /** Only objects of these names. @default all */
  readonly resourceNames?: readonly string[];
}

export const read = ["get", "list", "watch"] as const;
export const change = ["update", "patch"] as const;
export const write = ["create", ...change, "delete"] as const;

/** All verbs that rules have here, in the order in which they are written. */
const verbOrder: readonly string[] = [...read, ...write];

/** The same rights in as few rules as can be, in a fixed order. */
export function compact(rules: readonly Rule[]): readonly Rule[] {
  const rights = new Map<string, { group: string; resource: string; names: readonly string[] | undefined; verbs: Set<string> }>();
  for (const { apiGroups, resources, verbs, resourceNames } of rules) {
    for (const [group, resource] of apiGroups.flatMap((one) => resources.map((name) => [one, name] as const))) {
      const key = JSON.stringify([group, resource, resourceNames]);
      const right = rights.get(key) ?? { group, resource, names: resourceNames, verbs: new Set() };
      verbs.forEach((verb) => right.verbs.add(verb));
      rights.set(key, right);
    }
  }
  const merged = new Map<string, Rule>();
  for (const [, { group, resource, names, verbs: set }] of [...rights].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const verbs = verbOrder.filter((verb) => set.has(verb));
    const key = JSON.stringify([group, names, verbs]);
    const resources = [...(merged.get(key)?.resources ?? []), resource];
    merged.set(key, { apiGroups: [group], resources, verbs, ...(names === undefined ? {} : { resourceNames: names }) });
  }
  return [...merged.values()];
}
