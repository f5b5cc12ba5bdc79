import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { StackContext } from "../common/context";

export interface ClusterGuardArgs {
  readonly context: StackContext;
  readonly cluster: { readonly context: string; readonly kubeconfig?: string | undefined; readonly kubectl: string };
  /** All that must still be there when it asks: it is made after these, so it goes before them. */
  readonly after: readonly pulumi.Resource[];
}

/**
 * Keeps the stack that owns what is cluster-wide from being destroyed, or from giving `cluster.manage` up, while pods of other stacks need it. It asks when
 * it is deleted, and a failure ends the `destroy` there. Its settings are changed in place: a trigger would replace it, which deletes it first.
 */
export class ClusterGuard extends pulumi.ComponentResource {
  constructor(name: string, args: ClusterGuardArgs, opts?: pulumi.ComponentResourceOptions) {
    super("openshift-ai-platform:foundation:ClusterGuard", name, {}, opts);
    const { cluster, context } = args;

    new command.local.Command(
      name,
      {
        // Relative to the project, so that the state is the same on every machine.
        delete: "node components/foundation/dependents.mjs",
        environment: {
          DEPENDENTS_KUBECTL: cluster.kubectl,
          DEPENDENTS_CONTEXT: cluster.context,
          ...(cluster.kubeconfig === undefined ? {} : { DEPENDENTS_KUBECONFIG: cluster.kubeconfig }),
          DEPENDENTS_OWNER: context.owner,
        },
      },
      { parent: this, dependsOn: [...args.after], customTimeouts: { delete: "2m" } },
    );

    this.registerOutputs({});
  }
}
