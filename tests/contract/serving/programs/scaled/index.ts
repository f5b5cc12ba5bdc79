import * as k8s from "@pulumi/kubernetes";
import { autoscalerSpec } from "../../../../../components/common/scaler";
import { Workload } from "../../../../../components/common/workload";
import { smallContainer } from "../../../../../components/common/podTemplate";
import { context } from "../../../../unit/support/context";

const name = "contract-scaled";
const provider = new k8s.Provider("cluster", { kubeconfig: process.env.OAP_EMBEDDED_KUBECONFIG ?? "", clusterIdentifier: name, enablePatchForce: true });
const priority = new k8s.scheduling.v1.PriorityClass("ai-serving", { metadata: { name: "ai-serving" }, value: 1_000_000 }, { provider });
const namespace = new k8s.core.v1.Namespace(name, { metadata: { name } }, { provider });
const workload = new Workload(
  "app",
  {
    context: context("kubernetes"),
    namespace: namespace.metadata.name,
    part: { name: "app", component: "test", instance: "app" },
    pod: {
      priorityClassName: "ai-serving",
      container: { name: "main", image: process.env.CONTRACT_IMAGE ?? "registry.example.com/app:1", resources: smallContainer },
    },
    replicas: 2,
    scaledTo: 6,
    surge: true,
    ports: { http: { port: 80, targetPort: "http" } },
    after: [priority],
  },
  { provider },
);
const target = { apiVersion: "apps/v1", kind: "Deployment", name: "app" } as const;
new k8s.autoscaling.v2.HorizontalPodAutoscaler(
  "app",
  { metadata: { name: "app", namespace: namespace.metadata.name }, spec: autoscalerSpec(target, { min: 2, max: 6, cpuPercent: 70, memoryPercent: 80 }) },
  { provider, dependsOn: [workload] },
);
