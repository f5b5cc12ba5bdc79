/** prometheus-adapter, in a namespace of its own: serves what Prometheus knows of the pools as external.metrics.k8s.io, by the rules of stacks/scaling. */
import { createHash } from "node:crypto";
import { stringify } from "yaml";
import { adapterRules } from "../../../stacks/scaling/metrics";
import { ensureCertificates } from "../certificates";
import type { KubeObject } from "../api";
import { pem, pkiDir } from "../pki";
import { clusterDomain } from "../settings";
import type { Cluster, Platform } from "../types";
import { clusterRoleBinding, containerSecurity, deployment, namespace, resources, roleBinding, serviceAccount, systemNamespace } from "./common";
import { podSecurityOn, rolledOut, withApi } from "./install";
import type { ServingCertificate } from "./metrics";
import { monitoringPlace } from "./monitoring";
import type { Images } from "./optional";

const name = "prometheus-adapter";
const ns = "custom-metrics";
const port = 6443;
const apiService = "v1beta1.external.metrics.k8s.io";

/** Where API servers look for the adapter. */
export const adapterPlace = { namespace: ns, service: name, host: `${name}.${ns}.svc` } as const;

/** The adapter's configuration file. */
export function adapterConfig(): string {
  return stringify(adapterRules());
}

/** Arguments but for files and addresses. Metrics are known by what Prometheus has had in the last minute. */
export const adapterArguments: readonly string[] = [
  "--metrics-relist-interval=10s",
  "--metrics-max-age=1m",
  // It would ask the API server for rules that it has no right to read.
  "--enable-priority-and-fairness=false",
];

export async function installAutoscaling(cluster: Cluster, images: Images): Promise<void> {
  const pki = pkiDir(cluster.dir);
  await ensureCertificates(pki, [{ file: name, authority: "ca", commonName: name, usage: "server", names: [adapterPlace.host] }]);
  const tls = { certificate: pem(cluster.dir, `${name}.crt`), key: pem(cluster.dir, `${name}.key`), authority: pem(cluster.dir, "ca.crt") };
  await withApi(cluster, async (api) => {
    // A namespace first, so that nothing has to try again.
    await api.apply([namespace(ns)]);
    await api.apply([...adapter(cluster.platform, images(name), tls), registration(tls.authority)]);
  });
  await rolledOut(cluster, ns, `deployment/${name}`);
  await cluster.kubectl(["wait", "--for=condition=Available", `apiservice/${apiService}`, "--timeout=60s"]);
}

/** Tells API servers who serves External metrics. */
export function registration(authority: string): KubeObject {
  return {
    apiVersion: "apiregistration.k8s.io/v1",
    kind: "APIService",
    metadata: { name: apiService },
    spec: {
      service: { name, namespace: ns, port: 443 },
      group: "external.metrics.k8s.io",
      version: "v1beta1",
      caBundle: base64(authority),
      groupPriorityMinimum: 100,
      versionPriority: 100,
    },
  };
}

function adapter(platform: Platform, image: string, tls: ServingCertificate): KubeObject[] {
  const labels = { "app.kubernetes.io/name": name };
  const probe = (path: string, periodSeconds: number) => ({ httpGet: { path, port: "https", scheme: "HTTPS" }, periodSeconds, failureThreshold: 5 });
  const config = adapterConfig();
  const { service, namespace: monitoring, port: prometheusPort } = monitoringPlace;
  return [
    serviceAccount(name, ns),
    // Whose requests these are, and whether they may: the API server says so. Of the cluster itself the adapter reads nothing.
    clusterRoleBinding(`${name}:system:auth-delegator`, "system:auth-delegator", { account: name, namespace: ns }),
    {
      ...roleBinding(`${name}-auth-reader`, systemNamespace, "extension-apiserver-authentication-reader", name),
      subjects: [{ kind: "ServiceAccount", name, namespace: ns }],
    },
    { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace: ns }, data: { "config.yaml": config } },
    {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: `${name}-tls`, namespace: ns },
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
      securityContext: podSecurityOn(platform),
      containers: [
        {
          name,
          image,
          args: [
            `--secure-port=${port}`,
            "--tls-cert-file=/etc/tls/tls.crt",
            "--tls-private-key-file=/etc/tls/tls.key",
            "--config=/etc/adapter/config.yaml",
            `--prometheus-url=http://${service}.${monitoring}.svc.${clusterDomain}:${prometheusPort}/`,
            ...adapterArguments,
          ],
          env: [
            { name: "GOGC", value: "30" },
            // It reads its rules once: others make a new pod.
            { name: "RULES", value: createHash("sha256").update(config).digest("hex").slice(0, 12) },
          ],
          ports: [{ name: "https", containerPort: port }],
          resources: resources("20m", "40Mi", "150Mi"),
          securityContext: containerSecurity,
          readinessProbe: probe("/readyz", 2),
          livenessProbe: probe("/livez", 20),
          volumeMounts: [
            { name: "tls", mountPath: "/etc/tls", readOnly: true },
            { name: "config", mountPath: "/etc/adapter", readOnly: true },
          ],
        },
      ],
      volumes: [
        { name: "tls", secret: { secretName: `${name}-tls` } },
        { name: "config", configMap: { name } },
      ],
    }),
  ];
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
