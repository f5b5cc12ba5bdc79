/** What API servers behind the cluster's own one share: metrics-server and prometheus-adapter. */
import type { KubeObject } from "../api";
import { clusterRoleBinding, roleBinding, systemNamespace } from "./common";

/** PEM texts */
export interface ServingCertificate {
  readonly certificate: string;
  readonly key: string;
  readonly authority: string;
}

/** An API server: its name is that of its Service, its service account and its labels' pods; its pods' port is called `https`. */
export interface AggregatedServer {
  readonly name: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Where its pods find certificate and key. */
export const tlsMount = { name: "tls", mountPath: "/etc/tls", readOnly: true } as const;
export const tlsArguments: readonly string[] = [`--tls-cert-file=${tlsMount.mountPath}/tls.crt`, `--tls-private-key-file=${tlsMount.mountPath}/tls.key`];

export function tlsVolume({ name }: Pick<AggregatedServer, "name">) {
  return { name: tlsMount.name, secret: { secretName: `${name}-tls` } };
}

/** All but its Deployment and its registration: it asks the cluster's API server whose requests these are, and whether they may. */
export function aggregatedServer({ name, namespace, labels }: AggregatedServer, tls: ServingCertificate): KubeObject[] {
  return [
    clusterRoleBinding(`${name}:system:auth-delegator`, "system:auth-delegator", { account: name, namespace }),
    {
      ...roleBinding(`${name}-auth-reader`, systemNamespace, "extension-apiserver-authentication-reader", name),
      subjects: [{ kind: "ServiceAccount", name, namespace }],
    },
    {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: `${name}-tls`, namespace },
      type: "kubernetes.io/tls",
      data: { "tls.crt": base64(tls.certificate), "tls.key": base64(tls.key) },
    },
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name, namespace, labels },
      spec: { selector: labels, ports: [{ name: "https", port: 443, targetPort: "https" }] },
    },
  ];
}

/** Tells the cluster's API server who serves a group. @param api as in `v1beta1.metrics.k8s.io` @param authority that vouches for its certificate, in PEM */
export function apiService(api: string, { name, namespace }: Omit<AggregatedServer, "labels">, authority: string): KubeObject {
  const [version = "", ...group] = api.split(".");
  return {
    apiVersion: "apiregistration.k8s.io/v1",
    kind: "APIService",
    metadata: { name: api },
    spec: {
      service: { name, namespace, port: 443 },
      group: group.join("."),
      version,
      caBundle: base64(authority),
      groupPriorityMinimum: 100,
      versionPriority: 100,
    },
  };
}

export function httpsProbe(path: string, periodSeconds: number) {
  return { httpGet: { path, port: "https", scheme: "HTTPS" }, periodSeconds, failureThreshold: 5 };
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
