/** All objects of a stack, and how they refer to each other. */
import type { KubeObject } from "./objects";
import { podsOf, type Pod } from "./pods";
import type { View } from "./values";

export class Stack {
  private pods?: readonly Pod[];
  private readonly byKind = new Map<string, readonly KubeObject[]>();
  private namespaced?: ReadonlyMap<string, readonly KubeObject[]>;

  constructor(readonly objects: readonly KubeObject[]) {}

  /** Objects of some kinds: `Deployment`, or `apps/Deployment` to tell groups apart. */
  ofKind(...kinds: readonly string[]): readonly KubeObject[] {
    const key = kinds.join();
    const found = this.byKind.get(key) ?? this.objects.filter((object) => object.is(...kinds));
    this.byKind.set(key, found);
    return found;
  }

  find(kind: string, namespace: string, name: string): KubeObject | undefined {
    return this.inNamespace(namespace).find((object) => object.is(kind) && object.name === name);
  }

  /** All pods of the stack, by the objects that carry them. */
  allPods(): readonly Pod[] {
    return (this.pods ??= this.objects.flatMap((object) => podsOf(object)));
  }

  /** Projects: the namespaces that the stack makes. */
  get namespaces(): readonly KubeObject[] {
    return this.ofKind("Namespace");
  }

  inNamespace(namespace: string): readonly KubeObject[] {
    this.namespaced ??= byNamespace(this.objects);
    return this.namespaced.get(namespace) ?? [];
  }

  /** Pods of a namespace that a label selector selects. @param selector a LabelSelector; an empty one selects all @throws NotDecided, Malformed */
  selected(namespace: string, selector: View): readonly Pod[] {
    return this.allPods().filter((pod) => pod.object.namespace === namespace && selects(selector, pod.labels()));
  }
}

function byNamespace(objects: readonly KubeObject[]): ReadonlyMap<string, readonly KubeObject[]> {
  const groups = new Map<string, KubeObject[]>();
  for (const object of objects) {
    const group = groups.get(object.namespace);
    if (group === undefined) groups.set(object.namespace, [object]);
    else group.push(object);
  }
  return groups;
}

/** Whether a LabelSelector (`matchLabels`, `matchExpressions`) selects labels. @throws NotDecided, Malformed */
export function selects(selector: View, labels: Readonly<Record<string, string>>): boolean {
  const exact = Object.entries(selector.map("matchLabels")).every(([key, value]) => Object.hasOwn(labels, key) && labels[key] === value);
  return (
    exact &&
    selector.list("matchExpressions").every((expression) => {
      const key = expression.string("key") ?? "";
      const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
      switch (expression.string("operator") ?? "") {
        case "In":
          return value !== undefined && expression.strings("values").includes(value);
        case "NotIn":
          return value === undefined || !expression.strings("values").includes(value);
        case "Exists":
          return value !== undefined;
        case "DoesNotExist":
          return value === undefined;
        default:
          return false;
      }
    })
  );
}

/** Whether plain labels, as a Service selects by, are all among others. */
export function matches(wanted: Readonly<Record<string, string>>, labels: Readonly<Record<string, string>>): boolean {
  return Object.entries(wanted).every(([key, value]) => Object.hasOwn(labels, key) && labels[key] === value);
}
