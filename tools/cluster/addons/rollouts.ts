/** Argo Rollouts' controller, in a namespace of its own: updates pools blue-green, in all projects. */
import { join } from "node:path";
import { moduleDir } from "../../toolchain";
import type { KubeObject } from "../api";
import type { Cluster, Platform } from "../types";
import { clusterRole, clusterRoleBinding, containerSecurity, deployment, namespace, resources, role, serviceAccount, type Rule } from "./common";
import { manifestsOf, yamlFiles } from "./crds";
import { podSecurityOn, rolledOut, withApi } from "./install";
import type { Images } from "./optional";

const name = "argo-rollouts";
const ns = "argo-rollouts";
const labels = { "app.kubernetes.io/name": name };

export async function rolloutKinds(): Promise<readonly KubeObject[]> {
  const controller = await moduleDir("argo-rollouts", "github.com/argoproj/argo-rollouts");
  return manifestsOf(yamlFiles(join(controller, "manifests/crds")));
}

export async function installRollouts(cluster: Cluster, images: Images): Promise<void> {
  await withApi(cluster, async (api) => {
    // A namespace first, so that nothing has to try again.
    await api.apply([namespace(ns)]);
    await api.apply(controllerObjects(cluster.platform, images(name)));
  });
  await rolledOut(cluster, ns, `deployment/${name}`);
}

const read = ["get", "list", "watch"];
const write = [...read, "create", "update", "patch", "delete"];

/**
 * What the controller does for blue-green updates with analyses by Jobs and Prometheus. Its upstream role also has all of traffic routing, which needs Ingresses,
 * meshes and load balancers.
 */
export const controllerRules: readonly Rule[] = [
  { apiGroups: ["argoproj.io"], resources: ["rollouts", "rollouts/status", "rollouts/finalizers"], verbs: ["get", "list", "watch", "update", "patch"] },
  { apiGroups: ["argoproj.io"], resources: ["analysisruns", "analysisruns/finalizers", "experiments", "experiments/finalizers"], verbs: write },
  { apiGroups: ["argoproj.io"], resources: ["analysistemplates", "clusteranalysistemplates"], verbs: read },
  { apiGroups: ["apps"], resources: ["replicasets"], verbs: write },
  // Holds the template of a pool's pods. Read only: the controller never scales it.
  { apiGroups: ["apps"], resources: ["deployments"], verbs: read },
  // It watches the Ingresses of all projects at its start, whether a Rollout names one or not.
  { apiGroups: ["networking.k8s.io"], resources: ["ingresses"], verbs: read },
  { apiGroups: [""], resources: ["services"], verbs: [...read, "patch"] },
  { apiGroups: [""], resources: ["pods"], verbs: [...read, "update"] },
  { apiGroups: [""], resources: ["pods/eviction"], verbs: ["create"] },
  // Arguments of an analysis: tokens of a Prometheus.
  { apiGroups: [""], resources: ["secrets", "configmaps"], verbs: read },
  { apiGroups: [""], resources: ["events"], verbs: ["create", "update", "patch"] },
  { apiGroups: ["batch"], resources: ["jobs"], verbs: write },
];

export function controllerObjects(platform: Platform, image: string): KubeObject[] {
  return [
    serviceAccount(name, ns),
    clusterRole(name, controllerRules),
    clusterRoleBinding(name, name, { account: name, namespace: ns }),
    ...role(name, ns, name, [{ apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["create", "get", "update"] }]),
    deployment(name, ns, labels, {
      serviceAccountName: name,
      securityContext: podSecurityOn(platform),
      containers: [
        {
          name,
          image,
          args: ["--leader-elect=false", "--loglevel=warn", "--rollout-threads=4", "--analysis-threads=4", "--experiment-threads=1", "--service-threads=2"],
          env: [{ name: "GOGC", value: "30" }],
          ports: [
            { name: "metrics", containerPort: 8090 },
            { name: "healthz", containerPort: 8080 },
          ],
          resources: resources("20m", "60Mi", "250Mi"),
          securityContext: containerSecurity,
          readinessProbe: { httpGet: { path: "/healthz", port: "healthz" }, periodSeconds: 2 },
          livenessProbe: { httpGet: { path: "/healthz", port: "healthz" }, periodSeconds: 20, timeoutSeconds: 10 },
          volumeMounts: [
            { name: "plugins", mountPath: "/home/argo-rollouts/plugin-bin" },
            { name: "tmp", mountPath: "/tmp" },
          ],
        },
      ],
      volumes: [
        { name: "plugins", emptyDir: {} },
        { name: "tmp", emptyDir: {} },
      ],
    }),
  ];
}
