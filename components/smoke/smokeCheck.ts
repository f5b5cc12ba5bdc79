import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { ServiceAddress } from "../common/serviceAddress";

export interface SmokeCheckArgs {
  readonly cluster: { readonly context: string; readonly kubeconfig: string | undefined; readonly kubectl: string };
  readonly service: ServiceAddress;
  readonly models: readonly string[];
  /** The check runs again when this changes. */
  readonly version: pulumi.Input<string>;
  /** What it asks, so that it waits for them. */
  readonly after: readonly pulumi.Resource[];
}

/** After a change, asks every model for a token through the API server's proxy, as a client would through the Service: `up` ends well only when they answer. */
export class SmokeCheck extends pulumi.ComponentResource {
  constructor(name: string, args: SmokeCheckArgs, opts?: pulumi.ComponentResourceOptions) {
    super("openshift-ai-platform:smoke:SmokeCheck", name, {}, opts);
    const { cluster, service } = args;

    new command.local.Command(
      name,
      {
        // Relative to the project, so that the state is the same on every machine.
        create: "node components/smoke/check.mjs",
        environment: {
          SMOKE_KUBECTL: cluster.kubectl,
          SMOKE_CONTEXT: cluster.context,
          ...(cluster.kubeconfig === undefined ? {} : { SMOKE_KUBECONFIG: cluster.kubeconfig }),
          SMOKE_NAMESPACE: service.namespace,
          SMOKE_SERVICE: service.name,
          SMOKE_MODELS: args.models.join(" "),
        },
        triggers: [args.version],
      },
      { parent: this, dependsOn: [...args.after], customTimeouts: { create: "5m", update: "5m" }, deleteBeforeReplace: true },
    );

    this.registerOutputs({});
  }
}
