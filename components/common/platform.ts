/** Everything in which the platforms differ, one object each: no layer asks which one it is on. */

/** A peer of a network policy. */
export interface Peer {
  readonly namespaceSelector?: { readonly matchLabels: Readonly<Record<string, string>> };
  readonly podSelector?: { readonly matchLabels: Readonly<Record<string, string>> };
  readonly ipBlock?: { readonly cidr: string };
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
    fileContext: "system_u:object_r:container_file_t:s0",
  },
  kubernetes: {
    name: "kubernetes",
    user: { runAsUser: 10001, runAsGroup: 10001, fsGroup: 10001 },
    podAnnotations: {},
    projectLabels: {},
    dns: { peer: namespaced("kube-system", { "k8s-app": "kube-dns" }), port: 53 },
    apiServerPeers: [],
    fileContext: undefined,
  },
};

export function profileOf(name: PlatformProfile["name"]): PlatformProfile {
  return profiles[name];
}

function namespaced(namespace: string, pods: Readonly<Record<string, string>>): Peer {
  return { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } }, podSelector: { matchLabels: pods } };
}
