/** Everything in which the platforms differ, one object each: no layer asks which one it is on. */

/** A peer of a network policy. */
export interface Peer {
  readonly namespaceSelector?: { readonly matchLabels: Readonly<Record<string, string>> };
  readonly podSelector?: { readonly matchLabels: Readonly<Record<string, string>> };
  readonly ipBlock?: { readonly cidr: string };
}

/** Prometheus, and what it takes to be answered. */
export interface PrometheusProfile {
  readonly address: string;
  /** undefined where it answers everyone who reaches it. */
  readonly reader: PrometheusReaderProfile | undefined;
}

export interface PrometheusReaderProfile {
  /** What a ServiceAccount must be allowed in its namespace. */
  readonly rules: readonly { readonly apiGroups: string[]; readonly resources: string[]; readonly verbs: string[] }[];
  /** The ServiceAccount of KEDA's operator. */
  readonly operator: { readonly name: string; readonly namespace: string };
  /** The ConfigMap of every namespace that has the authority of the server's certificate. */
  readonly authority: { readonly name: string; readonly key: string };
}

export interface AnalysisPrometheus {
  readonly address: string;
  /** Whether its certificate is not checked. */
  readonly insecure: boolean;
  /** Cluster role by which it answers. @default it answers everyone who reaches it */
  readonly clusterRole?: string;
}

export interface PlatformProfile {
  readonly name: "openshift" | "kubernetes";
  /** The user and the group that pods run as; undefined where the platform assigns them and refuses others. */
  readonly user: { readonly runAsUser: number; readonly runAsGroup: number; readonly fsGroup: number } | undefined;
  readonly podAnnotations: Readonly<Record<string, string>>;
  /** Labels of a project besides Pod Security's. */
  readonly projectLabels: Readonly<Record<string, string>>;
  /** The DNS pods, and the port on which they listen (not that of their Service). */
  readonly dns: { readonly peer: Peer; readonly port: number };
  /** Where the API server's proxy comes from besides its addresses. */
  readonly apiServerPeers: readonly Peer[];
  /** Where requests from outside come from. @param namespace of the controller's pods, where the platform has no router of its own */
  readonly router: (namespace: string | undefined) => readonly Peer[];
  /** The projects of the Prometheus that reads metrics. @param namespace where the platform has no place of its own for it */
  readonly monitoring: (namespace: string) => Peer;
  /** Whether the rules of a project see the series of others: OpenShift's monitoring of projects confines them, unless it is told not to. */
  readonly rulesSeeOtherProjects: boolean;
  /** Where autoscaling asks for metrics. @param namespace where the platform has no place of its own for Prometheus */
  readonly prometheus: (namespace: string) => PrometheusProfile;
  /** Where Argo Rollouts asks for them; it has no field for an authority of certificates. @param namespace as above */
  readonly analysisPrometheus: (namespace: string) => AnalysisPrometheus;
  /** Where NVIDIA's GPU operator is installed, unless the site says otherwise. */
  readonly gpuOperatorNamespace: string;
  /** SELinux label that the pods of all namespaces may read, where nodes enforce SELinux. */
  readonly fileContext: string | undefined;
}

const profiles: Readonly<Record<PlatformProfile["name"], PlatformProfile>> = {
  openshift: {
    name: "openshift",
    user: undefined,
    podAnnotations: { "openshift.io/required-scc": "restricted-v2" },
    // Else OpenShift sets the Pod Security labels itself, by the service accounts of the project.
    projectLabels: { "security.openshift.io/scc.podSecurityLabelSync": "false" },
    dns: {
      peer: namespaced("openshift-dns", { "dns.operator.openshift.io/daemonset-dns": "default" }),
      port: 5353,
    },
    // OVN-Kubernetes: the host network of the control plane arrives under this label, not under the hosts' addresses.
    apiServerPeers: [{ namespaceSelector: { matchLabels: { "policy-group.network.openshift.io/host-network": "" } } }],
    // A router on the hosts' network arrives under their label.
    router: () => ["ingress", "host-network"].map((group) => ({ namespaceSelector: { matchLabels: { [`policy-group.network.openshift.io/${group}`]: "" } } })),
    // openshift-monitoring and openshift-user-workload-monitoring have it.
    monitoring: () => ({ namespaceSelector: { matchLabels: { "network.openshift.io/policy-group": "monitoring" } } }),
    rulesSeeOtherProjects: false,
    prometheus: () => ({
      // The port that asks for a namespace and answers those who may read its pods' metrics; 9091 would answer for all namespaces at once.
      address: "https://thanos-querier.openshift-monitoring.svc.cluster.local:9092",
      reader: {
        rules: [
          { apiGroups: [""], resources: ["pods"], verbs: ["get"] },
          { apiGroups: ["metrics.k8s.io"], resources: ["pods"], verbs: ["get", "list", "watch"] },
        ],
        operator: { name: "keda-operator", namespace: "openshift-keda" },
        authority: { name: "openshift-service-ca.crt", key: "service-ca.crt" },
      },
    }),
    // All namespaces at once: what GPUs do is told by the exporter's.
    analysisPrometheus: () => ({
      address: "https://thanos-querier.openshift-monitoring.svc.cluster.local:9091",
      insecure: true,
      clusterRole: "cluster-monitoring-view",
    }),
    gpuOperatorNamespace: "nvidia-gpu-operator",
    fileContext: "system_u:object_r:container_file_t:s0",
  },
  kubernetes: {
    name: "kubernetes",
    user: { runAsUser: 10001, runAsGroup: 10001, fsGroup: 10001 },
    podAnnotations: {},
    projectLabels: {},
    dns: { peer: namespaced("kube-system", { "k8s-app": "kube-dns" }), port: 53 },
    apiServerPeers: [],
    router: (namespace) => (namespace === undefined ? [] : [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } } }]),
    monitoring: (namespace) => ({ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } } }),
    rulesSeeOtherProjects: true,
    prometheus: (namespace) => ({ address: operatedPrometheus(namespace), reader: undefined }),
    analysisPrometheus: (namespace) => ({ address: operatedPrometheus(namespace), insecure: false }),
    gpuOperatorNamespace: "gpu-operator",
    fileContext: undefined,
  },
};

export function profileOf(name: PlatformProfile["name"]): PlatformProfile {
  return profiles[name];
}

/** The headless Service that the Prometheus operator makes beside each Prometheus, under this name whatever a chart calls its own (pkg/prometheus/server/operator.go). */
function operatedPrometheus(namespace: string): string {
  return `http://prometheus-operated.${namespace}.svc.cluster.local:9090`;
}

function namespaced(namespace: string, pods: Readonly<Record<string, string>>): Peer {
  return { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } }, podSelector: { matchLabels: pods } };
}
