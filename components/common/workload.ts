import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { metadataOf, type StackContext } from "./context";
import { selectorOf, type Part } from "./labels";
import { podTemplate, type PodTemplateArgs } from "./podTemplate";
import { scalerSpec, type Scale } from "./scaler";

export interface WorkloadArgs {
  readonly context: StackContext;
  readonly namespace: pulumi.Input<string>;
  readonly part: Part;
  /** The pods; part, service account and spreading are the workload's to set. */
  readonly pod: Omit<PodTemplateArgs, "part" | "serviceAccountName" | "spread" | "restartPolicy">;
  /** Pods, where nothing scales them. More than one are spread over zones and nodes and get a disruption budget; with `scale`, its `max` counts for that. */
  readonly replicas: number;
  /** Lets the cluster decide how many pods there are; their number is then no longer the program's. Needs metrics of pods. */
  readonly scale?: Scale;
  /** Adds a pod before one is taken away; else one is taken away first. Needs quota for one more, and volumes that both can mount. */
  readonly surge: boolean;
  /** Name of the Service's port → name of the container's. */
  readonly ports: Readonly<Record<string, { readonly port: number; readonly targetPort: string }>>;
  /** Annotations of the Service. */
  readonly serviceAnnotations?: Readonly<Record<string, string>>;
  /** What must be there before the pods start. */
  readonly after?: readonly pulumi.Resource[];
  /** Minutes that a rollout may take. @default 10 */
  readonly rolloutMinutes?: number;
}

/**
 * A Deployment with its ServiceAccount and Service, a PodDisruptionBudget where it may have several pods, and a HorizontalPodAutoscaler where it is scaled; all
 * under the component's name.
 *
 * Where it is scaled, `spec.replicas` belongs to the autoscaler and is left out. So it begins with one pod, and a workload that becomes scaled falls to one
 * pod until the autoscaler looks, 15 s later at most: change that when few people work.
 */
export class Workload extends pulumi.ComponentResource {
  readonly part: Part;
  /** Ports of the Service by their names. */
  readonly ports: WorkloadArgs["ports"];
  readonly deployment: k8s.apps.v1.Deployment;
  readonly service: k8s.core.v1.Service;
  readonly serviceAccount: k8s.core.v1.ServiceAccount;

  constructor(name: string, args: WorkloadArgs, opts?: pulumi.ComponentResourceOptions) {
    super("openshift-ai-platform:common:Workload", name, {}, opts);
    const { context, namespace, part, replicas, scale, rolloutMinutes = 10 } = args;
    this.part = part;
    this.ports = args.ports;
    const metadata = metadataOf(context, name, namespace, part);
    const selector = selectorOf(part);
    const several = (scale?.max ?? replicas) > 1;

    this.serviceAccount = new k8s.core.v1.ServiceAccount(name, { metadata, automountServiceAccountToken: false }, { parent: this });

    if (several) {
      new k8s.policy.v1.PodDisruptionBudget(name, { metadata, spec: { maxUnavailable: 1, selector: { matchLabels: selector } } }, { parent: this });
    }

    this.deployment = new k8s.apps.v1.Deployment(
      name,
      {
        metadata,
        spec: {
          ...(scale === undefined ? { replicas } : {}),
          selector: { matchLabels: selector },
          strategy: { type: "RollingUpdate", rollingUpdate: args.surge ? { maxSurge: 1, maxUnavailable: 0 } : { maxSurge: 0, maxUnavailable: 1 } },
          progressDeadlineSeconds: rolloutMinutes * 60,
          revisionHistoryLimit: 5,
          template: podTemplate(context, { ...args.pod, part, serviceAccountName: name, spread: several }),
        },
      },
      { parent: this, dependsOn: [this.serviceAccount, ...(args.after ?? [])], customTimeouts: minutes(rolloutMinutes) },
    );

    if (scale !== undefined) {
      new k8s.autoscaling.v2.HorizontalPodAutoscaler(name, { metadata, spec: scalerSpec(this.deployment.metadata.name, scale) }, { parent: this });
    }

    this.service = new k8s.core.v1.Service(
      name,
      {
        metadata: { ...metadata, ...(args.serviceAnnotations ? { annotations: args.serviceAnnotations } : {}) },
        spec: {
          type: "ClusterIP",
          selector,
          ports: Object.entries(args.ports).map(([portName, { port, targetPort }]) => ({ name: portName, port, targetPort, protocol: "TCP" })),
        },
      },
      { parent: this },
    );

    this.registerOutputs({ deployment: this.deployment, service: this.service, serviceAccount: this.serviceAccount });
  }
}

/** One minute more than the cluster's own limit, so that its reason is reported rather than ours. */
function minutes(limit: number): pulumi.CustomTimeouts {
  return { create: `${limit + 1}m`, update: `${limit + 1}m` };
}
