/** Storage classes, volumes of this stack, and volumes that several projects see. */
import { z } from "zod";
import { bytes, dnsLabel, objectName, path, someLabels, text, whole } from "./fields";

const efsId = text(/^fs-[0-9a-f]{8,40}$/, "the id of an EFS file system, fs-…", "fs-0123456789abcdef0");

const encryption = (what: string) =>
  z
    .string()
    .min(1)
    .max(250)
    .optional()
    .describe(`what encrypts ${what} at rest, for reviewers; production's policies ask for it; default: not stated`)
    .meta({ examples: ["cluster-wide encryption of OpenShift Data Foundation"] });

/** What makes volumes. The classes `ai-fast-ssd` and `ai-model-storage` are made for it where the stack manages the cluster. */
const classes = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("existing").describe("no class is made; claims name a class of the cluster, or its default") }),
  z.strictObject({
    kind: z.literal("odf").describe("OpenShift Data Foundation: Ceph RBD for ai-fast-ssd, CephFS for ai-model-storage"),
    namespace: dnsLabel
      .default("openshift-storage")
      .describe("namespace of the storage cluster")
      .meta({ examples: ["openshift-storage"] }),
    pool: objectName
      .default("ocs-storagecluster-cephblockpool")
      .describe("RBD pool; its replication and compression are the pool's settings")
      .meta({ examples: ["ocs-storagecluster-cephblockpool"] }),
    fileSystem: objectName
      .default("ocs-storagecluster-cephfilesystem")
      .describe("CephFS file system; its replication and compression are its pools' settings")
      .meta({ examples: ["ocs-storagecluster-cephfilesystem"] }),
    encryption: encryption("both classes"),
  }),
  z.strictObject({
    kind: z.literal("aws").describe("EBS gp3 for ai-fast-ssd, EFS for ai-model-storage"),
    fileSystemId: efsId.describe("EFS file system of the models"),
    kmsKeyId: z
      .string()
      .min(1)
      .optional()
      .describe("KMS key of EBS volumes; default: the account's")
      .meta({ examples: ["arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"] }),
    iops: whole(3000, 80_000, 10_000).default(10_000).describe("I/O operations per second of an EBS volume (gp3)"),
    throughput: whole(125, 2000, 500).default(500).describe("MiB per second of an EBS volume (gp3); at most a quarter of `iops`"),
    encryption: encryption("the EFS file system; EBS volumes always are encrypted"),
  }),
  z.strictObject({
    kind: z.literal("local").describe("directories of the nodes, by local-path-provisioner: for one machine, not for production"),
    provisioner: z
      .string()
      .min(1)
      .default("rancher.io/local-path")
      .describe("name of the provisioner")
      .meta({ examples: ["rancher.io/local-path"] }),
    encryption: encryption("the nodes' disks"),
  }),
]);

/** The one share that all shared volumes are folders of. Each project gets static volumes that point at it: a claim does not cross namespaces. */
const share = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("nfs").describe("an NFS export"),
    server: text(/^[A-Za-z0-9.:-]+$/, "a host name or an address", "nfs.example.com").describe("NFS server"),
    path: path.describe("exported folder; each volume is a folder in it").meta({ examples: ["/export/ai"] }),
  }),
  z.strictObject({
    kind: z.literal("cephfs").describe("a folder of a CephFS file system, by the CSI driver of ODF"),
    driver: objectName
      .default("openshift-storage.cephfs.csi.ceph.com")
      .describe("name of the CSI driver")
      .meta({ examples: ["openshift-storage.cephfs.csi.ceph.com"] }),
    clusterId: objectName
      .default("openshift-storage")
      .describe("clusterID of the driver's configuration")
      .meta({ examples: ["openshift-storage"] }),
    fileSystem: objectName
      .default("ocs-storagecluster-cephfilesystem")
      .describe("name of the file system")
      .meta({ examples: ["ocs-storagecluster-cephfilesystem"] }),
    path: path.describe("folder of the file system; each volume is a folder in it").meta({ examples: ["/volumes/ai"] }),
    secret: z
      .strictObject({
        name: objectName.describe("name of the Secret with userID and userKey").meta({ examples: ["ai-share"] }),
        namespace: objectName.describe("its namespace").meta({ examples: ["openshift-storage"] }),
      })
      .describe("credentials that nodes mount the share with"),
  }),
  z.strictObject({
    kind: z.literal("efs").describe("folders of an EFS file system, by its CSI driver"),
    fileSystemId: efsId.describe("EFS file system"),
    path: path.describe("folder of the file system; each volume is a folder in it").meta({ examples: ["/ai"] }),
  }),
  z.strictObject({
    kind: z.literal("local").describe("a folder of one machine: all readers run on it; for one machine, not for production"),
    path: path
      .describe("folder of the machine; each volume is a folder in it, which must be there and be writable for the writers' group")
      .meta({ examples: ["/var/lib/ai-share"] }),
    nodeSelector: someLabels.describe("labels of the machine").meta({ examples: [{ "kubernetes.io/hostname": "worker-1" }] }),
  }),
]);

const sharedVolume = z.strictObject({
  name: dnsLabel.describe("name of the volume, of its folder on the share and of the claim in each project").meta({ examples: ["datasets"] }),
  size: bytes.describe("what each project's claim counts against its quota; the share's own quota is set at the share").meta({ examples: ["100Gi"] }),
  writer: dnsLabel.describe("project that writes: `platform` for this stack's own, or that of a team").meta({ examples: ["platform"] }),
  readers: z
    .array(dnsLabel)
    .max(100)
    .optional()
    .describe("projects that read; default: all other projects of the stack")
    .meta({ examples: [["ml"]] }),
});

export const storage = z.strictObject({
  classes: classes.prefault({ kind: "existing" }).describe("what makes volumes"),
  models: z
    .strictObject({
      class: objectName.optional().describe("StorageClass; default: ai-model-storage where `classes` makes it, else the cluster's default class"),
      size: bytes
        .optional()
        .describe("size of the volume; default: by sizing")
        .meta({ examples: ["500Gi"] }),
      accessMode: z
        .enum(["ReadWriteOnce", "ReadWriteMany"])
        .default("ReadWriteOnce")
        .describe("ReadWriteMany lets the replicas of a pool run on several nodes"),
    })
    .prefault({})
    .describe("the volume that holds the models"),
  shared: z
    .strictObject({
      share: share.describe("the share behind them"),
      encryption: encryption("the share"),
      volumes: z.array(sharedVolume).min(1).max(20).describe("the volumes"),
    })
    .optional()
    .describe("volumes that one project writes and others read; default: none"),
});
