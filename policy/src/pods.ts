/** Pods in every kind that carries one, and their containers. */
import { lenient } from "./assembled";
import type { KubeObject } from "./objects";
import { isTekton, tektonPods, type PodParts } from "./tekton";
import { isFields, Malformed, UNKNOWN, View, type Fields, type Trace, type Value } from "./values";

export type ContainerKind = "containers" | "initContainers" | "ephemeralContainers";
const containerKinds: readonly ContainerKind[] = ["initContainers", "containers", "ephemeralContainers"];

/** The pod of an object: a Pod itself, or a template. */
export class Pod {
  readonly template: View;
  private parts: Omit<PodParts, "template" | "whole"> | undefined;
  /** Whether the fields of the pod itself can be said here; a Tekton Task can't, its runs do. */
  readonly whole: boolean;

  /** @param template what has `metadata` and `spec` of the pod, or where these stand */
  constructor(
    readonly object: KubeObject,
    template: View | PodParts,
  ) {
    this.template = template instanceof View ? template : template.template;
    this.parts = template instanceof View ? undefined : template;
    this.whole = template instanceof View || template.whole;
  }

  /** @throws NotDecided, Malformed where what leads to it is unknown or no map */
  get spec(): View {
    return this.read().spec;
  }

  get metadata(): View {
    return this.read().metadata;
  }

  /** All containers, in the order in which they start. A list that is unknown as a whole is one unknown container. @throws NotDecided, Malformed */
  containers(...kinds: readonly ContainerKind[]): readonly Container[] {
    const all = this.read();
    return (kinds.length > 0 ? kinds : containerKinds).flatMap((kind) => {
      const views = all.containers === undefined ? itemsOf(all.spec, kind) : kind === "containers" ? all.containers : [];
      return views.map((view) => new Container(this, kind, view));
    });
  }

  volumes(): readonly View[] {
    const { spec, volumes = [spec.view("volumes")] } = this.read();
    return volumes.flatMap((list) => list.list(""));
  }

  labels(): Readonly<Record<string, string>> {
    return this.metadata.map("labels");
  }

  get windows(): boolean {
    return this.spec.string("os.name") === "windows";
  }

  /** Whether it runs to its end: nobody waits for it to be ready. @throws NotDecided, Malformed */
  get ends(): boolean {
    return isTekton(this.object) || /Job$/.test(this.object.kind) || ["Never", "OnFailure"].includes(this.spec.string("restartPolicy") ?? "Always");
  }

  private read(): Omit<PodParts, "template" | "whole"> {
    return (this.parts ??= { metadata: this.template.view("metadata"), spec: this.template.view("spec") });
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

  /** The API server refuses a container that is null; a policy must not find it harmless. @throws Malformed */
  present(): this {
    if (this.view.value === null || this.view.value === undefined) throw new Malformed(this.view.path, this.view.value, "a container");
    return this;
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

  /** A part of the security context that counts: the container's own, else the pod's; where neither says anything, the container's. @throws NotDecided, Malformed */
  security(path: string): View {
    const own = this.view.view(`securityContext.${path}`);
    if (own.known() !== undefined) return own;
    const pods = this.pod.spec.view(`securityContext.${path}`);
    return pods.known() === undefined ? own : pods;
  }
}

/** Where well-known kinds carry their pod. */
const places: Readonly<Record<string, readonly string[]>> = {
  Pod: [],
  PodTemplate: ["template"],
  CronJob: ["spec", "jobTemplate", "spec", "template"],
};

/** Kinds whose template is a pod even where it is malformed or unknown. A workload by reference, as a Rollout with `workloadRef`, has its pod elsewhere. */
const workloads = new Set(["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job", "Rollout"]);

/** Kinds that describe other things than pods of their own, though they look like it. */
const noPods = new Set(["CustomResourceDefinition", "ConfigMap", "Secret", "Event", "ValidatingAdmissionPolicy", "Build", "BuildConfig"]);

/** Parts of KServe's InferenceService that are specs of pods, labels and annotations among them. */
const kserveParts: readonly (readonly string[])[] = [["predictor"], ["predictor", "workerSpec"], ["transformer"], ["explainer"]];

/** The pods of an object; none where it carries none. What is unknown or malformed is found as soon as it is read. */
export function podsOf(object: KubeObject, trace?: Trace): readonly Pod[] {
  if (noPods.has(object.kind)) return [];
  const root = object.view(trace);
  const place = places[object.kind];
  if (place !== undefined) return [new Pod(object, lenient(root, ...place))];
  if (workloads.has(object.kind)) return byReference(object.value.spec) ? [] : [new Pod(object, lenient(root, "spec", "template"))];
  return (
    special(object, root)?.map((parts) => new Pod(object, parts)) ?? templates(object.value.spec, ["spec"]).map((path) => new Pod(object, root.at(...path)))
  );
}

/** Kinds whose pods are no `metadata` and `spec`; undefined: all others. */
function special(object: KubeObject, root: View): readonly PodParts[] | undefined {
  if (isTekton(object)) return tektonPods(object.kind, root);
  if (object.is("triggers.tekton.dev/TriggerTemplate"))
    return itemsOf(lenient(root, "spec"), "resourcetemplates").flatMap((one) =>
      isFields(one.value) && typeof one.value.kind === "string" ? tektonPods(one.value.kind, one) : [],
    );
  if (object.is("serving.kserve.io/InferenceService"))
    return kserveParts.map((part) => lenient(root, "spec", ...part)).flatMap((spec) => (hasContainers(spec.value) ? [inline(spec, true)] : []));
  if (object.is("serving.kserve.io/ServingRuntime", "serving.kserve.io/ClusterServingRuntime")) return [inline(lenient(root, "spec"), false)];
  return undefined;
}

function inline(spec: View, whole: boolean): PodParts {
  return { template: spec, metadata: spec, spec, whole };
}

function byReference(spec: Value): boolean {
  return isFields(spec) && isFields(spec.workloadRef);
}

/** Keys that lead to each `spec.containers` below a value, as templates in custom resources have them. @param path to the value */
function templates(value: Value, path: readonly (string | number)[]): readonly (readonly (string | number)[])[] {
  // Deeper than any known kind carries one.
  if (path.length > 12 || typeof value !== "object" || value === null) return [];
  if (Array.isArray(value)) return (value as readonly Value[]).flatMap((item, i) => templates(item, [...path, i]));
  const fields = value as Fields;
  const own = hasContainers(fields.spec) ? [path] : [];
  return [...own, ...Object.keys(fields).flatMap((key) => (own.length > 0 && key === "spec" ? [] : templates(fields[key], [...path, key])))];
}

function hasContainers(spec: Value): boolean {
  return isFields(spec) && (Array.isArray(spec.containers) || spec.containers === UNKNOWN);
}

/** Items of a list of a part; the list itself where it is unknown. @throws Malformed */
function itemsOf(part: View, key: string): readonly View[] {
  const list = part.view(key);
  return list.value === UNKNOWN ? [list] : list.list("");
}
