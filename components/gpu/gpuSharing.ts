import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { clusterPolicySettings, operatorLabels, pluginConfigs, sharingConfigName, type ClusterPolicySettings } from "../../stacks/gpuSharing";
import type { StackConfig } from "../../stacks/schema";
import { metadataOf, type StackContext } from "../common/context";
import type { Part } from "../common/labels";
import { NodeLabels } from "../foundation/nodeLabels";

export interface GpuSharingArgs {
  readonly context: StackContext;
  readonly cluster: StackConfig["cluster"];
}

/**
 * What NVIDIA's GPU operator has to know to share GPUs: the ConfigMap that its device plugin reads, and on each machine that `cluster.nodeLabels` puts into a
 * group the labels that name its key there and how the MIG manager cuts its GPUs. The ClusterPolicy is the administrator's: `clusterPolicy` says what must stand
 * in it, and `make doctor` whether it does. To be made where `tellsOperator` only: nobody else reads any of this.
 */
export class GpuSharing extends pulumi.ComponentResource {
  /** What must stand in `spec` of the ClusterPolicy. */
  readonly clusterPolicy: ClusterPolicySettings;

  constructor(name: string, args: GpuSharingArgs, opts?: pulumi.ComponentResourceOptions) {
    super("openshift-ai-platform:gpu:GpuSharing", name, {}, opts);
    const { context, cluster } = args;
    const part: Part = { name: "gpu", component: "gpu-sharing", instance: name };
    this.clusterPolicy = clusterPolicySettings({ cluster });

    const configs = new k8s.core.v1.ConfigMap(
      name,
      {
        metadata: metadataOf(context, sharingConfigName, cluster.gpuOperatorNamespace ?? context.profile.gpuOperatorNamespace, part),
        data: pluginConfigs({ cluster }),
      },
      { parent: this },
    );
    // The operator sets `nvidia.com/mig.config` itself where nobody did: ours takes its place. A key that is not there yet would be skipped.
    new NodeLabels(`${name}-nodes`, { nodes: operatorLabels({ cluster }) }, { parent: this, dependsOn: [configs] });

    this.registerOutputs({ clusterPolicy: this.clusterPolicy });
  }
}
