/** Manifests of the kinds that the platform makes, with the values that schemas get wrong most easily. */
import { Platform } from "../../../components/platform";
import { config, reference, type Fields } from "../../unit/support/config";
import { owner } from "../../unit/support/context";
import { fullConfigs } from "../../unit/support/fullConfig";
import { deploy } from "../../unit/support/mocks";

const namespace = "ai-development";
const meta = (name: string) => ({ name, namespace, labels: { app: name } });
const labels = { app: "server" };

export const deployment = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: meta("server"),
  spec: {
    replicas: 2,
    strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: "0%" } },
    selector: { matchLabels: labels },
    template: {
      metadata: { labels },
      spec: {
        securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
        containers: [
          {
            name: "server",
            image: "docker.io/ollama/ollama:0.17.4",
            env: [{ name: "MODE", value: "a" }],
            ports: [{ name: "http", containerPort: 11434 }],
            resources: { requests: { cpu: 1, memory: "128Gi", "nvidia.com/gpu": "1" }, limits: { cpu: "1500m", memory: "1e9" } },
            readinessProbe: { httpGet: { path: "/", port: "http" }, periodSeconds: 5 },
            livenessProbe: { httpGet: { path: "/", port: 11434 } },
            lifecycle: { preStop: { sleep: { seconds: 30 } } },
          },
        ],
        volumes: [{ name: "model", image: { reference: "localhost/model:1", pullPolicy: "IfNotPresent" } }],
      },
    },
  },
};

const quota = { apiVersion: "v1", kind: "ResourceQuota", metadata: meta("quota"), spec: { hard: { "requests.cpu": "16", "requests.nvidia.com/gpu": 4 } } };

const autoscaler = {
  apiVersion: "autoscaling/v2",
  kind: "HorizontalPodAutoscaler",
  metadata: meta("server"),
  spec: {
    scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "server" },
    minReplicas: 2,
    maxReplicas: 6,
    metrics: [{ type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 70 } } }],
    behavior: { scaleDown: { stabilizationWindowSeconds: 300 } },
  },
};

const policy = {
  apiVersion: "networking.k8s.io/v1",
  kind: "NetworkPolicy",
  metadata: meta("server"),
  spec: {
    podSelector: { matchLabels: labels },
    policyTypes: ["Ingress", "Egress"],
    ingress: [{ from: [{ namespaceSelector: { matchLabels: labels } }], ports: [{ protocol: "TCP", port: "http" }] }],
    egress: [{ to: [{ ipBlock: { cidr: "0.0.0.0/0", except: ["10.0.0.0/8"] } }], ports: [{ protocol: "TCP", port: 443 }] }],
  },
};

const rules = [{ apiGroups: [""], resources: ["pods"], verbs: ["get"] }];

const httpRoute = {
  apiVersion: "gateway.networking.k8s.io/v1",
  kind: "HTTPRoute",
  metadata: meta("server"),
  spec: { parentRefs: [{ name: "gateway" }], rules: [{ matches: [{ path: { value: "/" } }], backendRefs: [{ name: "server", port: 80 }] }] },
};

export const route = {
  apiVersion: "route.openshift.io/v1",
  kind: "Route",
  metadata: meta("server"),
  spec: { to: { name: "server" }, port: { targetPort: "http" }, tls: { termination: "edge", insecureEdgeTerminationPolicy: "Redirect" } },
};

/** Kinds of both platforms. */
export const everywhere: readonly object[] = [
  deployment,
  quota,
  autoscaler,
  policy,
  httpRoute,
  { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
  { apiVersion: "v1", kind: "LimitRange", metadata: meta("limits"), spec: { limits: [{ type: "Container", default: { cpu: 1 } }] } },
  { apiVersion: "v1", kind: "ConfigMap", metadata: meta("scripts"), data: { "a.sh": "exit 0" } },
  { apiVersion: "v1", kind: "Secret", metadata: meta("pull"), type: "kubernetes.io/dockerconfigjson", data: { ".dockerconfigjson": "e30=" } },
  { apiVersion: "v1", kind: "Service", metadata: meta("server"), spec: { selector: labels, ports: [{ port: 11434, targetPort: "http" }] } },
  { apiVersion: "v1", kind: "ServiceAccount", metadata: meta("server"), automountServiceAccountToken: false },
  {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: meta("models"),
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "500Gi" } } },
  },
  { apiVersion: "policy/v1", kind: "PodDisruptionBudget", metadata: meta("server"), spec: { maxUnavailable: 1, selector: { matchLabels: labels } } },
  { apiVersion: "batch/v1", kind: "Job", metadata: meta("load"), spec: { template: deployment.spec.template } },
  { apiVersion: "rbac.authorization.k8s.io/v1", kind: "Role", metadata: meta("viewer"), rules },
  {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "RoleBinding",
    metadata: meta("viewer"),
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "viewer" },
    subjects: [{ kind: "Group", apiGroup: "rbac.authorization.k8s.io", name: "ai-viewers" }],
  },
  { apiVersion: "scheduling.k8s.io/v1", kind: "PriorityClass", metadata: { name: "ai-serving" }, value: 1_000_000, globalDefault: false },
  { apiVersion: "storage.k8s.io/v1", kind: "StorageClass", metadata: { name: "ai-fast-ssd" }, provisioner: "ebs.csi.aws.com", parameters: { iops: "10000" } },
];

/** What the program would make as it is rendered: all of its configuration set, but what needs kinds that no cluster here can be given; no secrets. */
export async function programObjects(platform: "openshift" | "kubernetes"): Promise<readonly object[]> {
  const objects: object[] = [];
  // One after another: mocks are the process's.
  for (const fields of fullConfigs()) objects.push(...(await objectsOf({ ...fields, platform })));
  return objects;
}

async function objectsOf(fields: Fields): Promise<readonly object[]> {
  const cluster = fields.cluster as Fields;
  // The two that no module has a CustomResourceDefinition of; builds with OpenShift where there is one.
  const builds = fields.platform === "openshift" ? (cluster.capabilities as Fields).builds : "tekton";
  const capabilities = { ...(cluster.capabilities as Fields), certManager: false, egressFirewall: false, builds };
  const given = fields.network as { readonly exposure: { readonly certificate: { readonly kind: string } } };
  const certificate = given.exposure.certificate.kind === "cert-manager" ? { kind: "platform" } : given.exposure.certificate;
  const network = { ...given, allowedHosts: [], exposure: { ...given.exposure, certificate } };
  const stack = config({ ...fields, cluster: { ...cluster, capabilities }, network, secrets: { source: "external" }, registryCredentials: undefined });
  const { resources } = await deploy((opts) => new Platform("platform", { config: stack, images: reference, owner, retained: { retainOnDelete: true } }, opts));
  // What is only read, such as nodes, has no inputs.
  return resources.filter(({ type, inputs }) => type.startsWith("kubernetes:") && inputs.kind !== undefined).map(({ inputs }) => inputs);
}
