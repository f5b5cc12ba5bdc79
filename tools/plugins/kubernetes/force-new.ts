/** Fields that cannot change in place: a change makes a new object. The official provider's table (provider/pkg/provider/diff.go). */
import type { ValueMap } from "../lib/values";
import { gvkOf } from "./objects";

export const METADATA: readonly string[] = ["metadata.name", "metadata.namespace"];
const WORKLOAD = ["spec.selector"];
const CONTAINER =
  "args command env image imagePullPolicy lifecycle livenessProbe ports readinessProbe resources securityContext stdin stdinOnce terminationMessagePath terminationMessagePolicy tty volumeDevices volumeMounts workingDir".split(
    " ",
  );
const POD =
  "affinity automountServiceAccountToken dnsConfig dnsPolicy enableServiceLinks hostAliases hostIPC hostNetwork hostPID hostname imagePullSecrets nodeName nodeSelector overhead preemptionPolicy priority priorityClassName readinessGates restartPolicy runtimeClassName schedulerName securityContext serviceAccount serviceAccountName shareProcessNamespace subdomain terminationGracePeriodSeconds volumes".split(
    " ",
  );
const VOLUME_SOURCES =
  "awsElasticBlockStore azureDisk azureFile cephfs cinder csi fc flexVolume flocker gcePersistentDisk glusterfs hostPath iscsi local nfs photonPersistentDisk portworxVolume quobyte rbd scaleIO storageos vsphereVolume".split(
    " ",
  );

/** By `group/Kind`, all versions. `[*]` stands for each element of a list. */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  "apps/DaemonSet": WORKLOAD,
  "apps/Deployment": WORKLOAD,
  "apps/StatefulSet": [...WORKLOAD, "spec.podManagementPolicy", "spec.revisionHistoryLimit", "spec.serviceName", "spec.volumeClaimTemplates"],
  "batch/Job": ["spec.completions", "spec.parallelism", "spec.selector", "spec.template"],
  "rbac.authorization.k8s.io/ClusterRoleBinding": ["roleRef"],
  "rbac.authorization.k8s.io/RoleBinding": ["roleRef"],
  "storage.k8s.io/StorageClass": ["parameters", "provisioner"],
  "/PersistentVolume": VOLUME_SOURCES.map((source) => `spec.${source}`),
  "/PersistentVolumeClaim": ["spec.accessModes", "spec.selector", "spec.storageClassName", "spec.volumeName"],
  "/Pod": [...POD.map((field) => `spec.${field}`), ...["containers", "initContainers"].flatMap((list) => CONTAINER.map((field) => `spec.${list}[*].${field}`))],
  "/ResourceQuota": ["spec.scopes"],
  "/Secret": ["type"],
  "/Service": ["spec.clusterIP"],
};

/** Provider options that decide it for ConfigMaps and Secrets. */
export interface Mutability {
  readonly enableConfigMapMutable: boolean;
  readonly enableSecretMutable: boolean;
}

/** Paths whose change replaces this object. */
export function forceNewFields(object: ValueMap, options: Mutability): readonly string[] {
  const { apiVersion, kind } = gvkOf(object);
  const group = apiVersion.includes("/") ? apiVersion.slice(0, apiVersion.indexOf("/")) : "";
  if (group === "" && kind === "Secret" && (!options.enableSecretMutable || object.immutable === true)) return [...METADATA, "type", "stringData", "data"];
  if (group === "" && kind === "ConfigMap") return options.enableConfigMapMutable && object.immutable !== true ? METADATA : [...METADATA, "binaryData", "data"];
  return [...METADATA, ...(FIELDS[`${group}/${kind}`] ?? [])];
}

/** Whether a changed path is a listed one, lies below it, or holds it. */
export function replaces(path: readonly (string | number)[], fields: readonly string[]): boolean {
  return fields.some((field) => {
    const want = field.split(/\.|(?=\[)/);
    return want.slice(0, path.length).every((part, i) => i >= path.length || part === (typeof path[i] === "number" ? "[*]" : path[i]));
  });
}
