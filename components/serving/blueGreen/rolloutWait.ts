import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { shortHash } from "../../common/names";

/** The way to the cluster for kubectl. */
export interface ClusterAccess {
  readonly context: string;
  readonly kubeconfig: string | undefined;
  readonly kubectl: string;
}

export interface RolloutWaitArgs {
  readonly cluster: ClusterAccess;
  readonly namespace: pulumi.Input<string>;
  /** Name of the Rollout, and of its Deployment. */
  readonly rollout: string;
  /** Pods; undefined where an autoscaler decides. */
  readonly replicas: number | undefined;
  /** Longest time that a rollout takes. */
  readonly seconds: number;
  /** Changes with everything that makes a new version. */
  readonly version: pulumi.Input<string>;
  readonly after: readonly pulumi.Resource[];
}

/**
 * Waits for the end of a rollout, so that `up` says how it went: the new version serves; it waits to be promoted; or it was given up, why, and what serves
 * instead, which fails the `up`.
 */
export class RolloutWait extends pulumi.ComponentResource {
  readonly command: command.local.Command;

  constructor(name: string, args: RolloutWaitArgs, opts?: pulumi.ComponentResourceOptions) {
    super("openshift-ai-platform:serving:RolloutWait", name, {}, opts);
    const { cluster } = args;
    const limit = `${Math.ceil(args.seconds / 60) + 2}m`;
    this.command = new command.local.Command(
      name,
      {
        // Relative to the project, so that the state is the same on every machine.
        create: "node components/serving/blueGreen/watch.mjs",
        environment: {
          WATCH_KUBECTL: cluster.kubectl,
          WATCH_CONTEXT: cluster.context,
          ...(cluster.kubeconfig === undefined ? {} : { WATCH_KUBECONFIG: cluster.kubeconfig }),
          WATCH_NAMESPACE: args.namespace,
          WATCH_ROLLOUT: args.rollout,
          ...(args.replicas === undefined ? {} : { WATCH_REPLICAS: String(args.replicas) }),
          WATCH_SECONDS: String(args.seconds),
        },
        triggers: [pulumi.output(args.version).apply((text) => shortHash(text, 12))],
      },
      { parent: this, dependsOn: [...args.after], customTimeouts: { create: limit, update: limit }, deleteBeforeReplace: true },
    );
    this.registerOutputs({});
  }
}
