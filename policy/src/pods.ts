/** Pods in every kind that carries one, and their containers. */
import type { KubeObject } from "./objects";
import type { View } from "./values";
import { isFields, type Fields, type Trace, type Value } from "./values";

export type ContainerKind = "containers" | "initContainers" | "ephemeralContainers";
const containerKinds: readonly ContainerKind[] = ["initContainers", "containers", "ephemeralContainers"];

/** The pod of an object: a Pod itself, or a template. */
export class Pod {
  readonly spec: View;
  readonly metadata: View;

  /** @param template what has `metadata` and `spec` of the pod */
  constructor(
    readonly object: KubeObject,
    readonly template: View,
  ) {
    this.spec = template.view("spec");
    this.metadata = template.view("metadata");
  }

  /** All containers, in the order in which they start. @throws NotDecided where a list is unknown */
  containers(...kinds: readonly ContainerKind[]): readonly Container[] {
    return (kinds.length > 0 ? kinds : containerKinds).flatMap((kind) => this.spec.list(kind).map((view) => new Container(this, kind, view)));
  }

  labels(): Readonly<Record<string, string>> {
    return this.metadata.map("labels");
  }
}

export class Container {
  constructor(
    readonly pod: Pod,
    readonly kind: ContainerKind,
    readonly view: View,
  ) {}

  get object(): KubeObject {
    return this.pod.object;
  }

  /** Name, or where it stands, for messages. */
  get name(): string {
    const name = isFields(this.view.value) ? this.view.value.name : undefined;
    return typeof name === "string" ? name : this.view.path;
  }

  /** A sidecar: an init container that keeps running. */
  get sidecar(): boolean {
    return this.kind === "initContainers" && this.view.string("restartPolicy") === "Always";
  }
}

/** Where well-known kinds carry their pod. Others are searched for `template.spec.containers`. */
const places: Readonly<Record<string, string>> = {
  Pod: "",
  PodTemplate: "template",
  CronJob: "spec.jobTemplate.spec.template",
};

/** Kinds that describe other things than pods of their own, though they look like it. */
const noPods = new Set(["CustomResourceDefinition", "ConfigMap", "Secret", "Event", "ValidatingAdmissionPolicy", "Build", "BuildConfig"]);

/** The pods of an object; none where it carries none. What is unknown as a whole is found as soon as it is read. */
export function podsOf(object: KubeObject, trace?: Trace): readonly Pod[] {
  if (noPods.has(object.kind)) return [];
  const root = object.view(trace);
  const place = places[object.kind];
  if (place !== undefined) return [new Pod(object, root.view(place))];
  if (workloads.has(object.kind))
    return isFields(object.value.spec) && isFields(object.value.spec.workloadRef) ? [] : [new Pod(object, root.view("spec.template"))];
  return templates(object.value.spec, "spec", 1).map((path) => new Pod(object, root.view(path)));
}

/** Kinds whose template is a pod even where it is malformed or unknown. A workload by reference, as a Rollout with `workloadRef`, has its pod elsewhere. */
const workloads = new Set(["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job", "Rollout"]);

/** Paths of all `spec.containers` below a value, as templates in custom resources have them. */
function templates(value: Value, path: string, depth: number): readonly string[] {
  // Deeper than any known kind carries one.
  if (depth > 12 || typeof value !== "object" || value === null) return [];
  if (Array.isArray(value)) return (value as readonly Value[]).flatMap((item, i) => templates(item, `${path}[${i}]`, depth + 1));
  const fields = value as Fields;
  const own = isFields(fields.spec) && Array.isArray(fields.spec.containers) ? [path] : [];
  return [
    ...own,
    ...Object.keys(fields)
      .filter((key) => /^[A-Za-z]+$/.test(key) && !(own.length > 0 && key === "spec"))
      .flatMap((key) => templates(fields[key], `${path}.${key}`, depth + 1)),
  ];
}
