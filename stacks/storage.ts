/** Storage classes by driver, and what shared volumes are made of. Parameters are those of the drivers' own documentation; docs/storage.md has the table. Pure. */
import type { StackConfig } from "./schema";

type Classes = StackConfig["storage"]["classes"];
type SharedConfig = NonNullable<StackConfig["storage"]["shared"]>;
export type Share = SharedConfig["share"];
export type SharedVolumeConfig = SharedConfig["volumes"][number];

/** Block volumes for one pod at a time: databases, workspaces. */
export const fastClass = "ai-fast-ssd";
/** Volumes that many pods read: models. */
export const modelClass = "ai-model-storage";

/** What of a StorageClass depends on the driver. */
export interface ClassSpec {
  readonly name: string;
  readonly provisioner: string;
  readonly parameters: Readonly<Record<string, string>>;
  /** A volume can be mounted by several nodes at once. */
  readonly many: boolean;
  readonly allowVolumeExpansion: boolean;
  /** Where snapshots are possible: their driver and its parameters. */
  readonly snapshots?: { readonly driver: string; readonly parameters: Readonly<Record<string, string>> };
}

/** The platform's classes for a driver; none where the cluster's own are used. */
export function storageClasses(classes: Classes): readonly ClassSpec[] {
  switch (classes.kind) {
    case "existing":
      return [];
    case "odf":
      return [
        ceph("rbd", fastClass, classes.namespace, {
          pool: classes.pool,
          imageFormat: "2",
          imageFeatures: "layering,deep-flatten,exclusive-lock,object-map,fast-diff",
          "csi.storage.k8s.io/fstype": "ext4",
        }),
        ceph("cephfs", modelClass, classes.namespace, { fsName: classes.fileSystem }),
      ];
    case "aws":
      return [
        {
          name: fastClass,
          many: false,
          provisioner: "ebs.csi.aws.com",
          parameters: {
            type: "gp3",
            iops: String(classes.iops),
            throughput: String(classes.throughput),
            encrypted: "true",
            "csi.storage.k8s.io/fstype": "ext4",
            ...(classes.kmsKeyId === undefined ? {} : { kmsKeyId: classes.kmsKeyId }),
          },
          allowVolumeExpansion: true,
          snapshots: { driver: "ebs.csi.aws.com", parameters: {} },
        },
        {
          name: modelClass,
          many: true,
          provisioner: "efs.csi.aws.com",
          // An access point per volume: whatever user a pod runs as, EFS sees the access point's, which the folder belongs to.
          parameters: { provisioningMode: "efs-ap", fileSystemId: classes.fileSystemId, directoryPerms: "700", basePath: "/ai-model-storage" },
          allowVolumeExpansion: false, // EFS has no sizes, and its driver no ControllerExpandVolume
        },
      ];
    case "local":
      return [fastClass, modelClass].map((name) => ({ name, many: false, provisioner: classes.provisioner, parameters: {}, allowVolumeExpansion: false }));
  }
}

/** Names as ODF and Rook give them: drivers, `clusterID` and Secrets by the namespace of the storage cluster. */
function ceph(kind: "rbd" | "cephfs", name: string, namespace: string, parameters: Readonly<Record<string, string>>): ClassSpec {
  const driver = `${namespace}.${kind}.csi.ceph.com`;
  const secret = (role: string, user: string) => ({
    [`csi.storage.k8s.io/${role}-secret-name`]: `rook-csi-${kind}-${user}`,
    [`csi.storage.k8s.io/${role}-secret-namespace`]: namespace,
  });
  return {
    name,
    many: kind === "cephfs",
    provisioner: driver,
    parameters: {
      clusterID: namespace,
      ...parameters,
      ...secret("provisioner", "provisioner"),
      ...secret("controller-expand", "provisioner"),
      ...secret("node-stage", "node"),
    },
    allowVolumeExpansion: true,
    snapshots: { driver, parameters: { clusterID: namespace, ...secret("snapshotter", "provisioner") } },
  };
}

/** Class of the models' claim: the named one, else ours where it is made, else undefined: the cluster's default. */
export function modelsClass({ storage }: Pick<StackConfig, "storage">): string | undefined {
  return storage.models.class ?? (storage.classes.kind === "existing" ? undefined : modelClass);
}

/** Class of the database's claim, in the same way. */
export function databaseClass({ storage, data: { postgres } }: Pick<StackConfig, "storage" | "data">): string | undefined {
  return (postgres.kind === "single" ? postgres.class : undefined) ?? (storage.classes.kind === "existing" ? undefined : fastClass);
}

/** Name of a project's volume: those of two projects or stacks differ, since neither a namespace nor a volume has a dot in its name. */
export function sharedVolumeName(namespace: string, volume: string): string {
  return `${namespace}.${volume}`;
}

/** The part of a PersistentVolume's spec that says what it is. */
export interface VolumeSource {
  readonly nfs?: { readonly server: string; readonly path: string; readonly readOnly?: true };
  readonly csi?: {
    readonly driver: string;
    readonly volumeHandle: string;
    readonly readOnly?: true;
    readonly volumeAttributes?: Readonly<Record<string, string>>;
    readonly nodeStageSecretRef?: { readonly name: string; readonly namespace: string };
  };
  readonly local?: { readonly path: string };
  readonly nodeAffinity?: {
    readonly required: {
      readonly nodeSelectorTerms: { readonly matchExpressions: { readonly key: string; readonly operator: string; readonly values: string[] }[] }[];
    };
  };
  readonly mountOptions?: string[];
}

/**
 * A folder of the share.
 *
 * Read-only is a mount option: of a PersistentVolume the kubelet reads neither `nfs.readOnly` nor `csi.readOnly` when it mounts, only what the pod says
 * (pkg/volume/nfs/nfs.go, pkg/volume/csi/csi_util.go), and a pod of a reader may say nothing.
 * @param folder name of the volume's folder on the share
 * @param id unique among all volumes of the cluster
 * @param fileContext SELinux label of the mounted files, for drivers that would else give them that of one namespace, which others may not read
 */
export function shareSource(share: Share, folder: string, id: string, readOnly: boolean, fileContext?: string): VolumeSource {
  const options = [...(readOnly ? ["ro"] : []), ...(share.kind === "cephfs" && fileContext !== undefined ? [`context="${fileContext}"`] : [])];
  // What is false is not said: the server drops it, and it would look like a change.
  return { ...sourceOf(share, `${share.path}/${folder}`, id, readOnly ? { readOnly } : {}), ...(options.length > 0 ? { mountOptions: options } : {}) };
}

function sourceOf(share: Share, path: string, id: string, access: { readonly readOnly?: true }): VolumeSource {
  switch (share.kind) {
    case "nfs":
      return { nfs: { server: share.server, path, ...access } };
    case "cephfs":
      return {
        csi: {
          driver: share.driver,
          volumeHandle: id,
          ...access,
          volumeAttributes: { clusterID: share.clusterId, fsName: share.fileSystem, staticVolume: "true", rootPath: path },
          nodeStageSecretRef: share.secret,
        },
      };
    case "efs":
      return { csi: { driver: "efs.csi.aws.com", volumeHandle: `${share.fileSystemId}:${path}`, ...access } };
    case "local":
      return {
        local: { path },
        nodeAffinity: {
          required: {
            nodeSelectorTerms: [{ matchExpressions: Object.entries(share.nodeSelector).map(([key, value]) => ({ key, operator: "In", values: [value] })) }],
          },
        },
      };
  }
}
