/** How many GPUs a workload takes at its largest, and while it is updated. */
import { objectGpus, plus, type GpuCounts } from "./gpu";
import type { KubeObject } from "./objects";
import type { Settings } from "./settings";
import type { Stack } from "./stack";
import { Malformed, type View } from "./values";
import { rolloutOf, scaledKinds, scaleOf } from "./workloads";

/** Pods that a workload has at most: scaled out, with the preview of a blue-green rollout beside it. @throws NotDecided, Malformed */
export function largestScale(object: KubeObject, stack: Stack): number {
  if (!object.is(...scaledKinds)) return copies(object);
  const { max } = scaleOf(object, stack);
  return max + (previewOf(object, stack, max) ?? 0);
}

/** Pods of kinds that no autoscaler acts on. Of a DaemonSet the object doesn't say how many: one at least. */
function copies(object: KubeObject): number {
  const view = object.view();
  if (object.is("batch/Job")) return view.number("spec.parallelism") ?? 1;
  if (object.is("batch/CronJob")) return view.number("spec.jobTemplate.spec.parallelism") ?? 1;
  return view.number("spec.replicas") ?? 1;
}

/** What runs the pods of a workload: itself, or the Rollout that refers to it. */
export function runnerOf(object: KubeObject, stack: Stack): KubeObject {
  return rolloutOf(object, stack) ?? object;
}

/** Pods of a blue-green preview, all where none are said; undefined where there is no preview. @throws NotDecided, Malformed */
function previewOf(object: KubeObject, stack: Stack, max: number): number | undefined {
  const blueGreen = runnerOf(object, stack).view().view("spec.strategy.blueGreen");
  return blueGreen.known() === undefined ? undefined : (blueGreen.number("previewReplicaCount") ?? max);
}

/** Pods that an update adds to all that there are. @throws NotDecided, Malformed */
export function surgeOf(object: KubeObject, stack: Stack): number {
  const runner = runnerOf(object, stack);
  const { max } = scaleOf(object, stack);
  const preview = previewOf(object, stack, max);
  if (preview !== undefined) return preview;
  const strategy = runner.view().view("spec.strategy");
  if (runner.is("argoproj.io/Rollout")) return share(strategy.view("canary"), "maxSurge", max);
  if (!runner.is("apps/Deployment") || strategy.string("type") === "Recreate") return 0;
  return share(strategy.view("rollingUpdate"), "maxSurge", max);
}

/** A number of pods, or a share of them, rounded up; a quarter where none is said, as Kubernetes and Argo Rollouts have it. @throws Malformed */
function share(view: View, path: string, replicas: number): number {
  const text = view.text(path) ?? "25%";
  const value = text.endsWith("%") ? Math.ceil((Number(text.slice(0, -1)) * replicas) / 100) : Number(text);
  if (Number.isNaN(value)) throw new Malformed(view.view(path).path, text, "a number, or a percentage");
  return value;
}

export function times(counts: GpuCounts, factor: number): GpuCounts {
  return new Map([...counts].map(([resource, count]) => [resource, count * factor]));
}

/** What a workload takes at its largest, by resource. @throws NotDecided, Malformed */
export function largestGpus(object: KubeObject, stack: Stack, settings: Settings): GpuCounts {
  const one = objectGpus(object, settings);
  // Of what takes none, nobody has to know how many there are.
  return one.size === 0 ? one : times(one, largestScale(object, stack));
}

/** What all workloads of a project take at their largest, together. @throws NotDecided, Malformed */
export function largestOfProject(namespace: string, stack: Stack, settings: Settings): GpuCounts {
  const known = totals.get(stack) ?? new Map<string, GpuCounts>();
  totals.set(stack, known);
  const key = `${namespace} ${settings.gpuResources.join()}`;
  const found =
    known.get(key) ??
    stack
      .inNamespace(namespace)
      .map((object) => largestGpus(object, stack, settings))
      .reduce(plus, new Map());
  known.set(key, found);
  return found;
}

/** By project: each of its workloads asks for the sum. */
const totals = new WeakMap<Stack, Map<string, GpuCounts>>();
