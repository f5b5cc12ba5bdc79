/** The cluster: the way to it, what it has, and what of it is this stack's to manage. */
import { z } from "zod";
import { bytes, cidr, cpu, dnsLabel, gpus, objectName, someLabels, text, whole } from "./fields";

const capability = (what: string) => z.boolean().default(false).describe(what);

/** What the cluster offers. Said, not found out: a question that fails would look like "not there", and objects would be deleted. `make doctor` compares. */
const capabilities = z.strictObject({
  certManager: capability("cert-manager issues certificates: Certificate of cert-manager.io/v1"),
  egressFirewall: capability("OVN-Kubernetes enforces EgressFirewall, which knows host names"),
  gatewayApi: capability("a controller serves HTTPRoute of gateway.networking.k8s.io/v1"),
  metrics: capability("metrics.k8s.io answers (metrics-server or OpenShift's monitoring): autoscaling on CPU and memory"),
  monitoring: capability("a Prometheus scrapes the projects; its namespace may reach their metrics ports"),
  volumeSnapshots: capability("VolumeSnapshotClass of snapshot.storage.k8s.io/v1 is served"),
});

/** Equal machines. */
const nodeGroup = z.strictObject({
  name: dnsLabel.describe("what these machines are called in the capacity plan").meta({ examples: ["gpu"] }),
  count: whole(1, 10_000, 2).describe("machines"),
  cpu: cpu.describe("allocatable CPU of each: kubectl get node NAME -o jsonpath='{.status.allocatable}'"),
  memory: bytes.describe("allocatable memory of each"),
  gpus: gpus.default(0).describe("allocatable GPUs of each"),
  pods: whole(1, 2500, 250).default(250).describe("pods that each may run"),
});

const nodeLabels = z.strictObject({
  node: objectName.describe("name of the machine").meta({ examples: ["worker-gpu-1"] }),
  labels: someLabels.describe("labels that it gets; those that it has stay").meta({ examples: [{ "node-role.kubernetes.io/gpu": "true" }] }),
});

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
    .describe("the resource by which GPUs are requested and counted"),
  nodes: z
    .array(nodeGroup)
    .max(64)
    .default([])
    .describe("the machines that this stack may use, for the capacity plan; none: the plan is checked against quotas only"),
  nodeLabels: z.array(nodeLabels).max(256).default([]).describe("labels of machines, each named; needs `manage`"),
});
