/** Kinds that carry a pod, and where it stands in each. */
import type { Resources } from "./rule";

/** One way to carry a pod. */
export interface Carrier {
  readonly resources: readonly Resources[];
  /** CEL of what has `metadata` and `spec` of the pod. */
  readonly template: string;
}

const templates: readonly Resources[] = [
  { group: "apps", version: "v1", resources: ["deployments", "statefulsets", "daemonsets", "replicasets"] },
  { group: "batch", version: "v1", resources: ["jobs"] },
  { group: "", version: "v1", resources: ["replicationcontrollers"] },
];

/** Kinds of custom resources: the API server has no types of theirs for expressions. A Rollout by `workloadRef` has its pod elsewhere. */
const customTemplates: readonly Resources[] = [{ group: "argoproj.io", version: "v1alpha1", resources: ["rollouts"] }];

export const carriers = {
  pod: { resources: [{ group: "", version: "v1", resources: ["pods", "pods/ephemeralcontainers"] }], template: "object" },
  template: { resources: templates, template: "object.spec.template" },
  customTemplate: { resources: customTemplates, template: "object.spec.template" },
  cronJob: { resources: [{ group: "batch", version: "v1", resources: ["cronjobs"] }], template: "object.spec.jobTemplate.spec.template" },
  podTemplate: { resources: [{ group: "", version: "v1", resources: ["podtemplates"] }], template: "object.template" },
} as const satisfies Record<string, Carrier>;

/** Where the pod stands, for all kinds in one expression; `dyn`: each kind has other fields, and the API server checks types for each. */
export const anyTemplate =
  "object.kind == 'Pod' ? dyn(object) : " +
  "object.kind == 'CronJob' ? dyn(object).spec.jobTemplate.spec.template : " +
  "object.kind == 'PodTemplate' ? dyn(object).?template.orValue({}) : " +
  "dyn(object).?spec.?template.orValue({})";

/** Variables of every rule on pods. Each is there whatever the object leaves out. */
export const podVariables: Readonly<Record<string, string>> = {
  template: anyTemplate,
  podSpec: "variables.template.?spec.orValue({})",
  ...commonVariables("variables.podSpec.?containers.orValue([])", " + variables.podSpec.?ephemeralContainers.orValue([])"),
};

/**
 * The same for one kind, as the API server can check their types: without ephemeral containers, which are of a type of their own.
 * @param template CEL of what has `metadata` and `spec` of the pod
 */
export function typedPodVariables(template: string): Readonly<Record<string, string>> {
  return { template, podSpec: "variables.template.spec", ...commonVariables("variables.podSpec.containers", "") };
}

function commonVariables(containers: string, ephemeral: string): Readonly<Record<string, string>> {
  return {
    podLabels: "variables.template.?metadata.?labels.orValue({})",
    podAnnotations: "variables.template.?metadata.?annotations.orValue({})",
    mainContainers: containers,
    initContainers: "variables.podSpec.?initContainers.orValue([])",
    containers: `variables.mainContainers + variables.initContainers${ephemeral}`,
    volumes: "variables.podSpec.?volumes.orValue([])",
    windows: "variables.podSpec.?os.?name.orValue('') == 'windows'",
  };
}
