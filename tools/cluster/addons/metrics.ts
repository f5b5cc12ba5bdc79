/** metrics-server: `kubectl top` and autoscaling. Its certificate is of the cluster's authority, and so is the kubelet's that it asks. */
import type { KubeObject } from "../api";
import { clusterRole, clusterRoleBinding, containerSecurity, deployment, resources, roleBinding, serviceAccount, systemNamespace } from "./common";

const name = "metrics-server";
const ns = systemNamespace;
const port = 10250;

/** PEM texts */
export interface ServingCertificate {
  readonly certificate: string;
  readonly key: string;
  readonly authority: string;
}

export function metricsServer(image: string, tls: ServingCertificate): KubeObject[] {
  const labels = { "k8s-app": name };
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  const probe = (path: string, periodSeconds: number) => ({ httpGet: { path, port: "https", scheme: "HTTPS" }, periodSeconds, failureThreshold: 5 });
  return [
    serviceAccount(name),
    clusterRole("system:aggregated-metrics-reader", [{ apiGroups: ["metrics.k8s.io"], resources: ["pods", "nodes"], verbs: ["get", "list", "watch"] }], {
      "rbac.authorization.k8s.io/aggregate-to-view": "true",
      "rbac.authorization.k8s.io/aggregate-to-edit": "true",
      "rbac.authorization.k8s.io/aggregate-to-admin": "true",
    }),
    clusterRole("system:metrics-server", [
      { apiGroups: [""], resources: ["nodes/metrics"], verbs: ["get"] },
      { apiGroups: [""], resources: ["pods", "nodes"], verbs: ["get", "list", "watch"] },
    ]),
    clusterRoleBinding("system:metrics-server", "system:metrics-server", { account: name, namespace: ns }),
    clusterRoleBinding("metrics-server:system:auth-delegator", "system:auth-delegator", { account: name, namespace: ns }),
    roleBinding("metrics-server-auth-reader", ns, "extension-apiserver-authentication-reader", name),
    {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "metrics-server-tls", namespace: ns },
      type: "kubernetes.io/tls",
      data: { "tls.crt": base64(tls.certificate), "tls.key": base64(tls.key) },
    },
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name, namespace: ns, labels },
      spec: { selector: labels, ports: [{ name: "https", port: 443, targetPort: "https" }] },
    },
    deployment(name, ns, labels, {
      serviceAccountName: name,
      containers: [
        {
          name,
          image,
          args: [
            `--secure-port=${port}`,
            "--tls-cert-file=/etc/tls/tls.crt",
            "--tls-private-key-file=/etc/tls/tls.key",
            "--kubelet-certificate-authority=/etc/cluster/ca.crt",
            "--kubelet-preferred-address-types=InternalIP",
            "--kubelet-use-node-status-port",
            "--metric-resolution=10s",
            "--kubelet-request-timeout=5s",
          ],
          ports: [{ name: "https", containerPort: port }],
          resources: resources("50m", "60Mi", "200Mi"),
          securityContext: containerSecurity,
          readinessProbe: probe("/readyz", 2),
          livenessProbe: probe("/livez", 10),
          volumeMounts: [
            { name: "tls", mountPath: "/etc/tls", readOnly: true },
            { name: "authority", mountPath: "/etc/cluster", readOnly: true },
          ],
        },
      ],
      volumes: [
        { name: "tls", secret: { secretName: "metrics-server-tls" } },
        { name: "authority", configMap: { name: "kube-root-ca.crt" } },
      ],
    }),
    {
      apiVersion: "apiregistration.k8s.io/v1",
      kind: "APIService",
      metadata: { name: "v1beta1.metrics.k8s.io" },
      spec: {
        service: { name, namespace: ns, port: 443 },
        group: "metrics.k8s.io",
        version: "v1beta1",
        caBundle: base64(tls.authority),
        groupPriorityMinimum: 100,
        versionPriority: 100,
      },
    },
  ];
}
