import * as k8s from "@pulumi/kubernetes";
import { smallContainer } from "../../../../../components/common/podTemplate";
import { Workload } from "../../../../../components/common/workload";
import { Autoscaling, type AutoscalingArgs } from "../../../../../components/serving/autoscaling/autoscaling";
import type { ScalingBehavior } from "../../../../../stacks/scaling/behavior";
import { sizingOf } from "../../../../../stacks/sizing";
import { context } from "../../../../unit/support/context";

const {
  CONTRACT_NAMESPACE: name = "contract-autoscaling",
  CONTRACT_METRICS = "none",
  CONTRACT_PLATFORM = "kubernetes",
  CONTRACT_QUICK,
  CONTRACT_VPA,
} = process.env;
const site = context(CONTRACT_PLATFORM as "openshift" | "kubernetes");
const scale = { min: 2, max: 6, cpuPercent: 70, memoryPercent: 80, requestsPerReplica: 4, queueWaitSeconds: 2 };
// As in the program but for its minutes: a test does not wait for them.
const quick: ScalingBehavior = {
  scaleUp: { stabilizationWindowSeconds: 0, policies: [{ type: "Percent", value: 100, periodSeconds: 15 }] },
  scaleDown: { stabilizationWindowSeconds: 0, policies: [{ type: "Percent", value: 100, periodSeconds: 15 }] },
};

const sizing = sizingOf({ sizing: "small", environment: "development" });

const provider = new k8s.Provider("cluster", { kubeconfig: process.env.OAP_EMBEDDED_KUBECONFIG ?? "", clusterIdentifier: name, enablePatchForce: true });
const priority = new k8s.scheduling.v1.PriorityClass("ai-serving", { metadata: { name: "ai-serving" }, value: 1_000_000 }, { provider });
const namespace = new k8s.core.v1.Namespace(name, { metadata: { name } }, { provider });
// The pods run on the platform of the cluster, what scales them is that of the test.
const workload = new Workload(
  "ollama",
  {
    context: context("kubernetes"),
    namespace: namespace.metadata.name,
    part: { name: "ollama", component: "model-server", instance: "ollama" },
    pod: { priorityClassName: "ai-serving", container: { name: "ollama", image: "registry.example.com/app:1", resources: smallContainer } },
    replicas: 2,
    scaledTo: scale.max,
    surge: true,
    ports: { http: { port: 80, targetPort: "http" } },
    after: [priority],
  },
  { provider },
);
new Autoscaling(
  "ollama",
  {
    context: site,
    namespace: namespace.metadata.name,
    part: { name: "ollama", component: "model-server", instance: "ollama" },
    target: { apiVersion: "apps/v1", kind: "Deployment", name: "ollama" },
    scale,
    capabilities: { customMetrics: CONTRACT_METRICS as AutoscalingArgs["capabilities"]["customMetrics"], verticalPodAutoscaler: CONTRACT_VPA === "yes" },
    monitoringNamespace: "monitoring",
    container: { name: "ollama", size: sizing.server, max: sizing.containers.max },
    ...(CONTRACT_QUICK === "yes" ? { behavior: quick } : {}),
  },
  { provider, dependsOn: [workload.deployment] },
);
