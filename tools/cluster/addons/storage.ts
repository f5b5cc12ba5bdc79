/** local-path-provisioner: volumes are directories of the node, below the cluster's folder. */
import type { KubeObject } from "../api";
import { clusterRole, clusterRoleBinding, containerSecurity, deployment, resources, role, serviceAccount, systemNamespace } from "./common";

const name = "local-path-provisioner";
const ns = systemNamespace;

/** Seen from inside the cluster's mount namespace; the folder's `var/lib/volumes` on the host. */
const volumesPath = "/var/lib/volumes";

export const storageClasses = { standard: "standard", retain: "local-retain" } as const;

function storageClass(className: string, reclaimPolicy: "Delete" | "Retain", isDefault: boolean, provisioner = "rancher.io/local-path"): KubeObject {
  return {
    apiVersion: "storage.k8s.io/v1",
    kind: "StorageClass",
    metadata: { name: className, annotations: isDefault ? { "storageclass.kubernetes.io/is-default-class": "true" } : {} },
    provisioner,
    volumeBindingMode: "WaitForFirstConsumer",
    reclaimPolicy,
  };
}

/** Classes that a stack makes for drivers that do not run here. Its claims find volumes all the same; nothing is behind them. */
const stackClasses = ["ai-fast-ssd", "ai-model-storage"] as const;
const volumesPerClass = 16;

/** Volumes of simulated nodes: objects that claims can bind to, with nothing behind them. */
export function simulatedStorage(): KubeObject[] {
  const volume = (className: string, id: string): KubeObject => ({
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: { name: `simulated-${id}`, labels: { type: "kwok" } },
    spec: {
      capacity: { storage: "2Ti" },
      accessModes: ["ReadWriteOnce", "ReadWriteMany", "ReadOnlyMany"],
      persistentVolumeReclaimPolicy: "Retain",
      storageClassName: className,
      hostPath: { path: `/simulated/${id}` },
    },
  });
  const numbers = Array.from({ length: volumesPerClass }, (_, i) => i + 1);
  return [
    storageClass(storageClasses.standard, "Retain", true, "kubernetes.io/no-provisioner"),
    ...numbers.map((number) => volume(storageClasses.standard, `${number}`)),
    ...stackClasses.flatMap((name) => numbers.map((number) => volume(name, `${name}-${number}`))),
  ];
}

/** @param helper image with a shell, for making and removing directories */
export function localStorage(image: string, helper: string): KubeObject[] {
  const helperPod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "helper-pod" },
    spec: {
      priorityClassName: "system-node-critical",
      automountServiceAccountToken: false,
      containers: [
        {
          name: "helper-pod",
          image: helper,
          imagePullPolicy: "IfNotPresent",
          resources: resources("10m", "10Mi", "50Mi"),
          // Root, since the directories are the node's; DAC_OVERRIDE and FOWNER, since their content is of other users.
          securityContext: { ...containerSecurity, capabilities: { drop: ["ALL"], add: ["DAC_OVERRIDE", "FOWNER"] } },
        },
      ],
    },
  };
  return [
    storageClass(storageClasses.standard, "Delete", true),
    storageClass(storageClasses.retain, "Retain", false),
    serviceAccount(name),
    clusterRole(name, [
      { apiGroups: [""], resources: ["nodes", "persistentvolumeclaims"], verbs: ["get", "list", "watch"] },
      { apiGroups: [""], resources: ["persistentvolumes"], verbs: ["get", "list", "watch", "create", "patch", "update", "delete"] },
      { apiGroups: [""], resources: ["events"], verbs: ["create", "patch"] },
      { apiGroups: ["storage.k8s.io"], resources: ["storageclasses"], verbs: ["get", "list", "watch"] },
    ]),
    clusterRoleBinding(name, name, { account: name, namespace: ns }),
    ...role(name, ns, name, [
      { apiGroups: [""], resources: ["pods"], verbs: ["get", "list", "watch", "create", "patch", "update", "delete"] },
      { apiGroups: [""], resources: ["pods/log"], verbs: ["get"] },
      { apiGroups: [""], resources: ["configmaps"], verbs: ["get", "list", "watch"] },
    ]),
    {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "local-path-config", namespace: ns },
      data: {
        "config.json": JSON.stringify({ nodePathMap: [{ node: "DEFAULT_PATH_FOR_NON_LISTED_NODES", paths: [volumesPath] }] }),
        // Any user id may write: which one a pod gets is not known yet, and a directory of the node has no fsGroup.
        setup: '#!/bin/sh\nset -eu\nmkdir -p "$VOL_DIR"\nchmod 0777 "$VOL_DIR"\n',
        teardown: '#!/bin/sh\nset -eu\nrm -rf "$VOL_DIR"\n',
        "helperPod.yaml": JSON.stringify(helperPod),
      },
    },
    deployment(
      name,
      ns,
      { app: name },
      {
        serviceAccountName: name,
        containers: [
          {
            name,
            image,
            args: ["start", "--config", "/etc/config/config.json", "--service-account-name", name],
            env: [
              { name: "POD_NAMESPACE", valueFrom: { fieldRef: { fieldPath: "metadata.namespace" } } },
              { name: "CONFIG_MOUNT_PATH", value: "/etc/config/" },
            ],
            resources: resources("20m", "30Mi", "100Mi"),
            securityContext: containerSecurity,
            volumeMounts: [{ name: "config", mountPath: "/etc/config", readOnly: true }],
          },
        ],
        volumes: [{ name: "config", configMap: { name: "local-path-config" } }],
      },
    ),
  ];
}
