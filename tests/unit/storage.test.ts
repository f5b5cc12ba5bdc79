import { expect } from "chai";
import { ownerLabel } from "../../components/common/labels";
import { NodeLabels } from "../../components/foundation/nodeLabels";
import { modelsClass, sharedVolumeName, shareSource, storageClasses } from "../../stacks/storage";
import { config } from "./support/config";
import { deploy, type Recorded } from "./support/mocks";
import { classKinds, contextOf, owner, sharedVolumesOf, shareKinds, sharing, storageClassesOf } from "./support/storage";

interface Inputs {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels: Record<string, string>;
    readonly annotations?: Record<string, string>;
  };
  readonly parameters?: Readonly<Record<string, string>>;
  readonly spec: Readonly<Record<string, unknown>>;
  readonly [field: string]: unknown;
}
const inputsOf = ({ inputs }: Recorded) => inputs as Inputs;
const [odf, aws, local] = classKinds;
const [nfs, cephfs, efs, onNode] = shareKinds;
const secrets = (role: string, name: string) => ({
  [`csi.storage.k8s.io/${role}-secret-name`]: name,
  [`csi.storage.k8s.io/${role}-secret-namespace`]: "openshift-storage",
});

describe("storage classes", () => {
  for (const classes of classKinds) {
    it(`of ${classes.kind} are kept, never the default, and made where their first pod runs`, async () => {
      const made = (await storageClassesOf(classes)).all("StorageClass").map(inputsOf);
      expect(made.map(({ metadata }) => metadata.name)).to.deep.equal(["ai-fast-ssd", "ai-model-storage"]);
      for (const each of made) {
        expect(each).to.include({ reclaimPolicy: "Retain", volumeBindingMode: "WaitForFirstConsumer" });
        expect(each.metadata.annotations).to.deep.equal({ "storageclass.kubernetes.io/is-default-class": "false" });
        expect(each.metadata.labels).to.include({ [ownerLabel]: owner });
      }
    });
  }

  it("of ODF are Ceph RBD and CephFS, with the Secrets that its operator makes", async () => {
    const [fast, models] = (await storageClassesOf(odf)).all("StorageClass").map(inputsOf);
    const secretsOf = (driver: string) => ({
      ...secrets("provisioner", `rook-csi-${driver}-provisioner`),
      ...secrets("controller-expand", `rook-csi-${driver}-provisioner`),
      ...secrets("node-stage", `rook-csi-${driver}-node`),
    });
    expect(fast).to.deep.include({ provisioner: "openshift-storage.rbd.csi.ceph.com", allowVolumeExpansion: true });
    expect(fast?.parameters).to.deep.equal({
      clusterID: "openshift-storage",
      pool: "ocs-storagecluster-cephblockpool",
      imageFormat: "2",
      imageFeatures: "layering,deep-flatten,exclusive-lock,object-map,fast-diff",
      "csi.storage.k8s.io/fstype": "ext4",
      ...secretsOf("rbd"),
    });
    expect(models).to.deep.include({ provisioner: "openshift-storage.cephfs.csi.ceph.com", allowVolumeExpansion: true });
    expect(models?.parameters).to.deep.equal({
      clusterID: "openshift-storage",
      fsName: "ocs-storagecluster-cephfilesystem",
      ...secretsOf("cephfs"),
    });
  });

  it("of AWS are encrypted gp3 volumes with the guide's IOPS and throughput, and EFS, which can't grow since it has no size", async () => {
    const [fast, models] = (await storageClassesOf(aws)).all("StorageClass").map(inputsOf);
    expect(fast).to.deep.include({ provisioner: "ebs.csi.aws.com", allowVolumeExpansion: true });
    expect(fast?.parameters).to.deep.equal({
      type: "gp3",
      iops: "10000",
      throughput: "500",
      encrypted: "true",
      kmsKeyId: aws.kmsKeyId,
      "csi.storage.k8s.io/fstype": "ext4",
    });
    expect(models).to.deep.include({ provisioner: "efs.csi.aws.com", allowVolumeExpansion: false });
    expect(models?.parameters).to.deep.equal({
      provisioningMode: "efs-ap",
      fileSystemId: aws.fileSystemId,
      directoryPerms: "700",
      basePath: "/ai-model-storage",
    });
  });

  it("of a machine have no parameters and do not grow", async () => {
    for (const each of (await storageClassesOf(local)).all("StorageClass").map(inputsOf))
      expect(each).to.include({ provisioner: "rancher.io/local-path", allowVolumeExpansion: false }).and.not.have.property("parameters");
  });

  it("have a snapshot class per driver that can, which Velero finds and whose snapshots are kept; none without the capability", async () => {
    const made = async (classes: (typeof classKinds)[number]) => (await storageClassesOf(classes)).all("VolumeSnapshotClass").map(inputsOf);
    const [rbd, files] = await made(odf);
    expect(rbd).to.deep.include({ driver: "openshift-storage.rbd.csi.ceph.com", deletionPolicy: "Retain" });
    expect(rbd?.metadata.labels).to.include({ "velero.io/csi-volumesnapshot-class": "true" });
    expect(rbd?.parameters).to.deep.equal({ clusterID: "openshift-storage", ...secrets("snapshotter", "rook-csi-rbd-provisioner") });
    expect(files?.driver).to.equal("openshift-storage.cephfs.csi.ceph.com");
    expect((await made(aws)).map(({ driver }) => driver)).to.deep.equal(["ebs.csi.aws.com"]);
    expect(await made(local)).to.deep.equal([]);
    expect((await storageClassesOf(odf, false)).all("VolumeSnapshotClass")).to.deep.equal([]);
  });

  it("are none where the cluster's own are used", () => expect(storageClasses({ kind: "existing" })).to.deep.equal([]));

  it("say which of them several nodes can mount", () => {
    const many = (kind: (typeof classKinds)[number]) => storageClasses(config({ storage: { classes: kind } }).storage.classes).map((spec) => spec.many);
    expect([many(odf), many(aws), many(local)]).to.deep.equal([
      [false, true],
      [false, true],
      [false, false],
    ]);
  });
});

describe("the class of the models' claim", () => {
  const table: readonly [object, string | undefined][] = [
    [{}, undefined],
    [{ classes: odf }, "ai-model-storage"],
    [{ classes: local, models: { class: "fast" } }, "fast"],
    [{ models: { class: "ai-model-storage" } }, "ai-model-storage"],
  ];
  for (const [storage, expected] of table)
    it(`${JSON.stringify(storage)}: ${expected ?? "the cluster's default"}`, () => expect(modelsClass(config({ storage }))).to.equal(expected));
});

describe("shared volumes", () => {
  it("are a claim and a volume for the writer and for each reader, bound to each other in advance, at the same folder", async () => {
    const made = await sharedVolumesOf(sharing(nfs));
    const volumes = new Map(made.all("PersistentVolume").map((each) => [each.name, inputsOf(each)]));
    const claims = made.all("PersistentVolumeClaim").map(inputsOf);
    expect([...volumes.keys()]).to.have.members([
      "ai-development.datasets",
      "ai-development-ml.datasets",
      "ai-development-web.datasets",
      "ai-development.notes",
      "ai-development-web.notes",
    ]);
    expect(claims).to.have.length(volumes.size);
    for (const { metadata, spec } of claims) {
      const volume = volumes.get(spec.volumeName as string);
      expect(volume?.spec.claimRef).to.deep.equal({ apiVersion: "v1", kind: "PersistentVolumeClaim", namespace: metadata.namespace, name: metadata.name });
      expect(volume?.spec).to.deep.include({ persistentVolumeReclaimPolicy: "Retain", accessModes: spec.accessModes });
      expect(volume?.spec).to.not.have.property("storageClassName");
      expect(volume?.spec.capacity).to.deep.equal((spec.resources as { requests: object }).requests);
      expect(volume?.spec.nfs).to.deep.include({ server: "nfs.example.com", path: `/export/ai/${metadata.name}` });
      expect(spec.storageClassName).to.equal("");
    }
  });

  it("are written by one project; all others mount them read-only", async () => {
    const made = await sharedVolumesOf(sharing(nfs));
    const spec = (name: string) => inputsOf(made.all("PersistentVolume").find((each) => each.name === name) as Recorded).spec;
    expect(spec("ai-development-ml.datasets").accessModes).to.deep.equal(["ReadWriteMany"]);
    expect(spec("ai-development-ml.datasets").mountOptions).to.equal(undefined);
    expect(spec("ai-development-web.datasets")).to.deep.include({ accessModes: ["ReadOnlyMany"], mountOptions: ["ro"] });
    expect(spec("ai-development.datasets")).to.deep.include({ accessModes: ["ReadOnlyMany"], mountOptions: ["ro"] });
  });

  it("outlive the stack and belong to it", async () => {
    const made = await sharedVolumesOf(sharing(nfs));
    for (const each of [...made.all("PersistentVolume"), ...made.all("PersistentVolumeClaim")]) {
      const { metadata } = inputsOf(each);
      expect(metadata.labels).to.include({ [ownerLabel]: owner });
      expect(metadata.annotations).to.deep.equal({ "pulumi.com/patchFieldManager": owner });
    }
  });

  it("have a source for each kind of share", () => {
    const source = (share: object, readOnly: boolean, fileContext?: string) => {
      const { shared } = sharing(share as never).storage;
      if (!shared) throw new Error("no share");
      return shareSource(shared.share, "datasets", "ai-production.datasets", readOnly, fileContext);
    };
    expect(source(nfs, true)).to.deep.equal({ nfs: { server: "nfs.example.com", path: "/export/ai/datasets", readOnly: true }, mountOptions: ["ro"] });
    expect(source(efs, false)).to.deep.equal({
      csi: { driver: "efs.csi.aws.com", volumeHandle: "fs-0123456789abcdef0:/ai/datasets" },
    });
    expect(source(cephfs, true, "system_u:object_r:container_file_t:s0")).to.deep.equal({
      csi: {
        driver: "openshift-storage.cephfs.csi.ceph.com",
        volumeHandle: "ai-production.datasets",
        readOnly: true,
        volumeAttributes: {
          clusterID: "openshift-storage",
          fsName: "ocs-storagecluster-cephfilesystem",
          staticVolume: "true",
          rootPath: "/volumes/ai/datasets",
        },
        nodeStageSecretRef: { name: "ai-share", namespace: "openshift-storage" },
      },
      mountOptions: ["ro", 'context="system_u:object_r:container_file_t:s0"'],
    });
    expect(source(nfs, false, "system_u:object_r:container_file_t:s0")).to.not.have.property("mountOptions");
    expect(source(onNode, false)).to.deep.equal({
      local: { path: "/var/lib/share/datasets" },
      nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: "kubernetes.io/hostname", operator: "In", values: ["node1"] }] }] } },
    });
  });

  it("have names that no two projects share, also where joined names are the same", () => {
    expect(sharedVolumeName("ai-staging-a", "b-c")).to.not.equal(sharedVolumeName("ai-staging-a-b", "c"));
  });
});

describe("labels of machines", () => {
  it("are applied to the named nodes only, once these were read, and nothing but labels", async () => {
    const nodes = [{ node: "worker-gpu-1", labels: { "example.com/pool": "ai" } }];
    const made = await deploy((opts) => new NodeLabels("node-labels", { context: contextOf(), nodes }, opts));
    expect(inputsOf(made.one("NodePatch"))).to.deep.equal({
      apiVersion: "v1",
      kind: "Node",
      metadata: { name: "worker-gpu-1", labels: { "example.com/pool": "ai" } },
    });
    expect(made.counts()).to.deep.equal({ NodeLabels: 1, Node: 1, NodePatch: 1 });
  });
});
