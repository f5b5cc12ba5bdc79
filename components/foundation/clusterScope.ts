import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { StackContext } from "../common/context";
import { labelsOf, type Part } from "../common/labels";
import type { PriorityClass } from "../common/podTemplate";

export interface ClusterScopeArgs {
  readonly context: StackContext;
}

/** Who gets room first, and may take it from the others. None is the default of pods that name none (`globalDefault: false` is not written: the API server does not keep it): those of others on the cluster stay as they are. */
const priorities: Readonly<Record<PriorityClass, { readonly value: number; readonly description: string }>> = {
  "ai-serving": { value: 1_000_000, description: "what answers people: model servers and the gateway" },
  "ai-interactive": { value: 100_000, description: "what people work in: workspaces" },
  "ai-batch": { value: 10_000, description: "what can wait: loaders and pipelines" },
};

/**
 * What of the platform is cluster-wide, besides storage classes: made by the one stack of a cluster that has `cluster.manage`; the others only name it.
 * ClusterGuard keeps it while they do.
 */
export class ClusterScope extends pulumi.ComponentResource {
  constructor(name: string, args: ClusterScopeArgs, opts?: pulumi.ComponentResourceOptions) {
    super("openshift-ai-platform:foundation:ClusterScope", name, {}, opts);
    const part: Part = { name: "cluster", component: "foundation", instance: name };

    for (const [priority, { value, description }] of Object.entries(priorities)) {
      const metadata = { name: priority, labels: labelsOf(args.context.owner, part) };
      new k8s.scheduling.v1.PriorityClass(priority, { metadata, value, description }, { parent: this });
    }

    this.registerOutputs({});
  }
}
