/** The stack as release 0.1.0 laid it out: one provider, the project directly under the platform, nothing retained. */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

class Component extends pulumi.ComponentResource {
  constructor(type: string, name: string, opts: pulumi.ComponentResourceOptions) {
    super(`openshift-ai-platform:${type}`, name, {}, opts);
  }
}

const { context, kubeconfig } = new pulumi.Config().requireObject<{ context: string; kubeconfig: string }>("cluster");
const provider = new k8s.Provider("cluster", {
  context,
  kubeconfig,
  clusterIdentifier: "development",
  enableConfigMapMutable: true,
  enableSecretMutable: true,
  enablePatchForce: true,
});
const labels = {
  "app.kubernetes.io/part-of": "openshift-ai-platform",
  "app.kubernetes.io/managed-by": "pulumi",
  "openshift-ai-platform/owner": `openshift-ai-platform.${pulumi.getStack()}`,
};

const platform = new Component("platform:Platform", "platform", { provider });
const project = new Component("foundation:Project", "ai-development", { parent: platform });
const namespace = new k8s.core.v1.Namespace("ai-development", { metadata: { name: "ai-development", labels } }, { parent: project }).metadata.name;
const hard = { "requests.cpu": "16", "requests.memory": "32Gi", "requests.storage": "700Gi", "requests.nvidia.com/gpu": "4" };
new k8s.core.v1.ResourceQuota("ai-development-quota", { metadata: { name: "quota", namespace, labels }, spec: { hard } }, { parent: project });
new k8s.networking.v1.NetworkPolicy(
  "ai-development-default-deny",
  { metadata: { name: "default-deny", namespace, labels }, spec: { podSelector: {}, policyTypes: ["Ingress", "Egress"] } },
  { parent: project },
);

const store = new Component("serving:ModelStore", "models", { parent: platform });
new k8s.core.v1.PersistentVolumeClaim(
  "models",
  { metadata: { name: "models", namespace, labels }, spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "500Gi" } } } },
  { parent: store },
);
new k8s.core.v1.ConfigMap("models-scripts", { metadata: { name: "model-scripts", namespace, labels }, data: { "load.sh": "#" } }, { parent: store });

const pool = new Component("serving:ModelPool", "ollama", { parent: platform });
const workload = new Component("common:Workload", "ollama", { parent: pool });
const selector = { "app.kubernetes.io/name": "ollama", "app.kubernetes.io/component": "model-server", "app.kubernetes.io/instance": "ollama" };
new k8s.core.v1.Service(
  "ollama",
  {
    metadata: { name: "ollama", namespace, labels: { ...labels, ...selector }, annotations: { "pulumi.com/skipAwait": "true" } },
    spec: { selector, ports: [{ name: "http", port: 11434, targetPort: "http" }] },
  },
  { parent: workload },
);
