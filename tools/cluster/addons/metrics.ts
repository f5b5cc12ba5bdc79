/** metrics-server: `kubectl top` and autoscaling. Its certificate is of the cluster's authority, and so is the kubelet's that it asks. */
import type { KubeObject } from "../api";
import { aggregatedServer, apiService, httpsProbe, tlsArguments, tlsMount, tlsVolume, type ServingCertificate } from "./aggregated";
import { clusterRole, clusterRoleBinding, containerSecurity, deployment, resources, serviceAccount, systemNamespace } from "./common";

const name = "metrics-server";
const ns = systemNamespace;
const port = 10250;

export function metricsServer(image: string, tls: ServingCertificate): KubeObject[] {
  const labels = { "k8s-app": name };
  const server = { name, namespace: ns, labels };
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
    ...aggregatedServer(server, tls),
    deployment(name, ns, labels, {
      serviceAccountName: name,
      containers: [
        {
          name,
          image,
          args: [
            `--secure-port=${port}`,
            ...tlsArguments,
            "--kubelet-certificate-authority=/etc/cluster/ca.crt",
            "--kubelet-preferred-address-types=InternalIP",
            "--kubelet-use-node-status-port",
            "--metric-resolution=10s",
            "--kubelet-request-timeout=5s",
          ],
          ports: [{ name: "https", containerPort: port }],
          resources: resources("50m", "60Mi", "200Mi"),
          securityContext: containerSecurity,
          readinessProbe: httpsProbe("/readyz", 2),
          livenessProbe: httpsProbe("/livez", 10),
          volumeMounts: [tlsMount, { name: "authority", mountPath: "/etc/cluster", readOnly: true }],
        },
      ],
      volumes: [tlsVolume(server), { name: "authority", configMap: { name: "kube-root-ca.crt" } }],
    }),
    apiService("v1beta1.metrics.k8s.io", server, tls.authority),
  ];
}
