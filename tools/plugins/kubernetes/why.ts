/** Why something is not ready, in the words of the cluster: pod conditions, container states, warning events, unbound claims, last log lines. */
import { at, listAt, mapAt, numberAt, textAt, type Value, type ValueMap } from "../lib/values";
import type { Api } from "./api";
import { conditionOf, kindOf, nameOf, namespaceOf, type GroupVersionKind } from "./objects";
import { selects } from "./watch";

export const POD: GroupVersionKind = { apiVersion: "v1", kind: "Pod" };
export const EVENT: GroupVersionKind = { apiVersion: "v1", kind: "Event" };
export const CLAIM: GroupVersionKind = { apiVersion: "v1", kind: "PersistentVolumeClaim" };

/** What is known about a namespace. */
export interface Surroundings {
  readonly pods: readonly ValueMap[];
  readonly events: readonly ValueMap[];
  readonly claims: readonly ValueMap[];
}

/** Pods that belong to a workload or a Service. */
export function podsOf(object: ValueMap, pods: readonly ValueMap[]): readonly ValueMap[] {
  if (kindOf(object) === "Pod") return pods.filter((pod) => nameOf(pod) === nameOf(object));
  const selector = kindOf(object) === "Service" ? { matchLabels: mapAt(object, "spec", "selector") } : mapAt(object, "spec", "selector");
  if (Object.keys(selector).length === 0) return [];
  return pods.filter((pod) => selects(selector, mapAt(pod, "metadata", "labels")));
}

/** Reasons that only say that it is under way. */
const UNDER_WAY: ReadonlySet<string> = new Set(["ContainerCreating", "PodInitializing", ""]);
const statusesOf = (pod: ValueMap): readonly Value[] => [...listAt(pod, "status", "initContainerStatuses"), ...listAt(pod, "status", "containerStatuses")];

function ended(state: Value | undefined): string {
  const message = (textAt(state, "message") ?? "").trim().split("\n").pop();
  return `${textAt(state, "reason") ?? "ended"}, exit code ${numberAt(state, "exitCode") ?? "?"}${message ? `: ${message}` : ""}`;
}

function containerReasons(status: Value): string[] {
  const name = textAt(status, "name") ?? "";
  const [waiting, terminated, last] = [at(status, "state", "waiting"), at(status, "state", "terminated"), at(status, "lastState", "terminated")];
  const reasons: string[] = [];
  const reason = textAt(waiting, "reason") ?? "";
  if (!UNDER_WAY.has(reason)) reasons.push(`container ${name}: ${reason}${textAt(waiting, "message") ? `: ${textAt(waiting, "message")}` : ""}`);
  if (terminated !== undefined && numberAt(terminated, "exitCode") !== 0) reasons.push(`container ${name} ended: ${ended(terminated)}`);
  if (last !== undefined && numberAt(last, "exitCode") !== 0)
    reasons.push(`container ${name} ended before: ${ended(last)} (${numberAt(status, "restartCount") ?? 0} restarts)`);
  return reasons;
}

const eventTime = (event: ValueMap): string =>
  textAt(event, "series", "lastObservedTime") ??
  textAt(event, "lastTimestamp") ??
  textAt(event, "eventTime") ??
  textAt(event, "metadata", "creationTimestamp") ??
  "";

/** Latest warning of each reason about an object. */
export function warnings(object: ValueMap, events: readonly ValueMap[]): string[] {
  const uid = textAt(object, "metadata", "uid");
  const latest = new Map<string, ValueMap>();
  for (const event of events) {
    if (textAt(event, "type") !== "Warning" || textAt(event, "involvedObject", "uid") !== uid) continue;
    const reason = textAt(event, "reason") ?? "";
    const known = latest.get(reason);
    if (!known || eventTime(known) <= eventTime(event)) latest.set(reason, event);
  }
  return [...latest].map(([reason, event]) => `${reason}: ${(textAt(event, "message") ?? "").trim()}`);
}

function claimReasons(pod: ValueMap, around: Surroundings): string[] {
  const names = listAt(pod, "spec", "volumes").flatMap((volume) => textAt(volume, "persistentVolumeClaim", "claimName") ?? []);
  return around.claims.filter((claim) => names.includes(nameOf(claim))).flatMap((claim) => claimReason(claim, around.events));
}
/** An unbound claim with its reason. */
export function claimReason(claim: ValueMap, events: readonly ValueMap[]): string[] {
  const phase = textAt(claim, "status", "phase") ?? "Pending";
  if (phase === "Bound") return [];
  const uid = textAt(claim, "metadata", "uid");
  const told = events.filter((event) => textAt(event, "involvedObject", "uid") === uid).sort((a, b) => (eventTime(a) < eventTime(b) ? 1 : -1))[0];
  return [`volume claim ${nameOf(claim)} is ${phase}${told ? `: ${textAt(told, "reason")}: ${(textAt(told, "message") ?? "").trim()}` : ""}`];
}

function podReasons(pod: ValueMap, around: Surroundings): string[] {
  const scheduled = conditionOf(pod, "PodScheduled");
  const ready = conditionOf(pod, "Ready");
  const containers = statusesOf(pod).flatMap(containerReasons);
  const events = warnings(pod, around.events);
  const reasons = [
    ...(scheduled?.status === "False" ? [`${scheduled.reason}: ${scheduled.message}`] : []),
    ...containers,
    // The event says the same as the condition, or more.
    ...events.filter((event) => !(scheduled?.status === "False" && event.startsWith("FailedScheduling")) && !event.startsWith("BackOff: Back-off")),
    ...claimReasons(pod, around),
  ];
  if (reasons.length === 0 && ready?.status === "False" && ready.message) reasons.push(ready.message);
  return reasons.map((reason) => `pod ${nameOf(pod)}: ${reason}`);
}

const isReady = (pod: ValueMap): boolean => conditionOf(pod, "Ready")?.status === "True" || textAt(pod, "status", "phase") === "Succeeded";

/** Reasons why `object` is not ready, most telling first, without repeats. */
export function reasons(object: ValueMap, around: Surroundings): string[] {
  const pods = podsOf(object, around.pods).filter((pod) => !isReady(pod) && textAt(pod, "metadata", "deletionTimestamp") === undefined);
  // ReplicaSets and Jobs tell why they can't make pods (quota, admission) in events of their own, found by the name they inherit.
  const prefix = `${nameOf(object)}-`;
  const makers = around.events
    .filter(
      (event) =>
        textAt(event, "reason") === "FailedCreate" && [nameOf(object), prefix].some((name) => (textAt(event, "involvedObject", "name") ?? "").startsWith(name)),
    )
    .map((event) => `FailedCreate: ${textAt(event, "message") ?? ""}`);
  const own = kindOf(object) === "PersistentVolumeClaim" ? claimReason(object, around.events) : kindOf(object) === "Pod" ? [] : warnings(object, around.events);
  return [...new Set([...pods.flatMap((pod) => podReasons(pod, around)), ...makers.slice(-1), ...own])];
}

/** Last lines of the containers that ended badly. */
export async function lastLogs(object: ValueMap, around: Surroundings, api: Api): Promise<string[]> {
  const broken = podsOf(object, around.pods)
    .filter((pod) => !isReady(pod))
    .flatMap((pod) => statusesOf(pod).map((status) => ({ pod, status })))
    .filter(({ status }) => (numberAt(status, "state", "terminated", "exitCode") ?? numberAt(status, "lastState", "terminated", "exitCode") ?? 0) !== 0)
    .slice(0, 3);
  const texts = await Promise.all(
    broken.map(async ({ pod, status }) => {
      const container = textAt(status, "name") ?? "";
      const previous = at(status, "state", "terminated") === undefined;
      const path = `/api/v1/namespaces/${namespaceOf(pod)}/pods/${nameOf(pod)}/log`;
      const text = await api.text(path, { container, tailLines: "5", ...(previous ? { previous: "true" } : {}) }).catch(() => "");
      const lines = text.trim().split("\n").slice(-5).join("\n    ");
      return lines ? [`pod ${nameOf(pod)}: container ${container}: last output:\n    ${lines}`] : [];
    }),
  );
  return texts.flat();
}
