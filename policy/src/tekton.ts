/**
 * Pods of Tekton: steps and sidecars of a task are containers of one pod, whose own fields stand in the run. Fields as in the types of tekton.dev/v1 and v1beta1.
 * A Task or Pipeline by itself says nothing of its pods but their containers: each run may bring another pod template, so its steps have to be right by themselves.
 */
import { Assembled, inherited, lenient } from "./assembled";
import type { KubeObject } from "./objects";
import { isFields, shown, UNKNOWN, View, type Value } from "./values";

/** What a pod is made of, where it is no `metadata` and `spec`. */
export interface PodParts {
  /** Where it stands. */
  readonly template: View;
  readonly metadata: View;
  readonly spec: View;
  /** Containers, where they are not the spec's own lists. */
  readonly containers?: readonly View[];
  /** Lists of volumes. */
  readonly volumes?: readonly View[];
  /** Whether the fields of the pod itself can be said here: service account, token, host namespaces. */
  readonly whole: boolean;
}

const kinds = ["Task", "ClusterTask", "StepAction", "Pipeline", "TaskRun", "PipelineRun"] as const;

export function isTekton(object: KubeObject): boolean {
  return object.group === "tekton.dev" && object.is(...kinds);
}

/** Pods of one of Tekton's objects; none of other kinds. @param root the object, or where it stands in a TriggerTemplate */
export function tektonPods(kind: string, root: View): readonly PodParts[] {
  const spec = lenient(root, "spec");
  // A run hands its labels and annotations on to its pods.
  const metadata = lenient(root, "metadata");
  switch (kind) {
    case "Task":
    case "ClusterTask":
      return [podOf(spec, { metadata })];
    case "StepAction":
      return [{ template: spec, metadata, spec: nothing(spec), containers: [spec], whole: false }];
    case "TaskRun":
      return [podOf(lenient(spec, "taskSpec"), { metadata, level: levelAt(spec), whole: true })];
    case "Pipeline":
      return tasksOf(spec).map(({ task }) => podOf(task, { metadata }));
    case "PipelineRun":
      return podsOfRun(spec, metadata);
    default:
      return [];
  }
}

/** Fields of the pod itself. */
interface PodLevel {
  readonly template: View;
  readonly account: View;
}

interface PipelineTask {
  readonly name: Value;
  /** The embedded task; of no value where it is by reference. */
  readonly task: View;
}

function levelAt(run: View): PodLevel {
  return { template: lenient(run, "podTemplate"), account: lenient(run, "serviceAccountName") };
}

function podsOfRun(spec: View, metadata: View): readonly PodParts[] {
  // v1beta1 has no taskRunTemplate; its fields stand in the spec.
  const run = lenient(spec, "taskRunTemplate");
  const level = levelAt(run.value === undefined ? spec : run);
  const overrides = itemsOf(lenient(spec, "taskRunSpecs"));
  const embedded = tasksOf(lenient(spec, "pipelineSpec")).filter(({ task }) => task.value !== undefined);
  const own = (name: Value) => overrides.find((one) => name !== undefined && isFields(one.value) && one.value.pipelineTaskName === name);
  return [
    // The pod level of all tasks, also of those whose steps stand elsewhere; then that of tasks with one of their own; then steps.
    podOf(nothing(spec), { metadata, level, whole: true }),
    ...overrides.map((one) => podOf(nothing(one), { metadata, level: levelOf(level, one), whole: true })),
    ...embedded.map(({ name, task }) => podOf(task, { metadata, level: levelOf(level, own(name)) })),
  ];
}

/** The pod level of one task: its own fields, else the run's. */
function levelOf(run: PodLevel, own: View | undefined): PodLevel {
  if (own === undefined) return run;
  const template = [lenient(own, "podTemplate"), lenient(own, "taskPodTemplate")].find(({ value }) => value !== undefined);
  const account = [lenient(own, "serviceAccountName"), lenient(own, "taskServiceAccountName")].find(({ value }) => value !== undefined);
  return {
    template: template === undefined ? run.template : new View(inherited(template.value, run.template.value), template.path, template.trace),
    account: account ?? run.account,
  };
}

function tasksOf(pipeline: View): readonly PipelineTask[] {
  return ["tasks", "finally"].flatMap((list) =>
    itemsOf(lenient(pipeline, list)).flatMap((task) => {
      if (!isFields(task.value)) return [{ name: undefined, task }];
      const nested = task.at("pipelineSpec");
      return isFields(nested.value) ? tasksOf(nested) : [{ name: task.value.name, task: task.at("taskSpec") }];
    }),
  );
}

function podOf(task: View, { metadata, level, whole = false }: { readonly metadata: View; readonly level?: PodLevel; readonly whole?: boolean }): PodParts {
  const steps = itemsOf(lenient(task, "steps")).map((step) => stepOf(step, lenient(task, "stepTemplate").value));
  const sidecars = itemsOf(lenient(task, "sidecars")).map((sidecar) => stepOf(sidecar, undefined));
  const pod = level?.template ?? nothing(task);
  const volumes = [lenient(task, "volumes"), lenient(pod, "volumes")];
  const spec = new Assembled(pod.value, pod.path, task.trace, {
    serviceAccountName: level?.account ?? nothing(task),
    volumes: volumes.find(({ value }) => value !== undefined) ?? nothing(task),
  });
  return { template: level && task.value === undefined ? level.template : task, metadata, spec, containers: [...steps, ...sidecars], volumes, whole };
}

/** A step with what it inherits; its resources under the name that containers have for them. */
function stepOf(step: View, template: Value): View {
  const whole = new View(isFields(step.value) && step.value.ref === undefined ? inherited(step.value, template) : step.value, step.path, step.trace);
  const named = isFields(whole.value) && whole.value.computeResources !== undefined;
  return named ? new Assembled(whole.value, whole.path, whole.trace, { resources: whole.at("computeResources") }) : whole;
}

/** Items of a list; the list itself where it is unknown, and its text where it is none: reading that says so. */
function itemsOf(list: View): readonly View[] {
  if (list.value === undefined || list.value === null) return [];
  if (Array.isArray(list.value)) return list.value.map((_, i) => list.at(i));
  return [list.value === UNKNOWN ? list : new View(shown(list.value), list.path, list.trace)];
}

function nothing({ path, trace }: View): View {
  return new View(undefined, path, trace);
}
