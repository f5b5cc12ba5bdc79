import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { dashboard } from "../../stacks/observability/dashboard";
import { ruleGroups } from "../../stacks/observability/rules";
import type { Monitored } from "../../stacks/observability/types";
import { metadataOf, type StackContext } from "../common/context";
import type { Part } from "../common/labels";
import { podMonitorSpec } from "./podMonitor";

export interface MonitoringArgs {
  readonly context: StackContext;
  readonly namespace: pulumi.Output<string>;
  /** What is watched, and what Prometheus knows beside it. */
  readonly monitored: Monitored;
}

const apiVersion = "monitoring.coreos.com/v1";

/**
 * What a Prometheus of the cluster reads: a PodMonitor for each pool, the rules and alerts of all, and a dashboard for a Grafana that looks for ConfigMaps with
 * the label `grafana_dashboard`. Nothing of it runs here.
 */
export class Monitoring extends pulumi.ComponentResource {
  constructor(name: string, args: MonitoringArgs, opts?: pulumi.ComponentResourceOptions) {
    super("openshift-ai-platform:observability:Monitoring", name, {}, opts);
    const { context, namespace, monitored } = args;
    const part: Part = { name: "monitoring", component: "observability", instance: name };
    const metadata = (object: string) => metadataOf(context, object, namespace, part);

    for (const { name: pool } of monitored.pools) {
      new k8s.apiextensions.CustomResource(
        `${name}-pods-${pool}`,
        { apiVersion, kind: "PodMonitor", metadata: metadata(`pool-${pool}`), spec: podMonitorSpec(pool) },
        { parent: this },
      );
    }
    new k8s.apiextensions.CustomResource(
      `${name}-rules`,
      { apiVersion, kind: "PrometheusRule", metadata: metadata("model-pools"), spec: { groups: ruleGroups(monitored) } },
      { parent: this },
    );
    const board = metadata("model-pools-dashboard");
    new k8s.core.v1.ConfigMap(
      `${name}-dashboard`,
      {
        metadata: { ...board, labels: { ...board.labels, grafana_dashboard: "1" } },
        data: { "model-pools.json": JSON.stringify(dashboard(`AI models: ${monitored.namespace}`, monitored.namespace)) },
      },
      { parent: this },
    );
    this.registerOutputs({});
  }
}
