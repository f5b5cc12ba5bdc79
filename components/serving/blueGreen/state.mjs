// What a Rollout of Argo Rollouts says about itself, read for people. Pure; Node's own modules only, since `up` runs it with node alone.

/** Label of a version's ReplicaSet and pods. */
export const hashLabel = "rollouts-pod-template-hash";
const revisionAnnotation = "rollout.argoproj.io/revision";

/**
 * Where a rollout stands.
 * - `wait`: not at its end; `text` says what it does.
 * - `serves`: the version that was asked for answers.
 * - `awaits`: it passed, and somebody has to promote it.
 * - `held`: somebody paused it.
 * - `undecided`: it could not be measured; nothing was switched, people decide.
 * - `given-up`: it was aborted, or its spec can't be run.
 * @typedef {{ state: "wait" | "serves" | "awaits" | "held" | "undecided" | "given-up", text: string }} Verdict
 *
 * @typedef {Record<string, any>} KubeObject
 */

/**
 * @param {KubeObject | undefined} rollout
 * @param {KubeObject | undefined} deployment that it takes its template from
 * @returns {Verdict}
 */
export function verdictOf(rollout, deployment) {
  const status = rollout?.status ?? {};
  if (!rollout || !deployment) return { state: "wait", text: "waits for its Deployment" };
  const invalid = condition(rollout, "InvalidSpec");
  if (invalid) return { state: "wait", text: `is not accepted: ${invalid.message}` };
  if (!isSeen(rollout, deployment)) return { state: "wait", text: "waits for the controller of Argo Rollouts to see it" };
  if (status.abort) return { state: "given-up", text: status.message || "aborted" };
  const pauses = (status.pauseConditions ?? []).map((/** @type {{ reason: string }} */ { reason }) => reason);
  if (pauses.includes("InconclusiveAnalysisRun")) return { state: "undecided", text: "it could not be measured" };
  if (pauses.includes("BlueGreenPause")) return { state: "awaits", text: "passed, and waits to be promoted" };
  if (rollout.spec.paused) return { state: "held", text: "is paused" };
  if (status.controllerPause) return { state: "wait", text: "goes on" };
  if (status.phase === "Degraded") return { state: "given-up", text: status.message || "degraded" };
  if (status.phase === "Healthy" && status.stableRS === status.currentPodHash) return { state: "serves", text: "serves" };
  return { state: "wait", text: status.message || "starts" };
}

/** Seconds that the controller may take after its deadline. */
const grace = 20;

/**
 * Whether a version is past its deadline for progress and the controller leaves it there. It does so for good where a version before it was given up: the time at
 * which that one's pods were to go still stands at its ReplicaSet, and counts as if it were to come (argo-rollouts#4971).
 * @param {KubeObject | undefined} rollout @param {number} now milliseconds
 */
export function isForgotten(rollout, now) {
  const { abort, stableRS, currentPodHash, pauseConditions = [], controllerPause } = rollout?.status ?? {};
  if (!rollout?.spec.progressDeadlineAbort || abort || controllerPause || pauseConditions.length > 0 || stableRS === currentPodHash) return false;
  const progressing = condition(rollout, "Progressing");
  return progressing?.reason === "ReplicaSetUpdated" && now > Date.parse(progressing.lastUpdateTime) + 1000 * (rollout.spec.progressDeadlineSeconds + grace);
}

/** Whether the controller has seen the Rollout and the template as they are now. */
function isSeen(/** @type {KubeObject} */ rollout, /** @type {KubeObject} */ deployment) {
  const { observedGeneration, workloadObservedGeneration } = rollout.status ?? {};
  return observedGeneration === String(rollout.metadata.generation) && workloadObservedGeneration === String(deployment.metadata.generation);
}

/** A condition that is true. */
function condition(/** @type {KubeObject} */ object, /** @type {string} */ type) {
  return (object.status?.conditions ?? []).find((/** @type {KubeObject} */ one) => one.type === type && one.status === "True");
}

/** `revision 3 (6d4c8f9b75)`; undefined where there is no such version. */
export function versionName(/** @type {readonly KubeObject[]} */ replicaSets, /** @type {string | undefined} */ hash) {
  if (!hash) return undefined;
  const revision = replicaSetOf(replicaSets, hash)?.metadata.annotations?.[revisionAnnotation];
  return revision ? `revision ${revision} (${hash})` : `version ${hash}`;
}

/** @returns {KubeObject | undefined} */
export function replicaSetOf(/** @type {readonly KubeObject[]} */ replicaSets, /** @type {string | undefined} */ hash) {
  return replicaSets.find(({ metadata }) => metadata.labels?.[hashLabel] === hash);
}

/** What serves users now: `revision 2 (5d8b7c6f4d), 3 of 3 pods ready`. */
export function serving(/** @type {KubeObject} */ rollout, /** @type {readonly KubeObject[]} */ replicaSets) {
  const { blueGreen, stableRS } = rollout.status ?? {};
  const hash = blueGreen?.activeSelector || stableRS;
  const set = replicaSetOf(replicaSets, hash);
  if (!hash || !set) return "no version yet";
  return `${versionName(replicaSets, hash)}, ${set.status?.readyReplicas ?? 0} of ${set.spec?.replicas ?? 0} pods ready`;
}

/**
 * Why an analysis did not pass: each metric that is not good, with its last values, its limit and how often.
 * @param {KubeObject} run
 * @param {(job: string) => string | undefined} messageOf what the pod of a Job said last
 * @returns {string[]}
 */
export function reasonsOf(run, messageOf) {
  const results = run.status?.metricResults ?? [];
  const bad = results.filter((/** @type {KubeObject} */ { phase }) => ["Failed", "Error", "Inconclusive"].includes(phase));
  return bad.map((/** @type {KubeObject} */ result) => {
    const metric = (run.spec?.metrics ?? []).find((/** @type {KubeObject} */ { name }) => name === result.name) ?? {};
    const measurements = result.measurements ?? [];
    const job = measurements.at(-1)?.metadata?.["job-name"];
    const said = (job && messageOf(job)) || measurements.at(-1)?.message || result.message;
    if (metric.provider?.job) return `${result.name}: ${said || "the Job failed"}`;
    // A vector, of one value or none.
    const values = measurements.map((/** @type {KubeObject} */ { value }) => value?.replace(/^\[(.*)\]$/, "$1") || "nothing").slice(-3);
    const counts = ["failed", "error", "inconclusive"].filter((kind) => result[kind]).map((kind) => `${result[kind]} ${kind}`);
    const wanted = /result\[0\] ([<>]=? [0-9.e-]+)$/.exec(metric.successCondition ?? "")?.[1] ?? metric.successCondition;
    const got = values.length > 0 ? `measured ${values.join(", ")}` : "not measured";
    return `${result.name}: ${got}; wanted ${wanted}${counts.length > 0 ? ` (${counts.join(", ")} of ${metric.count})` : ""}${said ? `: ${said}` : ""}`;
  });
}

/** What keeps the pods of a version from being ready, one line each. */
export function podProblems(/** @type {readonly KubeObject[]} */ pods) {
  return pods.flatMap(({ metadata, status = {} }) => {
    const unscheduled = (status.conditions ?? []).find((/** @type {KubeObject} */ one) => one.type === "PodScheduled" && one.status === "False");
    if (unscheduled) return [`pod ${metadata.name}: ${unscheduled.message || unscheduled.reason}`];
    return [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])]
      .filter(({ ready, state }) => !ready && !state?.terminated?.reason?.startsWith("Completed"))
      .map(({ name, state = {}, lastState = {}, restartCount = 0 }) => {
        const now = state.waiting ?? state.terminated ?? lastState.terminated;
        const words = [now?.reason, now?.message?.trim().slice(0, 300), restartCount > 0 ? `${restartCount} restarts` : undefined].filter(Boolean);
        return `pod ${metadata.name}, container ${name}: ${words.join(": ") || "not ready"}`;
      });
  });
}

/**
 * Pods that the Deployment should have while the Rollout takes its pods over: those that the Rollout has not yet; undefined: as many as it has.
 * @returns {number | undefined}
 */
export function handover(/** @type {KubeObject} */ rollout, /** @type {KubeObject} */ deployment) {
  const has = deployment.spec?.replicas ?? 1;
  const { readyReplicas = 0, phase } = rollout.status ?? {};
  const wants = phase === "Healthy" ? 0 : Math.max(0, (rollout.spec?.replicas ?? 1) - readyReplicas);
  return wants < has ? wants : undefined;
}

/**
 * For the switch the controller wants as many pods of the new version as the old one has. Where there is no room for them, fewer of both: the number for which
 * there is. Undefined: there is room, or it is not yet known.
 * @param {KubeObject} rollout @param {readonly KubeObject[]} replicaSets @param {readonly KubeObject[]} pods of the new version
 * @returns {number | undefined}
 */
export function squeeze(rollout, replicaSets, pods) {
  const { blueGreen = {}, currentPodHash, stableRS, abort } = rollout.status ?? {};
  if (abort || !blueGreen.scaleUpPreviewCheckPoint || blueGreen.activeSelector === currentPodHash) return undefined;
  const [fresh, old] = [replicaSetOf(replicaSets, currentPodHash), replicaSetOf(replicaSets, stableRS)];
  if (!fresh || !old) return undefined;
  const ready = fresh.status?.availableReplicas ?? 0;
  const refused = (fresh.status?.conditions ?? []).some((/** @type {KubeObject} */ { type, status }) => type === "ReplicaFailure" && status === "True");
  const placed = pods.filter(({ status }) => !(status?.conditions ?? []).some(isUnscheduled));
  // What starts may become ready: it is only full where all that have a place are ready and others have none.
  if (placed.length > ready || (!refused && placed.length === pods.length)) return undefined;
  const room = Math.max(1, Math.floor(((old.status?.availableReplicas ?? 0) + ready) / 2));
  return room < (rollout.spec?.replicas ?? 1) ? room : undefined;
}

const isUnscheduled = (/** @type {KubeObject} */ { type, status, reason }) => type === "PodScheduled" && status === "False" && reason === "Unschedulable";
