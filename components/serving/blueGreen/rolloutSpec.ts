/** The Rollout of Argo Rollouts that owns a pool's pods, made from the template of the pool's Deployment. Pure. */
import { loadSeconds, type AnalysisLimits } from "./analysis";

export interface RolloutArgs {
  readonly name: string;
  /** Name of the Deployment that holds the template. It has no pods itself. */
  readonly deployment: string;
  readonly selector: Readonly<Record<string, string>>;
  /** Pods; undefined where an autoscaler decides. */
  readonly replicas?: number;
  /** Pods of a new version until its switch; 0 is taken for 1, since what does not run can't be measured. */
  readonly previewReplicas: number;
  readonly promotion: "manual" | "automatic";
  readonly scaleDownDelaySeconds: number;
  readonly limits: AnalysisLimits;
  /** Seconds until a pod must be ready. */
  readonly readySeconds: number;
}

/** ReplicaSets that are kept for going back. */
const revisions = 5;

export const preTemplate = (name: string): string => `${name}-pre`;
export const postTemplate = (name: string): string => `${name}-post`;
export const activeService = (name: string): string => `${name}-active`;
export const previewService = (name: string): string => `${name}-preview`;

export function rolloutSpec(args: RolloutArgs) {
  const { name, limits } = args;
  const analysis = (templateName: string) => ({
    templates: [{ templateName }],
    args: [{ name: "revision", valueFrom: { podTemplateHashValue: "Latest" } }],
  });
  return {
    ...(args.replicas === undefined ? {} : { replicas: args.replicas }),
    // The controller would scale the Deployment down only once the pods of the Rollout are all there, for which a quota has no room: watch.mjs does it step by
    // step, where the Deployment had pods of its own.
    workloadRef: { apiVersion: "apps/v1", kind: "Deployment", name: args.deployment, scaleDown: "never" },
    selector: { matchLabels: { ...args.selector } },
    revisionHistoryLimit: revisions,
    progressDeadlineSeconds: progressSeconds(args.readySeconds, limits),
    progressDeadlineAbort: true,
    // Two for each version that is kept: by them an undo tells which of these served.
    analysis: { successfulRunHistoryLimit: 2 * revisions, unsuccessfulRunHistoryLimit: 2 * revisions },
    strategy: {
      blueGreen: {
        activeService: activeService(name),
        previewService: previewService(name),
        previewReplicaCount: Math.max(1, args.previewReplicas),
        autoPromotionEnabled: args.promotion === "automatic",
        scaleDownDelaySeconds: args.scaleDownDelaySeconds,
        // Without users nothing streams from a version that was given up, and its GPUs are wanted back.
        abortScaleDownDelaySeconds: 30,
        prePromotionAnalysis: analysis(preTemplate(name)),
        postPromotionAnalysis: analysis(postTemplate(name)),
      },
    },
  };
}

/** The controller sees no progress while it measures, so its deadline for progress covers both: until pods are ready, and an analysis. Seconds. */
export function progressSeconds(readySeconds: number, limits: AnalysisLimits): number {
  return readySeconds + loadSeconds(limits) + 120;
}

/** Seconds after which a rollout has ended or stands still for good: two waits for pods, with as many before the switch as after, and two analyses. */
export function rolloutSeconds(readySeconds: number, limits: AnalysisLimits): number {
  return 2 * progressSeconds(readySeconds, limits);
}
