import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { metadataOf, type StackContext } from "./context";
import { selectorOf, type Part } from "./labels";
import { podTemplate, type PodTemplateArgs } from "./podTemplate";

export interface WorkloadArgs {
  readonly context: StackContext;
  readonly namespace: pulumi.Input<string>;
  readonly part: Part;
  /** The pods; part, service account and spreading are the workload's to set. */
  readonly pod: Omit<PodTemplateArgs, "part" | "serviceAccountName" | "spread" | "restartPolicy">;
  /** Pods, where nothing scales them. More than one are spread over zones and nodes and get a disruption budget; with `scaledTo`, that counts for it. */
  readonly replicas: number;
  /** The most pods that there may be, where an autoscaler decides: their number is then no longer the program's. */
  readonly scaledTo?: number;
  /** Adds a pod before one is taken away; else one is taken away first. Needs quota for one more, and volumes that both can mount. */
  readonly surge: boolean;
  /** Name of the Service's port → name of the container's. */
  readonly ports: Readonly<Record<string, { readonly port: number; readonly targetPort: string }>>;
  /** The Service. @default one under the workload's name, with an address of its own */
  readonly service?: {
    readonly name: string;
    /** Without an address: its name resolves to the addresses of the ready pods. @default false */
    readonly headless?: boolean;
    /** What the state may know it as. */
    readonly aliases?: readonly pulumi.Alias[];
  };
  /** Annotations of the Service. */
  readonly serviceAnnotations?: Readonly<Record<string, string>>;
  /** Annotations of the Deployment. */
  readonly annotations?: Readonly<Record<string, string>>;
  /**
   * A Rollout of the workload's name makes the pods, from the Deployment's template: a Deployment that is new has none itself; one that had pods before keeps them
   * until who watches the Rollout takes them away.
   * @default false
   */
  readonly rollout?: boolean;
  /** Fields of the Deployment that stay as they are in the cluster. @default none */
  readonly keep?: readonly string[];
  /** What must be there before the pods start. */
  readonly after?: readonly pulumi.Resource[];
  /** Minutes that a rollout may take. @default 10 */
  readonly rolloutMinutes?: number;
}

/**
 * A Deployment with its ServiceAccount and Service, and a PodDisruptionBudget where it may have several pods; all under the component's name, but for a Service
 * that is told another.
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
    const { context, namespace, part, replicas, rollout = false, rolloutMinutes = 10 } = args;
    this.part = part;
    this.ports = args.ports;
    const metadata = metadataOf(context, name, namespace, part);
    const selector = selectorOf(part);
    const several = (args.scaledTo ?? replicas) > 1;

    this.serviceAccount = new k8s.core.v1.ServiceAccount(name, { metadata, automountServiceAccountToken: false }, { parent: this });

    if (several) {
      new k8s.policy.v1.PodDisruptionBudget(name, { metadata, spec: { maxUnavailable: 1, selector: { matchLabels: selector } } }, { parent: this });
    }

    this.deployment = new k8s.apps.v1.Deployment(
      name,
      {
        metadata: { ...metadata, ...(args.annotations ? { annotations: args.annotations } : {}) },
        spec: {
          ...(rollout ? { replicas: 0 } : args.scaledTo === undefined ? { replicas } : {}),
          selector: { matchLabels: selector },
          strategy: { type: "RollingUpdate", rollingUpdate: args.surge ? { maxSurge: 1, maxUnavailable: 0 } : { maxSurge: 0, maxUnavailable: 1 } },
          progressDeadlineSeconds: rolloutMinutes * 60,
          revisionHistoryLimit: 5,
          template: podTemplate(context, { ...args.pod, part, serviceAccountName: name, spread: several }),
        },
      },
      {
        parent: this,
        dependsOn: [this.serviceAccount, ...(args.after ?? [])],
        customTimeouts: minutes(rolloutMinutes),
        ignoreChanges: [...(args.keep ?? []), ...(rollout ? ["spec.replicas"] : [])],
      },
    );

    const { name: serviceName = name, headless = false, aliases = [] } = args.service ?? {};
    // A headless one may have no pods for long, as while a Rollout holds them back: nothing to wait for.
    const annotations = { ...args.serviceAnnotations, ...(headless ? { "pulumi.com/skipAwait": "true" } : {}) };
    this.service = new k8s.core.v1.Service(
      serviceName,
      {
        metadata: {
          ...metadataOf(context, serviceName, namespace, part),
          ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
        },
        spec: {
          type: "ClusterIP",
          ...(headless ? { clusterIP: "None" } : {}),
          selector,
          ports: Object.entries(args.ports).map(([portName, { port, targetPort }]) => ({ name: portName, port, targetPort, protocol: "TCP" })),
        },
      },
      { parent: this, aliases: [...aliases], ...(args.service ? { dependsOn: [this.deployment] } : {}) },
    );

    this.registerOutputs({ deployment: this.deployment, service: this.service, serviceAccount: this.serviceAccount });
  }
}

/** One minute more than the cluster's own limit, so that its reason is reported rather than ours. */
function minutes(limit: number): pulumi.CustomTimeouts {
  return { create: `${limit + 1}m`, update: `${limit + 1}m` };
}
