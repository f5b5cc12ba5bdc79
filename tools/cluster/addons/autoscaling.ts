/** prometheus-adapter, in a namespace of its own: serves what Prometheus knows of the pools as external.metrics.k8s.io, by the rules of stacks/scaling. */
import { createHash } from "node:crypto";
import { stringify } from "yaml";
import { adapterRules } from "../../../stacks/scaling/metrics";
import { ensureCertificates } from "../certificates";
import type { KubeObject } from "../api";
import { pem, pkiDir } from "../pki";
import { clusterDomain } from "../settings";
import type { Cluster, Platform } from "../types";
import { aggregatedServer, apiService, httpsProbe, tlsArguments, tlsMount, tlsVolume, type ServingCertificate } from "./aggregated";
import { containerSecurity, deployment, namespace, resources, serviceAccount } from "./common";
import { podSecurityOn, rolledOut, withApi } from "./install";
import { monitoringPlace } from "./monitoring";
import type { Images } from "./optional";

const name = "prometheus-adapter";
const ns = "custom-metrics";
const port = 6443;
const servedApi = "v1beta1.external.metrics.k8s.io";

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
  await cluster.kubectl(["wait", "--for=condition=Available", `apiservice/${servedApi}`, "--timeout=60s"]);
}

/** Tells API servers who serves External metrics. */
export function registration(authority: string): KubeObject {
  return apiService(servedApi, { name, namespace: ns }, authority);
}

function adapter(platform: Platform, image: string, tls: ServingCertificate): KubeObject[] {
  const labels = { "app.kubernetes.io/name": name };
  const server = { name, namespace: ns, labels };
  const config = adapterConfig();
  const { service, namespace: monitoring, port: prometheusPort } = monitoringPlace;
  return [
    serviceAccount(name, ns),
    // Of the cluster itself the adapter reads nothing.
    ...aggregatedServer(server, tls),
    { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace: ns }, data: { "config.yaml": config } },
    deployment(name, ns, labels, {
      serviceAccountName: name,
      securityContext: podSecurityOn(platform),
      containers: [
        {
          name,
          image,
          args: [
            `--secure-port=${port}`,
            ...tlsArguments,
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
          readinessProbe: httpsProbe("/readyz", 2),
          livenessProbe: httpsProbe("/livez", 20),
          volumeMounts: [tlsMount, { name: "config", mountPath: "/etc/adapter", readOnly: true }],
        },
      ],
      volumes: [tlsVolume(server), { name: "config", configMap: { name } }],
    }),
  ];
}
