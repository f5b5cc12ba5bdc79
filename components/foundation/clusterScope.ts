import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { priorities } from "../../stacks/priorities";
import type { StackContext } from "../common/context";
import { labelsOf, type Part } from "../common/labels";

export interface ClusterScopeArgs {
  readonly context: StackContext;
}

/**
 * What of the platform is cluster-wide, besides storage classes: made by the one stack of a cluster that has `cluster.manage`; the others only name it.
 * ClusterGuard keeps it while they do.
 */
export class ClusterScope extends pulumi.ComponentResource {
  constructor(name: string, args: ClusterScopeArgs, opts?: pulumi.ComponentResourceOptions) {
    super("openshift-ai-platform:foundation:ClusterScope", name, {}, opts);
    const part: Part = { name: "cluster", component: "foundation", instance: name };

    // None is the default of pods that name none: those of others stay as they are. `globalDefault: false` is not written, the API server does not keep it.
    for (const [priority, { value, description }] of Object.entries(priorities)) {
      const metadata = { name: priority, labels: labelsOf(args.context.owner, part) };
      new k8s.scheduling.v1.PriorityClass(priority, { metadata, value, description }, { parent: this });
    }

    this.registerOutputs({});
  }
}
