/** CoreDNS: as kube-dns in kube-system on Kubernetes, as dns-default in openshift-dns on OpenShift. */
import type { KubeObject } from "../api";
import { clusterDomain, dnsServiceAddress } from "../settings";
import type { Platform } from "../types";
import { clusterRole, clusterRoleBinding, containerSecurity, deployment, namespace, resources, serviceAccount, systemNamespace } from "./common";

/** Unprivileged, and the port that OpenShift's DNS pods have. */
const port = 5353;

// A name outside the cluster doesn't exist: there is no way out, and an error that says "try again" would make clients wait.
const corefile = `${clusterDomain}:${port} in-addr.arpa:${port} ip6.arpa:${port} {
    errors
    ready :8181
    kubernetes ${clusterDomain} in-addr.arpa ip6.arpa {
        pods insecure
        ttl 5
    }
    prometheus :9153
    cache 30
}
.:${port} {
    errors
    health :8080 {
        lameduck 2s
    }
    ready :8181
    prometheus :9153
    template ANY ANY . {
        rcode NXDOMAIN
    }
    reload
}
`;

/** Where it runs: name and namespace of its Service, labels of its pods. */
export function dnsPlace(platform: Platform): { readonly name: string; readonly namespace: string; readonly labels: Readonly<Record<string, string>> } {
  return platform === "openshift"
    ? { name: "dns-default", namespace: "openshift-dns", labels: { "dns.operator.openshift.io/daemonset-dns": "default" } }
    : { name: "kube-dns", namespace: systemNamespace, labels: { "k8s-app": "kube-dns" } };
}

export function dns(platform: Platform, image: string): KubeObject[] {
  const { name, namespace: ns, labels } = dnsPlace(platform);
  const probe = (path: string, at: number) => ({ httpGet: { path, port: at }, periodSeconds: 5, timeoutSeconds: 5 });
  return [
    ...(platform === "openshift" ? [namespace(ns)] : []),
    serviceAccount("coredns", ns),
    clusterRole("system:coredns", [
      { apiGroups: [""], resources: ["endpoints", "services", "pods", "namespaces"], verbs: ["list", "watch"] },
      { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["list", "watch"] },
    ]),
    clusterRoleBinding("system:coredns", "system:coredns", { account: "coredns", namespace: ns }),
    { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "coredns", namespace: ns }, data: { Corefile: corefile } },
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name, namespace: ns, labels },
      spec: {
        clusterIP: dnsServiceAddress,
        selector: labels,
        ports: [
          { name: "dns", port: 53, protocol: "UDP", targetPort: "dns" },
          { name: "dns-tcp", port: 53, protocol: "TCP", targetPort: "dns-tcp" },
          { name: "metrics", port: 9153, protocol: "TCP", targetPort: "metrics" },
        ],
      },
    },
    deployment("coredns", ns, labels, {
      serviceAccountName: "coredns",
      dnsPolicy: "Default",
      containers: [
        {
          name: "coredns",
          image,
          args: ["-conf", "/etc/coredns/Corefile"],
          ports: [
            { name: "dns", containerPort: port, protocol: "UDP" },
            { name: "dns-tcp", containerPort: port, protocol: "TCP" },
            { name: "metrics", containerPort: 9153, protocol: "TCP" },
          ],
          resources: resources("50m", "40Mi", "170Mi"),
          securityContext: containerSecurity,
          readinessProbe: { ...probe("/ready", 8181), periodSeconds: 1 },
          livenessProbe: probe("/health", 8080),
          volumeMounts: [{ name: "config", mountPath: "/etc/coredns", readOnly: true }],
        },
      ],
      volumes: [{ name: "config", configMap: { name: "coredns" } }],
    }),
  ];
}
