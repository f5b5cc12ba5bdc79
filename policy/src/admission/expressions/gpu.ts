/** GPUs, in CEL. */
import type { Context } from "../../policy";
import type { Settings } from "../../settings";
import { idleLimit } from "../../policies/gpu/timeLimit";
import { eachContainer, holds, listed, quoted, texts, type Rule, type RuleOf } from "../rule";

/** Whether a resource name `k` is a GPU's, as `isGpu` says. */
function isGpuName({ gpuResources }: Settings): string {
  return `(${gpuResources.map((name) => (/[-.]$/.test(name) ? `k.startsWith(${quoted(name)})` : `k == ${quoted(name)}`)).join(" || ")})`;
}

const limits = "c.?resources.?limits.orValue({})";
const requests = "c.?resources.?requests.orValue({})";

/** Whether a container `c` names a GPU. */
export function hasGpu(settings: Settings): string {
  const gpu = isGpuName(settings);
  return `(${limits}.exists(k, ${gpu}) || ${requests}.exists(k, ${gpu}))`;
}

/** GPUs of a container `c`: the API server has seen to it that they are whole numbers, in the limits. */
function gpusOf(settings: Settings): string {
  return `${limits}.filter(k, ${isGpuName(settings)}).map(k, quantity(string(${limits}[k])).asInteger()).sum()`;
}

/** GPUs that a quota allows. */
function quotaGpus(settings: Settings): string {
  const hard = "dyn(object).spec.?hard.orValue({})";
  const names = `${hard}.filter(q, q.startsWith('requests.')).map(q, q.substring(9)).filter(k, ${isGpuName(settings)})`;
  return `${names}.map(k, quantity(string(${hard}['requests.' + k])).asInteger()).sum()`;
}

/** Whether the pod uses a GPU. */
function usesGpu(settings: Settings): Readonly<Record<string, string>> {
  return { usesGpu: `(variables.mainContainers + variables.initContainers).exists(c, ${gpusOf(settings)} > 0)` };
}

export const gpuRules: Readonly<Record<string, RuleOf>> = {
  "gpu-maximum": ({ settings, parameters }) => ({
    on: "pods",
    variables: {
      running: "variables.mainContainers + variables.initContainers.filter(c, c.?restartPolicy.orValue('') == 'Always')",
      gpus: `variables.running.map(c, ${gpusOf(settings)}).sum()`,
    },
    validations: [
      eachContainer(`${gpusOf(settings)} <= ${Number(parameters.perContainer)}`, `resources.limits must have at most ${Number(parameters.perContainer)} GPUs`),
      holds(`variables.gpus <= ${Number(parameters.perPod)}`, `spec must have at most ${Number(parameters.perPod)} GPUs in all containers`),
      holds(
        `object.kind != 'ResourceQuota' || ${quotaGpus(settings)} <= ${Number(parameters.perProject)}`,
        `spec.hard must allow at most ${Number(parameters.perProject)} GPUs of all kinds`,
      ),
    ],
    also: [{ group: "", version: "v1", resources: ["resourcequotas"] }],
    partly: "sidecars beside an init container that takes more GPUs than what runs later",
  }),

  "gpu-node-placement": nodePlacement,

  "gpu-sharing-profile": ({ settings: { gpuSharing }, settings }) => {
    const names = Object.keys(gpuSharing);
    if (names.length === 0) return undefined;
    const named = (wanted: string) => names.filter((name) => gpuSharing[name] === wanted);
    const gpus = (ok: string) => `${limits}.all(k, !${isGpuName(settings)} || quantity(string(${limits}[k])).asInteger() == 0 || (${ok}))`;
    return {
      on: "pods",
      validations: [
        eachContainer(gpus(`k in ${listed(names)}`), `resources.limits must have a GPU resource that nodes offer: ${names.join(", ")}`),
        eachContainer(
          gpus(`!(k in ${listed(named("whole"))}) || !(k.endsWith('.shared') || k.contains('/mig-'))`),
          "resources.limits must have the name of a whole GPU",
        ),
        eachContainer(gpus(`!(k in ${listed(named("mig"))}) || !k.endsWith('.shared')`), "resources.limits must have the name of a MIG device"),
        eachContainer(
          gpus(`!(k in ${listed(named("timeSlicing"))}) || (k.endsWith('.shared') && quantity(string(${limits}[k])).asInteger() == 1)`),
          "resources.limits must have one GPU whose name ends in .shared",
        ),
      ],
    };
  },

  "gpu-time-limit": timeLimit,
};

function nodePlacement({ settings, parameters }: Context): Rule {
  const taints = texts(parameters.taints);
  const labels = texts(parameters.nodeLabels);
  const isLabel = (of: string) =>
    `(${labels.map((name) => (name.endsWith("/") ? `${of}.startsWith(${quoted(name)})` : `${of} == ${quoted(name)}`)).join(" || ") || "false"})`;
  const terms = "variables.podSpec.?affinity.?nodeAffinity.?requiredDuringSchedulingIgnoredDuringExecution.?nodeSelectorTerms.orValue([])";
  const asks = `t.?matchExpressions.orValue([]).exists(e, ${isLabel("e.key")} && e.operator in ['In', 'Exists', 'Gt', 'Lt'])`;
  return {
    on: "pods",
    variables: {
      ...usesGpu(settings),
      tolerates:
        "variables.podSpec.?tolerations.orValue([]).exists(t, " +
        `((t.?key.orValue('') == '' && t.?operator.orValue('') == 'Exists') || t.?key.orValue('') in ${listed(taints)}) && t.?effect.orValue('') in ['', 'NoSchedule'])`,
      selects: `variables.podSpec.?nodeSelector.orValue({}).exists(k, ${isLabel("k")}) || (size(${terms}) > 0 && ${terms}.all(t, ${asks}))`,
      // What runs on each node for the node's sake.
      forNodes: "object.kind == 'DaemonSet' || object.metadata.?ownerReferences.orValue([]).exists(o, o.kind == 'DaemonSet')",
    },
    validations: [
      holds("variables.usesGpu || !variables.tolerates || variables.forNodes", "tolerations must not have the taint of GPU nodes: the pod uses no GPU"),
      holds("!variables.usesGpu || variables.tolerates", `tolerations must have ${taints.join(" or ")}, effect NoSchedule`),
      ...(parameters.select
        ? [holds("!variables.usesGpu || variables.selects", "nodeSelector must name a label of GPU nodes, or a required node affinity must")]
        : []),
    ],
  };
}

function timeLimit({ settings, parameters }: Context): Rule {
  const interactive = `variables.podLabels[?'app.kubernetes.io/component'].orValue('') in ${listed(texts(parameters.interactive))} || variables.podLabels[?'component'].orValue('') == 'singleuser-server'`;
  const idle = quoted(idleLimit);
  return {
    on: "pods",
    variables: {
      ...usesGpu(settings),
      interactive,
      idle: `variables.podAnnotations[?${idle}].orValue(object.metadata.?annotations[?${idle}].orValue(''))`,
      told: "variables.mainContainers.exists(c, (c.?command.orValue([]) + c.?args.orValue([])).exists(a, a.contains('shutdown_no_activity_timeout')))",
      // What a controller made is as its Job or its StatefulSet says, and that was looked at.
      owned: "object.kind == 'Pod' && size(object.metadata.?ownerReferences.orValue([])) > 0",
      ends: "object.kind in ['Job', 'CronJob'] || (object.kind == 'Pod' && variables.podSpec.?restartPolicy.orValue('Always') != 'Always')",
      deadline:
        "object.kind == 'Job' ? dyn(object).spec.?activeDeadlineSeconds.orValue(variables.podSpec.?activeDeadlineSeconds.orValue(0)) : " +
        "object.kind == 'CronJob' ? dyn(object).spec.jobTemplate.spec.?activeDeadlineSeconds.orValue(variables.podSpec.?activeDeadlineSeconds.orValue(0)) : " +
        "variables.podSpec.?activeDeadlineSeconds.orValue(0)",
    },
    validations: [
      holds(
        `variables.owned || !variables.usesGpu || !variables.interactive || (variables.idle == '' ? variables.told : variables.idle.matches('^[0-9]{1,9}([.][0-9]+)?$') && double(variables.idle) > 0.0 && double(variables.idle) <= ${Number(parameters.maximumIdleMinutes)}.0)`,
        `the annotation ${idleLimit} must be a number of minutes above 0, ${Number(parameters.maximumIdleMinutes)} or less`,
      ),
      holds(
        `variables.owned || !variables.usesGpu || variables.interactive || !variables.ends || (variables.deadline > 0 && variables.deadline <= ${Number(parameters.maximumHours) * 3600})`,
        `activeDeadlineSeconds must be set, to ${Number(parameters.maximumHours) * 3600} or less`,
      ),
    ],
    partly:
      "how long the limit in the arguments of a workspace's server is; other kinds that end by themselves; Pods that a controller made, whose Job or StatefulSet was looked at",
  };
}
