/** How Prometheus reads the pods of a pool, and those of the gateway. Pure. */

/** Labels that each series gets from its pod; `namespace` and `pod` it has anyway. */
const fromPod: readonly (readonly [target: string, podLabel: string])[] = [
  ["pool", "app.kubernetes.io/instance"],
  ["component", "app.kubernetes.io/component"],
  // Each version of the pods is a revision: of the Deployment, and where there is a Rollout, its own, which comes last and wins.
  ["revision", "pod-template-hash"],
  ["revision", "rollouts-pod-template-hash"],
];

/** What of a pool has metrics: its routers, and the sidecars of its replicas. */
export const measured = ["model-router", "model-server"] as const;

/**
 * Spec of a PodMonitor of one pool, or of what else has several pods. It names no namespace, no file and no honorLabels: OpenShift's monitoring of projects takes none of them. How often it is read is Prometheus' to
 * say.
 */
export function podMonitorSpec(instance: string, components: readonly string[] = measured): object {
  return {
    selector: {
      matchLabels: { "app.kubernetes.io/instance": instance },
      matchExpressions: [{ key: "app.kubernetes.io/component", operator: "In", values: [...components] }],
    },
    podMetricsEndpoints: [{ port: "metrics", path: "/metrics", relabelings: fromPod.map(relabeling) }],
  };
}

function relabeling([targetLabel, label]: (typeof fromPod)[number]): object {
  // A pod without the label leaves what is there.
  return { action: "replace", sourceLabels: [`__meta_kubernetes_pod_label_${label.replace(/[^a-zA-Z0-9_]/g, "_")}`], regex: "(.+)", targetLabel };
}
