import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Connection, OutsideAddresses } from "../../stacks/connections";
import type { ProjectPlan } from "../../stacks/projects";
import type { StackConfig } from "../../stacks/schema";
import { metadataOf, type StackContext } from "../common/context";
import type { Part } from "../common/labels";
import { egressRules } from "./egressFirewall";
import { networkPolicies } from "./networkPolicies";

export interface IsolationArgs {
  readonly context: StackContext;
  /** Name of the namespace, known once it is there. */
  readonly namespace: pulumi.Output<string>;
  readonly plan: Pick<ProjectPlan, "namespace">;
  /** Of all projects of the stack. */
  readonly connections: readonly Connection[];
  readonly outside: OutsideAddresses;
  /** The only hosts of the internet. */
  readonly allowedHosts: readonly string[];
  readonly capabilities: Pick<StackConfig["cluster"]["capabilities"], "egressFirewall">;
}

/** Closes a project: its network policies, and an egress firewall where host names are to be told apart. The component's name is the namespace's. */
export class Isolation extends pulumi.ComponentResource {
  constructor(name: string, args: IsolationArgs, opts?: pulumi.ComponentResourceOptions) {
    super("openshift-ai-platform:foundation:Isolation", name, {}, opts);
    const { allowedHosts, connections, context, namespace, outside, plan } = args;
    const part: Part = { name: "isolation", component: "foundation", instance: name };

    for (const policy of networkPolicies(connections, plan.namespace, { profile: context.profile, ...outside })) {
      new k8s.networking.v1.NetworkPolicy(
        `${name}-${policy.name}`,
        { metadata: metadataOf(context, policy.name, namespace, part), spec: policy.spec },
        { parent: this, aliases: [{ parent: formerParent(plan.namespace) }] },
      );
    }

    if (args.capabilities.egressFirewall && allowedHosts.length > 0) {
      new k8s.apiextensions.CustomResource(
        `${name}-egress-firewall`,
        {
          apiVersion: "k8s.ovn.org/v1",
          kind: "EgressFirewall",
          // OVN-Kubernetes takes one per namespace, of this name.
          metadata: metadataOf(context, "default", namespace, part),
          spec: { egress: egressRules(connections, plan.namespace, { allowedHosts, ...outside }) },
        },
        { parent: this },
      );
    }

    this.registerOutputs({});
  }
}

/** Release 0.1.0 had the policies under the project, and that directly under the platform: without this they would be made a second time under their names. */
function formerParent(namespace: string): pulumi.Output<pulumi.URN> {
  const platform = pulumi.createUrn("platform", "openshift-ai-platform:platform:Platform");
  return pulumi.createUrn(namespace, "openshift-ai-platform:foundation:Project", platform);
}
