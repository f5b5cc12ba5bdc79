/** When an object counts as ready, per kind. The official provider's rules; where it follows `kubectl rollout status`, so does this. */
import { asText, at, listAt, mapAt, numberAt, same, textAt, type ValueMap } from "../lib/values";
import { annotation, conditionOf, kindOf, nameOf, type GroupVersionKind } from "./objects";

export interface Verdict {
  readonly ready: boolean;
  /** What is waited for, in a few words. */
  readonly status: string;
  /** It will not become ready any more: waiting is over. */
  readonly failed?: string;
  /** Ready, if nothing changes for this long. */
  readonly settleMs?: number;
}
/** Objects of another kind in the same namespace. */
export type Related = (gvk: GroupVersionKind) => readonly ValueMap[];
export interface Rule {
  /** Kinds whose changes can make it ready. */
  readonly related: readonly GroupVersionKind[];
  /** Seconds; the official provider's. */
  readonly timeout: number;
  /** Whether its pods say why it is not ready. */
  readonly hasPods: boolean;
  judge(object: ValueMap, related: Related): Verdict;
}

export const ENDPOINT_SLICE: GroupVersionKind = { apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice" };
const READY: Verdict = { ready: true, status: "" };
const waiting = (status: string): Verdict => ({ ready: false, status });
const status = (object: ValueMap, key: string): number => numberAt(object, "status", key) ?? 0;
const wanted = (object: ValueMap): number => numberAt(object, "spec", "replicas") ?? 1;
/** The controller has not seen the last change yet: its numbers are about the one before. */
const isStale = (object: ValueMap): boolean => status(object, "observedGeneration") < (numberAt(object, "metadata", "generation") ?? 0);

function deployment(object: ValueMap): Verdict {
  if (at(object, "spec", "paused") === true) return READY;
  const [want, updated, available, total] = [
    wanted(object),
    status(object, "updatedReplicas"),
    status(object, "availableReplicas"),
    status(object, "replicas"),
  ];
  const progress = conditionOf(object, "Progressing");
  const blocked = conditionOf(object, "ReplicaFailure");
  const detail = [
    blocked?.status === "True" ? `: ${blocked.message}` : "",
    progress?.status === "False" ? ` (${progress.reason}: ${progress.message})` : "",
  ].join("");
  if (isStale(object)) return waiting("waiting for the deployment controller");
  if (updated < want) return waiting(`${updated} of ${want} pods updated${detail}`);
  if (total > updated) return waiting(`${total - updated} old pods are ending${detail}`);
  if (available < updated) return waiting(`${available} of ${want} pods available${detail}`);
  if (want > 0 && conditionOf(object, "Available")?.status !== "True") return waiting(`not available yet${detail}`);
  return READY;
}

function statefulSet(object: ValueMap): Verdict {
  const want = wanted(object);
  if (isStale(object)) return waiting("waiting for the stateful set controller");
  const ready = status(object, "readyReplicas");
  if (ready < want || status(object, "replicas") !== want) return waiting(`${ready} of ${want} pods ready`);
  if (textAt(object, "spec", "updateStrategy", "type") === "OnDelete") return READY;
  const partition = numberAt(object, "spec", "updateStrategy", "rollingUpdate", "partition") ?? 0;
  if (partition > 0)
    return status(object, "updatedReplicas") >= want - partition ? READY : waiting(`${status(object, "updatedReplicas")} of ${want - partition} pods updated`);
  if (textAt(object, "status", "currentRevision") !== textAt(object, "status", "updateRevision"))
    return waiting(`${status(object, "updatedReplicas")} of ${want} pods updated`);
  return READY;
}

function daemonSet(object: ValueMap): Verdict {
  const want = status(object, "desiredNumberScheduled");
  if (isStale(object)) return waiting("waiting for the daemon set controller");
  if (status(object, "updatedNumberScheduled") < want) return waiting(`${status(object, "updatedNumberScheduled")} of ${want} pods updated`);
  if (status(object, "numberAvailable") < want) return waiting(`${status(object, "numberAvailable")} of ${want} pods available`);
  return READY;
}

function job(object: ValueMap): Verdict {
  if (conditionOf(object, "Complete")?.status === "True" || at(object, "spec", "suspend") === true) return READY;
  const failure = conditionOf(object, "Failed");
  const counts = `active ${status(object, "active")}, succeeded ${status(object, "succeeded")}, failed ${status(object, "failed")}`;
  if (failure?.status === "True") return { ready: false, status: counts, failed: `Job failed: ${failure.reason}: ${failure.message}` };
  return waiting(counts);
}

function pod(object: ValueMap): Verdict {
  const phase = textAt(object, "status", "phase");
  if (phase === "Succeeded" || conditionOf(object, "Ready")?.status === "True") return READY;
  if (phase === "Failed")
    return {
      ready: false,
      status: "failed",
      failed: `Pod failed: ${textAt(object, "status", "reason") ?? ""} ${textAt(object, "status", "message") ?? ""}`.trim(),
    };
  return waiting(`pod is ${phase ?? "Pending"}`);
}

const hasAddress = (object: ValueMap): boolean => listAt(object, "status", "loadBalancer", "ingress").length > 0;
const slicesOf = (service: string, related: Related): ValueMap[] =>
  related(ENDPOINT_SLICE).filter((slice) => textAt(slice, "metadata", "labels", "kubernetes.io/service-name") === service);

function service(object: ValueMap, related: Related): Verdict {
  const type = textAt(object, "spec", "type") ?? "ClusterIP";
  if (type === "LoadBalancer" && !hasAddress(object)) return waiting("no address was given to the load balancer yet");
  const selected = Object.keys(mapAt(object, "spec", "selector")).length > 0;
  if (type === "ExternalName" || textAt(object, "spec", "clusterIP") === "None" || !selected) return READY;
  const slices = slicesOf(nameOf(object), related);
  if (slices.length === 0) return waiting("waiting for its endpoints");
  const states = slices.flatMap((slice) => listAt(slice, "endpoints")).map((endpoint) => at(endpoint, "conditions", "ready") !== false);
  if (states.length > 0 && states.every(Boolean)) return READY;
  if (states.length > 0) return waiting(`${states.filter(Boolean).length} of ${states.length} endpoints ready`);
  // No pod is chosen (yet). The official provider takes that as ready too, ten seconds after the last change.
  return { ready: false, status: "its selector chooses no pods yet", settleMs: 10_000 };
}

function ingress(object: ValueMap, related: Related): Verdict {
  const backends = listAt(object, "spec", "rules").flatMap((rule) => listAt(rule, "http", "paths").map((path) => textAt(path, "backend", "service", "name")));
  const missing = [...new Set(backends)].find((name) => name !== undefined && slicesOf(name, related).length === 0);
  if (missing !== undefined) return waiting(`service ${missing} of a rule has no endpoints`);
  return hasAddress(object) ? READY : waiting("no address was given to it yet (is an ingress controller running?)");
}

const phase = (...wantedPhases: string[]) =>
  function phaseOf(object: ValueMap): Verdict {
    const now = textAt(object, "status", "phase") ?? "Pending";
    return wantedPhases.includes(now) ? READY : waiting(`${kindOf(object)} is ${now}`);
  };
const pods = (judge: Rule["judge"]): Rule => ({ related: [], timeout: 600, hasPods: true, judge });
const alone = (timeout: number, judge: Rule["judge"]): Rule => ({ related: [], timeout, hasPods: false, judge });

const RULES: Readonly<Record<string, Rule>> = {
  "apps/v1/Deployment": pods(deployment),
  "apps/v1/StatefulSet": pods(statefulSet),
  "apps/v1/DaemonSet": pods(daemonSet),
  "batch/v1/Job": pods(job),
  "v1/Pod": pods(pod),
  "v1/Service": { related: [ENDPOINT_SLICE], timeout: 600, hasPods: true, judge: service },
  "networking.k8s.io/v1/Ingress": { related: [ENDPOINT_SLICE], timeout: 600, hasPods: false, judge: ingress },
  "v1/PersistentVolumeClaim": alone(300, phase("Bound")),
  "v1/PersistentVolume": alone(300, phase("Available", "Bound")),
  "v1/ResourceQuota": alone(60, (object) =>
    same(at(object, "spec", "hard"), at(object, "status", "hard")) ? READY : waiting("waiting for the quota controller"),
  ),
};
const TOKEN_SECRET = alone(5, (object) => (Object.keys(mapAt(object, "data")).length > 0 ? READY : waiting("waiting for the token")));

/** `condition=Ready`, `condition=Ready=False`, `jsonpath={.status.phase}=Bound`, or a JSON list of these. */
export function customRule(expression: string): Rule {
  let list: unknown;
  try {
    list = JSON.parse(expression);
  } catch {
    list = expression;
  }
  const checks = (Array.isArray(list) ? list.map(String) : [expression]).map((text) => {
    const condition = /^condition=([^=]+)(?:=(.+))?$/.exec(text);
    if (condition)
      return { text, holds: (object: ValueMap) => conditionOf(object, condition[1] ?? "")?.status.toLowerCase() === (condition[2] ?? "true").toLowerCase() };
    const path = /^jsonpath=\{?\.?([\w.-]+)\}?(?:=(.+))?$/.exec(text);
    if (!path)
      throw new Error(`pulumi.com/waitFor: ${text} is not understood by this plugin stand-in; use condition=TYPE[=STATUS] or jsonpath={.field.field}[=VALUE]`);
    return {
      text,
      holds(object: ValueMap) {
        const value = at(object, ...(path[1] ?? "").split("."));
        return value !== undefined && (path[2] === undefined || asText(value) === path[2]);
      },
    };
  });
  return alone(600, (object) => {
    const open = checks.find((check) => !check.holds(object));
    return open ? waiting(`waiting for ${open.text}`) : READY;
  });
}

/** The rule for an object; undefined = it is ready as soon as it is there. */
export function ruleFor(object: ValueMap): Rule | undefined {
  if (annotation(object, "pulumi.com/skipAwait") === "true") return undefined;
  const custom = annotation(object, "pulumi.com/waitFor");
  if (custom) return customRule(custom);
  const key = `${textAt(object, "apiVersion") ?? ""}/${kindOf(object)}`;
  if (key === "v1/Secret") return textAt(object, "type") === "kubernetes.io/service-account-token" ? TOKEN_SECRET : undefined;
  return RULES[key];
}
