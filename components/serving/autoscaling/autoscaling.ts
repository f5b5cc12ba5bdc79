import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { ScalingBehavior } from "../../../stacks/scaling/behavior";
import { verticalPolicy } from "../../../stacks/scaling/vertical";
import type { StackConfig } from "../../../stacks/schema";
import type { ContainerSize } from "../../../stacks/sizing";
import { metadataOf, type StackContext } from "../../common/context";
import type { Part } from "../../common/labels";
import type { ScaleTarget } from "../../common/scaler";
import { poolScalerSpec, scaledObjectSpec, type PoolScale } from "./horizontal";
import { PrometheusReader } from "./prometheusReader";

export interface AutoscalingArgs {
  readonly context: StackContext;
  readonly namespace: pulumi.Input<string>;
  /** Labels of the pool; `instance` is its name and the value of its metrics' label `pool`. */
  readonly part: Part;
  readonly target: ScaleTarget;
  /** @default the number of pods is nobody's but the program's */
  readonly scale?: PoolScale | undefined;
  readonly capabilities: Pick<StackConfig["cluster"]["capabilities"], "customMetrics" | "verticalPodAutoscaler">;
  /** Namespace of the Prometheus that KEDA asks, on platforms that have no place of their own for it. */
  readonly monitoringNamespace: string;
  /** The container whose requests a VerticalPodAutoscaler looks at, and the most that one container may have. */
  readonly container: { readonly name: string; readonly size: ContainerSize; readonly max: { readonly cpu: string; readonly memory: string } };
  /** @default by the metrics that there are */
  readonly behavior?: ScalingBehavior;
  /** What the HorizontalPodAutoscaler was a child of before. */
  readonly aliases?: readonly pulumi.Alias[];
}

/**
 * What changes the number of a pool's pods, and what recommends their requests: by what the cluster has, a HorizontalPodAutoscaler on CPU and memory, the same
 * with the pool's requests and waiting time, or KEDA's ScaledObject; and a VerticalPodAutoscaler beside it.
 *
 * A cluster that changes from one to the other has both for the rest of that `up`. The controller of HorizontalPodAutoscalers lets neither act on pods that two of
 * them select (condition AmbiguousSelector), so the number of pods stays as it is until the old one is gone. KEDA's has a name of its own, keda-hpa-NAME.
 */
export class Autoscaling extends pulumi.ComponentResource {
  constructor(name: string, args: AutoscalingArgs, opts?: pulumi.ComponentResourceOptions) {
    super("openshift-ai-platform:serving:Autoscaling", name, {}, opts);
    const { context, namespace, part, target, scale, capabilities } = args;
    const metadata = metadataOf(context, name, namespace, part);

    if (scale !== undefined && capabilities.customMetrics === "keda") {
      this.scaledObject(name, { ...args, scale });
    } else if (scale !== undefined) {
      const external = capabilities.customMetrics === "prometheus-adapter";
      new k8s.autoscaling.v2.HorizontalPodAutoscaler(
        name,
        {
          // KEDA's webhook would refuse a ScaledObject beside it, also for the moment of the change.
          metadata: { ...metadata, annotations: { "validations.keda.sh/hpa-ownership": "false" } },
          spec: poolScalerSpec(part.instance, target, scale, external, args.behavior),
        },
        { parent: this, aliases: [...(args.aliases ?? [])] },
      );
    }

    if (capabilities.verticalPodAutoscaler) {
      const { updateMode, ...policy } = verticalPolicy(args.container.size, args.container.max, scale !== undefined);
      new k8s.apiextensions.CustomResource(
        name,
        {
          apiVersion: "autoscaling.k8s.io/v1",
          kind: "VerticalPodAutoscaler",
          metadata,
          spec: {
            targetRef: { ...target },
            updatePolicy: { updateMode },
            resourcePolicy: {
              containerPolicies: [
                { containerName: args.container.name, mode: "Auto", controlledResources: ["cpu", "memory"], ...policy },
                { containerName: "*", mode: "Off" },
              ],
            },
          },
        },
        { parent: this },
      );
    }

    this.registerOutputs({});
  }

  private scaledObject(name: string, { context, namespace, part, target, scale, monitoringNamespace }: AutoscalingArgs & { readonly scale: PoolScale }): void {
    const { address, reader } = context.profile.prometheus(monitoringNamespace);
    const authentication =
      reader === undefined ? undefined : new PrometheusReader(`${name}-metrics-reader`, { context, namespace, part, reader }, { parent: this });
    new k8s.apiextensions.CustomResource(
      name,
      {
        apiVersion: "keda.sh/v1alpha1",
        kind: "ScaledObject",
        metadata: metadataOf(context, name, namespace, part),
        spec: pulumi
          .output(namespace)
          .apply((place) =>
            scaledObjectSpec(part.instance, place, target, scale, { address, ...(authentication ? { authentication: authentication.authentication } : {}) }),
          ),
      },
      { parent: this, ...(authentication ? { dependsOn: [authentication] } : {}) },
    );
  }
}
