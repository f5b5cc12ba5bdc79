import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { LabelledNode } from "../../stacks/gpuSharing";
import type { StackContext } from "../common/context";

export interface NodeLabelsArgs {
  /** Whose provider refuses labels that somebody else has set to another value. @default they are replaced */
  readonly context?: Pick<StackContext, "retained">;
  readonly nodes: readonly LabelledNode[];
}

/**
 * Labels of machines that the configuration names, and of no others. A node is not ours: only these labels are applied, and taken back when the stack is
 * destroyed. With a context, one that somebody else has set to another value is a conflict.
 */
export class NodeLabels extends pulumi.ComponentResource {
  constructor(name: string, args: NodeLabelsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("openshift-ai-platform:foundation:NodeLabels", name, {}, opts);
    const provider = args.context?.retained.provider;
    const own = { parent: this, ...(provider === undefined ? {} : { provider }) };

    for (const { node, labels } of args.nodes) {
      // Read first: applied to a name that is not there, labels would make a node without a machine, and every DaemonSet would wait for it.
      const machine = k8s.core.v1.Node.get(node, node, own);
      new k8s.core.v1.NodePatch(node, { metadata: { name: node, labels } }, { ...own, dependsOn: [machine] });
    }

    this.registerOutputs({});
  }
}
