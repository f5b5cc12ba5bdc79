/**
 * Prometheus under its operator, in a namespace of their own: reads the PodMonitors and rules of all namespaces, as a site's monitoring does. No Alertmanager:
 * what fires is seen at Prometheus itself.
 */
import { join } from "node:path";
import { moduleDir } from "../../toolchain";
import { prometheusRelease } from "../../toolchain/programs";
import { programsDir, requiredVersion } from "../../toolchain/gomod";
import type { KubeObject } from "../api";
import type { Cluster, Platform } from "../types";
import { clusterRole, clusterRoleBinding, containerSecurity, deployment, namespace, resources, serviceAccount } from "./common";
import { manifestsOf } from "./crds";
import { podSecurityOn, rolledOut, withApi } from "./install";
import type { Images } from "./optional";

/** Where Prometheus is, inside the cluster. */
export const monitoringPlace = { namespace: "monitoring", service: "prometheus", port: 9090 } as const;

const ns = monitoringPlace.namespace;
const group = "monitoring.coreos.com";

/** Kinds of the operator without those of Alertmanager, Thanos and the agent. */
const kinds = ["podmonitors", "probes", "prometheuses", "prometheusrules", "scrapeconfigs", "servicemonitors"];

export async function monitoringKinds(): Promise<readonly KubeObject[]> {
  const operator = await moduleDir("prometheus-operator", "github.com/prometheus-operator/prometheus-operator");
  return manifestsOf(kinds.map((kind) => join(operator, `example/prometheus-operator-crd/${group}_${kind}.yaml`)));
}

export async function installMonitoring(cluster: Cluster, images: Images): Promise<void> {
  await withApi(cluster, async (api) => {
    // A namespace first, so that nothing has to try again.
    await api.apply([namespace(ns, labelsOf(cluster.platform))]);
    await api.apply([...operator(cluster.platform, images), ...prometheus(cluster.platform, images)]);
  });
  await rolledOut(cluster, ns, "deployment/prometheus-operator");
  await cluster.kubectl(["-n", ns, "wait", "--for=condition=Available", `prometheuses.${group}/main`, "--timeout=120s"]);
}

/** Reads the pods of another add-on. @param name value of their label app.kubernetes.io/name, @param port name of their port with metrics */
export function podMonitor(name: string, namespace: string, port: string): KubeObject {
  return {
    apiVersion: `${group}/v1`,
    kind: "PodMonitor",
    metadata: { name, namespace },
    spec: { selector: { matchLabels: { "app.kubernetes.io/name": name } }, podMetricsEndpoints: [{ port }] },
  };
}

/** OpenShift's own monitoring is known to network policies by this label. */
function labelsOf(platform: Platform): Readonly<Record<string, string>> {
  return platform === "openshift" ? { "network.openshift.io/policy-group": "monitoring" } : {};
}

function operator(platform: Platform, images: Images): KubeObject[] {
  const name = "prometheus-operator";
  const own = ["prometheuses", "podmonitors", "probes", "prometheusrules", "scrapeconfigs", "servicemonitors"];
  return [
    serviceAccount(name, ns),
    clusterRole(name, [
      {
        apiGroups: [group],
        resources: own.flatMap((kind) => [kind, `${kind}/status`, `${kind}/finalizers`]),
        verbs: ["get", "list", "watch", "update", "patch"],
      },
      { apiGroups: ["apps"], resources: ["statefulsets"], verbs: ["get", "list", "watch", "create", "update", "patch", "delete"] },
      { apiGroups: [""], resources: ["configmaps", "secrets"], verbs: ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"] },
      { apiGroups: [""], resources: ["services", "services/finalizers"], verbs: ["get", "create", "update", "delete"] },
      { apiGroups: [""], resources: ["pods"], verbs: ["list", "delete"] },
      { apiGroups: [""], resources: ["namespaces"], verbs: ["get", "list", "watch"] },
      { apiGroups: ["storage.k8s.io"], resources: ["storageclasses"], verbs: ["get"] },
      { apiGroups: ["", "events.k8s.io"], resources: ["events"], verbs: ["create", "patch"] },
    ]),
    clusterRoleBinding(name, name, { account: name, namespace: ns }),
    deployment(
      name,
      ns,
      { "app.kubernetes.io/name": name },
      {
        serviceAccountName: name,
        securityContext: podSecurityOn(platform),
        containers: [
          {
            name,
            image: images(name),
            args: [
              `--prometheus-config-reloader=${images("prometheus-config-reloader")}`,
              "--config-reloader-cpu-request=5m",
              "--config-reloader-cpu-limit=0",
              "--config-reloader-memory-request=20Mi",
              "--config-reloader-memory-limit=60Mi",
              `--prometheus-instance-namespaces=${ns}`,
              "--kubelet-endpoints=false",
              "--disable-unmanaged-prometheus-configuration=true",
            ],
            env: [{ name: "GOGC", value: "30" }],
            ports: [{ name: "http", containerPort: 8080 }],
            resources: resources("20m", "50Mi", "200Mi"),
            securityContext: containerSecurity,
            readinessProbe: { httpGet: { path: "/healthz", port: "http" }, periodSeconds: 2 },
          },
        ],
      },
    ),
  ];
}

function prometheus(platform: Platform, images: Images): KubeObject[] {
  const name = monitoringPlace.service;
  const everything = {};
  return [
    serviceAccount(name, ns),
    clusterRole(name, [
      { apiGroups: [""], resources: ["pods", "services", "endpoints"], verbs: ["get", "list", "watch"] },
      { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["get", "list", "watch"] },
    ]),
    clusterRoleBinding(name, name, { account: name, namespace: ns }),
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name, namespace: ns },
      spec: { selector: { "operator.prometheus.io/name": "main" }, ports: [{ name: "web", port: monitoringPlace.port, targetPort: "web" }] },
    },
    {
      apiVersion: `${group}/v1`,
      kind: "Prometheus",
      metadata: { name: "main", namespace: ns },
      spec: {
        image: images("prometheus"),
        version: `v${release()}`,
        serviceAccountName: name,
        securityContext: podSecurityOn(platform),
        replicas: 1,
        // Short, so that tests need not wait; a site's is 30 s, and every window of the rules fits both.
        scrapeInterval: "5s",
        evaluationInterval: "5s",
        retention: "6h",
        retentionSize: "512MB",
        resources: resources("50m", "120Mi", "400Mi"),
        podMonitorSelector: everything,
        podMonitorNamespaceSelector: everything,
        serviceMonitorSelector: everything,
        serviceMonitorNamespaceSelector: everything,
        ruleSelector: everything,
        ruleNamespaceSelector: everything,
        // As OpenShift's monitoring of projects has it: what a monitor or a rule of a namespace sees and makes belongs to that namespace.
        ...(platform === "openshift"
          ? {
              enforcedNamespaceLabel: "namespace",
              ignoreNamespaceSelectors: true,
              overrideHonorLabels: true,
              arbitraryFSAccessThroughSMs: { deny: true },
            }
          : {}),
      },
    },
  ];
}

/** What the operator must know of the program in the image, to write a configuration for it. */
function release(): string {
  return prometheusRelease(requiredVersion(join(programsDir, "prometheus"), "github.com/prometheus/prometheus").slice(1));
}
