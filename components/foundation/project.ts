import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Connection } from "../../stacks/connections";
import type { Sizing } from "../../stacks/sizing";
import { metadataOf, type StackContext } from "../common/context";
import type { Part } from "../common/labels";
import { gpuResource } from "../common/podTemplate";
import { networkPolicies } from "./networkPolicies";

/** Version of the Pod Security Standards that the project is held to: a cluster's upgrade does not change what it accepts. Older clusters take their newest. */
const podSecurityVersion = "v1.36";

export interface ProjectArgs {
  readonly context: StackContext;
  readonly sizing: Pick<Sizing, "quota" | "containers">;
  readonly connections: readonly Connection[];
  /** Where the API server's proxy comes from, as CIDRs. */
  readonly apiServerAddresses: readonly string[];
}

/**
 * A project: a namespace that accepts restricted pods only, with quotas, limits, and no connection but those of the table. The component's name is the namespace's.
 *
 * The namespace is deleted with the stack. All that it holds so far are models, which can be loaded again from where they came (docs/adr/0003).
 */
export class Project extends pulumi.ComponentResource {
  /** Name of the namespace, known once it is there. */
  readonly namespace: pulumi.Output<string>;

  constructor(name: string, args: ProjectArgs, opts?: pulumi.ComponentResourceOptions) {
    super("openshift-ai-platform:foundation:Project", name, {}, opts);
    const { context, sizing } = args;
    const part: Part = { name: "project", component: "foundation", instance: name };
    const own = metadataOf(context, name, undefined, part);

    const namespace = new k8s.core.v1.Namespace(
      name,
      { metadata: { name, labels: { ...own.labels, ...context.profile.projectLabels, ...podSecurityLabels() } } },
      { parent: this },
    );
    this.namespace = namespace.metadata.name;

    const { gpus, ...counted } = sizing.quota;
    const hard = {
      ...Object.fromEntries(Object.entries(counted).map(([resource, amount]) => [resource, String(amount)])),
      [`requests.${gpuResource}`]: String(gpus),
    };
    new k8s.core.v1.ResourceQuota(`${name}-quota`, { metadata: metadataOf(context, "quota", this.namespace, part), spec: { hard } }, { parent: this });

    const { default: defaults, max } = sizing.containers;
    new k8s.core.v1.LimitRange(
      `${name}-limits`,
      {
        metadata: metadataOf(context, "limits", this.namespace, part),
        spec: { limits: [{ type: "Container", defaultRequest: { ...defaults.requests }, default: { ...defaults.limits }, max: { ...max } }] },
      },
      { parent: this },
    );

    for (const policy of networkPolicies(args.connections, { profile: context.profile, apiServerAddresses: args.apiServerAddresses })) {
      new k8s.networking.v1.NetworkPolicy(
        `${name}-${policy.name}`,
        { metadata: metadataOf(context, policy.name, this.namespace, part), spec: policy.spec },
        { parent: this },
      );
    }

    this.registerOutputs({ namespace: this.namespace });
  }
}

function podSecurityLabels(): Record<string, string> {
  return Object.fromEntries(
    ["enforce", "audit", "warn"].flatMap((mode) => [
      [`pod-security.kubernetes.io/${mode}`, "restricted"],
      [`pod-security.kubernetes.io/${mode}-version`, podSecurityVersion],
    ]),
  );
}
