/** What a Rollout says of itself: the program's own reading of it, which `up` goes by too, with types. */
import { createRequire } from "node:module";
import type { AnalysisRun, Deployment, Pod, ReplicaSet, Rollout } from "../kube/objects";

/**
 * `wait`: not at its end. `serves`: the version that was asked for answers. `awaits`: it passed, and somebody has to promote it. `held`: paused by hand.
 * `undecided`: it could not be measured. `given-up`: aborted, or its spec can't be run.
 */
export interface Verdict {
  readonly state: "wait" | "serves" | "awaits" | "held" | "undecided" | "given-up";
  readonly text: string;
}

interface State {
  readonly verdictOf: (rollout: Rollout | undefined, deployment: Deployment | undefined) => Verdict;
  readonly reasonsOf: (run: AnalysisRun, messageOf: (job: string) => string | undefined) => string[];
  readonly podProblems: (pods: readonly Pod[]) => string[];
  readonly squeeze: (rollout: Rollout, replicaSets: readonly ReplicaSet[], pods: readonly Pod[]) => number | undefined;
}

// A script that `up` runs with node alone, so it is no TypeScript.
export const { verdictOf, reasonsOf, podProblems, squeeze } = createRequire(__filename)("../../components/serving/blueGreen/state.mjs") as State;

/** Where a Deployment stands, in the same words. */
export function verdictOfDeployment({ metadata, spec, status = {} }: Deployment): Verdict {
  const wanted = spec.replicas ?? 1;
  if ((status.observedGeneration ?? 0) < (metadata.generation ?? 0)) return { state: "wait", text: "waits for the cluster to see it" };
  const late = status.conditions?.find(({ type, reason }) => type === "Progressing" && reason === "ProgressDeadlineExceeded");
  if (late) return { state: "given-up", text: late.message ?? "it made no progress" };
  if (spec.paused) return { state: "held", text: "is paused" };
  const { updatedReplicas = 0, replicas = 0, availableReplicas = 0 } = status;
  if (updatedReplicas < wanted) return { state: "wait", text: `${updatedReplicas} of ${wanted} pods are of the new version` };
  if (replicas > updatedReplicas) return { state: "wait", text: `${replicas - updatedReplicas} pods of the old version end` };
  if (availableReplicas < wanted) return { state: "wait", text: `${availableReplicas} of ${wanted} pods are ready` };
  return { state: "serves", text: "serves" };
}
