/** The cluster: the way to it, what it has, and what of it is this stack's to manage. */
import { z } from "zod";
import { bytes, cidr, cpu, dnsLabel, gpus, labelValue, labels, objectName, text, whole } from "./fields";

const capability = (what: string) => z.boolean().default(false).describe(what);

/** What the cluster offers. Said, not found out: a question that fails would look like "not there", and objects would be deleted. `make doctor` compares. */
const capabilities = z.strictObject({
  argoRollouts: capability("Argo Rollouts' controller serves Rollout and AnalysisTemplate of argoproj.io/v1alpha1: blue-green updates"),
  builds: z
    .enum(["none", "openshift", "tekton"])
    .default("none")
    .describe("what builds images: BuildConfig of build.openshift.io/v1, or tasks of tekton.dev/v1 with triggers of triggers.tekton.dev/v1beta1"),
  certManager: capability("cert-manager issues certificates: Certificate of cert-manager.io/v1"),
  customMetrics: z
    .enum(["none", "prometheus-adapter", "keda"])
    .default("none")
    .describe("what brings the metrics of requests to autoscaling: none (CPU and memory only), external.metrics.k8s.io, or ScaledObject of keda.sh/v1alpha1"),
  egressFirewall: capability("OVN-Kubernetes enforces EgressFirewall, which knows host names"),
  gatewayApi: capability("a controller serves HTTPRoute of gateway.networking.k8s.io/v1"),
  gpuOperator: capability("NVIDIA's GPU operator runs (ClusterPolicy of nvidia.com/v1): it reads how GPUs are shared"),
  metrics: capability("metrics.k8s.io answers (metrics-server or OpenShift's monitoring): autoscaling on CPU and memory"),
  monitoring: capability(
    "PodMonitor and PrometheusRule of monitoring.coreos.com/v1 are served, and a Prometheus reads those of the projects; its namespace may reach their metrics ports",
  ),
  verticalPodAutoscaler: capability("VerticalPodAutoscaler of autoscaling.k8s.io/v1 is served and its recommender runs"),
  volumeSnapshots: capability("VolumeSnapshotClass of snapshot.storage.k8s.io/v1 is served"),
});

/** How the GPUs of a group of machines are given to pods. */
const sharing = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("whole").describe("each GPU to one pod") }),
  z.strictObject({
    kind: z.literal("timeSlicing").describe("pods take turns on a GPU, without isolation: they share its memory, and one of them can take it all"),
    replicas: whole(2, 48, 4).describe("pods that share a GPU, each with one nvidia.com/gpu.shared"),
  }),
  z.strictObject({
    kind: z.literal("mig").describe("each GPU is cut into equal instances with memory of their own"),
    strategy: z
      .enum(["single", "mixed"])
      .describe("`single` counts instances as nvidia.com/gpu, `mixed` by their profile, as nvidia.com/mig-1g.10gb; the same on all machines"),
    profile: text(/^[1-7]g\.[1-9][0-9]*gb$/, "a MIG profile such as 1g.10gb", "1g.10gb").describe("compute slices and memory of an instance"),
  }),
]);

/** GPUs of a group of machines. */
const gpu = z.strictObject({
  class: labelValue.describe("value of the machines' label gpu.nvidia.com/class, by which pools ask for them (`gpuClass`)").meta({ examples: ["a100"] }),
  product: labelValue
    .optional()
    .describe("value of the label nvidia.com/gpu.product without what sharing adds to it; `make doctor` compares it; default: any")
    .meta({ examples: ["NVIDIA-A100-SXM4-80GB"] }),
  memory: bytes.describe("memory of one whole GPU").meta({ examples: ["80Gi"] }),
  sharing: sharing.prefault({ kind: "whole" }).describe("how each GPU is shared"),
});

/** Equal machines. */
const nodeGroup = z.strictObject({
  name: dnsLabel.describe("what these machines are called in the capacity plan").meta({ examples: ["gpu"] }),
  count: whole(1, 10_000, 2).describe("machines"),
  cpu: cpu.describe("allocatable CPU of each: kubectl get node NAME -o jsonpath='{.status.allocatable}'"),
  memory: bytes.describe("allocatable memory of each"),
  gpus: gpus.default(0).describe("GPUs of each: with `gpu` whole ones, however they are shared; else what it counts under cluster.gpuResource"),
  gpu: gpu.optional().describe("what kind of GPUs these are; default: any, counted under cluster.gpuResource"),
  pods: whole(1, 2500, 250).default(250).describe("pods that each may run"),
});

const nodeLabels = z
  .strictObject({
    node: objectName.describe("name of the machine").meta({ examples: ["worker-gpu-1"] }),
    labels: labels
      .default({})
      .describe("labels that it gets; those that it has stay")
      .meta({ examples: [{ "node-role.kubernetes.io/gpu": "true" }] }),
    group: dnsLabel
      .optional()
      .describe("group of `nodes` that it belongs to: it gets the labels of that group's GPUs too (docs/gpu.md); default: none")
      .meta({ examples: ["gpu"] }),
  })
  .refine(({ labels: all, group }) => group !== undefined || Object.keys(all).length > 0, { message: "at least one label, or a group", path: ["labels"] });

export const cluster = z.strictObject({
  name: dnsLabel
    .describe("name of the cluster; never change it while the stack exists, objects would be taken for those of another cluster")
    .meta({ examples: ["production"] }),
  context: z
    .string()
    .min(1)
    .describe("context of the kubeconfig; the current one is never used")
    .meta({ examples: ["ai-development"] }),
  kubeconfig: text(/^[^\n{}]+$/, "a path, not the content of the file", "~/.kube/ai-cluster")
    .optional()
    .describe("path of the kubeconfig; default: where kubectl finds it"),
  kubectl: z
    .string()
    .min(1)
    .default("kubectl")
    .describe("program that checks after an `up` and before a `destroy` ask the cluster with")
    .meta({ examples: ["kubectl", "/usr/local/bin/kubectl"] }),
  apiServerAddresses: z
    .array(cidr)
    .min(1)
    .describe("addresses from which the API server's proxy reaches pods: kubectl get endpointslice kubernetes -n default")
    .meta({ examples: [["10.0.0.10/32"]] }),
  manage: z
    .boolean()
    .default(true)
    .describe(
      "this stack owns what is cluster-wide: storage classes, priority classes, the project ai-infrastructure; false where another stack of the same cluster does",
    ),
  capabilities: capabilities.prefault({}).describe("what the cluster offers; `make doctor` compares it with what is there"),
  gpuResource: text(
    /^nvidia\.com\/(gpu|gpu\.shared|mig-[0-9]+g\.[0-9]+gb)$/,
    "nvidia.com/gpu, nvidia.com/gpu.shared or a MIG profile such as nvidia.com/mig-1g.10gb",
    "nvidia.com/gpu",
    "nvidia.com/mig-1g.10gb",
  )
    .default("nvidia.com/gpu")
    .describe("the resource by which GPUs are requested and counted where a pool has no gpuClass, and that quotas of teams count"),
  gpuOperatorNamespace: objectName
    .optional()
    .describe("namespace of NVIDIA's GPU operator; default: nvidia-gpu-operator on OpenShift, gpu-operator elsewhere")
    .meta({ examples: ["nvidia-gpu-operator"] }),
  nodes: z
    .array(nodeGroup)
    .max(64)
    .default([])
    .describe("the machines that this stack may use, for the capacity plan; none: the plan is checked against quotas only"),
  nodeLabels: z.array(nodeLabels).max(256).default([]).describe("labels of machines, each named; needs `manage`"),
});
