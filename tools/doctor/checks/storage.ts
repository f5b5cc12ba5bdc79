import { fastClass, modelClass, modelsClass, storageClasses } from "../../../stacks/storage";
import type { StackConfig } from "../../../stacks/schema";
import type { Api, List } from "../api";
import type { StorageClass } from "../objects";
import { ok, problem, skipped, warning, type Check, type Finding } from "../types";
import { drivers } from "./classes";

const isDefault = ({ metadata }: StorageClass) => metadata.annotations?.["storageclass.kubernetes.io/is-default-class"] === "true";
const listed = (all: readonly StorageClass[]) => all.map(({ metadata }) => metadata.name).join(", ") || "none";

/** Drivers whose volumes only one node mounts, and drivers whose volumes many do. */
const oneNode =
  /^(ebs\.csi\.aws\.com|disk\.csi\.azure\.com|pd\.csi\.storage\.gke\.io|csi\.vsphere\.vmware\.com|cinder\.csi\.openstack\.org|.*\.rbd\.csi\.ceph\.com|rbd\.csi\.ceph\.com|rancher\.io\/local-path|topolvm\.io)$/;
const manyNodes =
  /^(.*\.cephfs\.csi\.ceph\.com|cephfs\.csi\.ceph\.com|efs\.csi\.aws\.com|file\.csi\.azure\.com|filestore\.csi\.storage\.gke\.io|nfs\.csi\.k8s\.io|.*\.nfs\.csi\.ceph\.com|.*\/nfs.*)$/;

export const modelStorage: Check = {
  id: "model-storage",
  title: "storage of models",
  async run(api, { config }) {
    const [findings, provisioner] = await classOf(api, config);
    return [...findings, ...(provisioner === undefined ? [] : accessMode(config.storage.models.accessMode, provisioner))];
  },
};

/** Where the models' volume comes from; no provisioner: from nowhere. */
async function classOf(api: Api, config: StackConfig): Promise<[Finding[], string?]> {
  const name = modelsClass(config);
  // Only the stack that manages the cluster makes classes; stacks/checks sees to it.
  const made = storageClasses(config.storage.classes).find((spec) => spec.name === name);
  if (made) return [[ok(`class ${made.name}: the stack makes it`)], made.provisioner];
  const all = (await api.get<List<StorageClass>>("/apis/storage.k8s.io/v1/storageclasses"))?.items ?? [];
  if (name === undefined) return defaultClass(all);
  const found = all.find(({ metadata }) => metadata.name === name);
  if (found) return [[ok(`class ${name}, ${found.provisioner}`)], found.provisioner];
  const others = name === fastClass || name === modelClass ? "bring up the stack that manages this cluster first, which makes it; or " : "";
  const fix = `${others}set storage.models.class to one that is there`;
  return [[problem(`no StorageClass ${name}; there are: ${listed(all)}`, "the class that storage.models.class names", fix)]];
}

function defaultClass(all: readonly StorageClass[]): [Finding[], string?] {
  const defaults = all.filter(isDefault);
  const [first] = defaults;
  if (!first) {
    const wanted = "a default class, since storage.models.class names none";
    return [[problem(`no default StorageClass; there are: ${listed(all)}`, wanted, "set storage.models.class, or mark a class as default")]];
  }
  const several = warning(`several default classes: ${listed(defaults)}`, "one; the newest is taken", "set storage.models.class, or leave one as default");
  return [[...(defaults.length > 1 ? [several] : []), ok(`default class ${first.metadata.name}, ${first.provisioner}`)], first.provisioner];
}

function accessMode(mode: string, provisioner: string): Finding[] {
  if (mode !== "ReadWriteMany") return [];
  const wanted = "volumes that several nodes mount, since storage.models.accessMode is ReadWriteMany";
  if (manyNodes.test(provisioner)) return [ok("ReadWriteMany")];
  if (oneNode.test(provisioner))
    return [
      problem(
        `${provisioner} makes volumes for one node`,
        wanted,
        "name a class of shared files (CephFS, EFS, NFS) in storage.models.class, or set accessMode to ReadWriteOnce",
      ),
    ];
  return [warning(`whether volumes of ${provisioner} can be mounted by several nodes is not known here`, wanted, "look it up in the driver's documentation")];
}

export const sharedStorage: Check = {
  id: "shared-storage",
  title: "shared volumes",
  async run(api, { config }) {
    const share = config.storage.shared?.share;
    if (!share) return [skipped("storage.shared is not set")];
    switch (share.kind) {
      case "nfs":
        return [skipped(`${share.server}:${share.path} is mounted by the nodes' own NFS client: whether it answers shows with the first pod`)];
      case "local":
        return [
          warning("a folder of one machine", "a share that all nodes mount", "NFS, CephFS or EFS in storage.shared.share; a folder will do on one machine"),
        ];
      case "efs":
        return drivers(api, "aws", ["efs.csi.aws.com"]);
      case "cephfs": {
        const { name, namespace } = share.secret;
        const secret = await api.get(`/api/v1/namespaces/${namespace}/secrets/${name}`);
        const found = secret
          ? ok(`Secret ${namespace}/${name}`)
          : problem(
              `no Secret ${name} in ${namespace}`,
              "userID and userKey that nodes mount the share with",
              "create it, or correct storage.shared.share.secret",
            );
        return [...(await drivers(api, "odf", [share.driver])), found];
      }
    }
  },
};
