/** The parts of Kubernetes objects that commands read. */

export type Labels = Readonly<Record<string, string>>;

export interface Meta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Labels;
  readonly annotations?: Labels;
  readonly ownerReferences?: readonly { readonly uid: string; readonly controller?: boolean; readonly kind: string; readonly name: string }[];
}

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
  readonly restartPolicy?: string;
  readonly resources?: { readonly requests?: Labels; readonly limits?: Labels };
}

export interface Toleration {
  readonly key?: string;
  readonly operator?: string;
  readonly value?: string;
  readonly effect?: string;
}

export interface PodSpec {
  readonly nodeName?: string;
  readonly nodeSelector?: Labels;
  readonly tolerations?: readonly Toleration[];
  readonly containers: readonly Container[];
  readonly initContainers?: readonly Container[];
}

export interface Template {
  readonly metadata?: { readonly labels?: Labels; readonly annotations?: Labels };
  readonly spec: PodSpec;
}

export interface Deployment {
  readonly metadata: Meta;
  readonly spec: {
    readonly replicas?: number;
    readonly paused?: boolean;
    readonly template: Template;
    readonly selector: { readonly matchLabels?: Labels };
    readonly strategy?: { readonly rollingUpdate?: { readonly maxSurge?: number | string } };
  };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly replicas?: number;
    readonly updatedReplicas?: number;
    readonly availableReplicas?: number;
    readonly conditions?: readonly Condition[];
  };
}

export interface ReplicaSet {
  readonly metadata: Meta;
  readonly spec: { readonly replicas?: number; readonly template: Template };
  readonly status?: {
    readonly replicas?: number;
    readonly readyReplicas?: number;
    readonly availableReplicas?: number;
    readonly conditions?: readonly Condition[];
  };
}

/** Of Argo Rollouts, argoproj.io/v1alpha1. */
export interface Rollout {
  readonly metadata: Meta;
  readonly spec: {
    readonly replicas?: number;
    readonly paused?: boolean;
    readonly selector?: { readonly matchLabels?: Labels };
    readonly workloadRef?: { readonly kind: string; readonly name: string };
    readonly strategy?: {
      readonly blueGreen?: {
        readonly previewReplicaCount?: number;
        readonly autoPromotionEnabled?: boolean;
        readonly prePromotionAnalysis?: object;
      };
    };
  };
  readonly status?: {
    readonly phase?: string;
    readonly message?: string;
    readonly abort?: boolean;
    readonly promoteFull?: boolean;
    readonly currentPodHash?: string;
    readonly stableRS?: string;
    readonly observedGeneration?: string;
    readonly workloadObservedGeneration?: string;
    readonly controllerPause?: boolean;
    readonly pauseConditions?: readonly { readonly reason: string; readonly startTime: string }[];
    readonly conditions?: readonly Condition[];
    readonly blueGreen?: {
      readonly activeSelector?: string;
      readonly previewSelector?: string;
      readonly scaleUpPreviewCheckPoint?: boolean;
      readonly prePromotionAnalysisRunStatus?: { readonly name: string; readonly status: string };
      readonly postPromotionAnalysisRunStatus?: { readonly name: string; readonly status: string };
    };
  };
}

export interface AnalysisRun {
  readonly metadata: Meta;
  readonly spec?: {
    readonly metrics?: readonly { readonly name: string; readonly count?: number; readonly successCondition?: string; readonly provider?: object }[];
  };
  readonly status?: {
    readonly phase?: string;
    readonly message?: string;
    readonly metricResults?: readonly {
      readonly name: string;
      readonly phase: string;
      readonly message?: string;
      readonly successful?: number;
      readonly failed?: number;
      readonly inconclusive?: number;
      readonly error?: number;
      readonly measurements?: readonly { readonly value?: string; readonly message?: string; readonly metadata?: Labels }[];
    }[];
  };
}

export interface ContainerStatus {
  readonly name: string;
  readonly ready: boolean;
  readonly restartCount: number;
  readonly state?: { readonly waiting?: { readonly reason?: string; readonly message?: string }; readonly terminated?: { readonly message?: string } };
}

export interface Pod {
  readonly metadata: Meta;
  readonly spec: PodSpec;
  readonly status: {
    readonly phase: string;
    readonly podIPs?: readonly { readonly ip: string }[];
    readonly conditions?: readonly Condition[];
    readonly containerStatuses?: readonly ContainerStatus[];
  };
}

export interface Node {
  readonly metadata: Meta;
  readonly spec: { readonly unschedulable?: boolean; readonly taints?: readonly { readonly key: string; readonly value?: string; readonly effect: string }[] };
  readonly status: { readonly conditions?: readonly Condition[]; readonly capacity?: Labels; readonly allocatable?: Labels };
}

export interface Quota {
  readonly metadata: Meta;
  readonly status?: { readonly hard?: Labels; readonly used?: Labels };
}

export interface Job {
  readonly metadata: Meta;
  readonly status?: { readonly succeeded?: number; readonly active?: number; readonly failed?: number; readonly conditions?: readonly Condition[] };
}

export interface Event {
  readonly metadata: Meta;
  readonly reason?: string;
  readonly message?: string;
  readonly involvedObject?: { readonly kind?: string; readonly name?: string; readonly namespace?: string };
}

export interface DaemonSet {
  readonly metadata: Meta;
  readonly status?: { readonly desiredNumberScheduled?: number; readonly numberReady?: number };
}

export function isTrue(conditions: readonly Condition[] | undefined, type: string): boolean {
  return conditions?.some((one) => one.type === type && one.status === "True") ?? false;
}

/** Whether labels hold all of a selector. */
export function matches(labels: Labels | undefined, selector: Labels): boolean {
  return Object.entries(selector).every(([key, value]) => labels?.[key] === value);
}
