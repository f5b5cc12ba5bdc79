/** Types of state.mjs, which has to be JavaScript: `up` runs it with node alone. */

/** An object as the API server gives it. */
export type KubeObject = object;
export interface Verdict {
  readonly state: "wait" | "serves" | "awaits" | "held" | "undecided" | "given-up";
  readonly text: string;
}
export const hashLabel: string;
export function verdictOf(rollout: KubeObject | undefined, deployment: KubeObject | undefined): Verdict;
export function isForgotten(rollout: KubeObject | undefined, now: number): boolean;
export function versionName(replicaSets: readonly KubeObject[], hash: string | undefined): string | undefined;
export function replicaSetOf(replicaSets: readonly KubeObject[], hash: string | undefined): KubeObject | undefined;
export function serving(rollout: KubeObject, replicaSets: readonly KubeObject[]): string;
export function reasonsOf(run: KubeObject, messageOf: (job: string) => string | undefined): string[];
export function podProblems(pods: readonly KubeObject[]): string[];
export function handover(rollout: KubeObject, deployment: KubeObject): number | undefined;
export function squeeze(rollout: KubeObject, replicaSets: readonly KubeObject[], pods: readonly KubeObject[]): number | undefined;
