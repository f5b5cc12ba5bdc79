/** Storage of every driver, as configuration has it, and what the components make of it. */
import * as pulumi from "@pulumi/pulumi";
import type { StackContext } from "../../../components/common/context";
import { profileOf, type PlatformProfile } from "../../../components/common/platform";
import { SharedVolumes } from "../../../components/foundation/sharedVolumes";
import { StorageClasses } from "../../../components/foundation/storageClasses";
import { projects } from "../../../stacks/projects";
import type { StackConfig } from "../../../stacks/schema";
import { config, type Fields } from "./config";
import { deploy, type Deployed } from "./mocks";

export const owner = "openshift-ai-platform.dev";

export function contextOf(platform: PlatformProfile["name"] = "openshift"): StackContext {
  return { profile: profileOf(platform), owner, site: { gpuResource: "nvidia.com/gpu", trustedCA: false }, retained: { retainOnDelete: true } };
}

/** One of each kind. */
export const classKinds = [
  { kind: "odf" },
  { kind: "aws", fileSystemId: "fs-0123456789abcdef0", kmsKeyId: "arn:aws:kms:eu-central-1:111122223333:key/k" },
  { kind: "local" },
] as const;

export const shareKinds = [
  { kind: "nfs", server: "nfs.example.com", path: "/export/ai" },
  { kind: "cephfs", path: "/volumes/ai", secret: { name: "ai-share", namespace: "openshift-storage" } },
  { kind: "efs", fileSystemId: "fs-0123456789abcdef0", path: "/ai" },
  { kind: "local", path: "/var/lib/share", nodeSelector: { "kubernetes.io/hostname": "node1" } },
] as const;

const quota = { cpu: "2", memory: "4Gi" };
export const teams = [
  { name: "ml", group: "team-ml", quota },
  { name: "web", group: "team-web", quota },
];

/** A configuration with shared volumes on a share: `datasets`, which the team ml writes and all others read, and `notes` of the platform for web only. */
export function sharing(share: Fields, fields: Fields = {}): StackConfig {
  const volumes = [
    { name: "datasets", size: "200Gi", writer: "ml" },
    { name: "notes", size: "10Gi", writer: "platform", readers: ["web"] },
  ];
  return config({ teams, storage: { shared: { share, volumes } }, ...fields });
}

export function storageClassesOf(classes: Fields, snapshots = true, platform: PlatformProfile["name"] = "openshift"): Promise<Deployed> {
  const { storage } = config({ storage: { classes } });
  return deploy((opts) => new StorageClasses("storage-classes", { context: contextOf(platform), classes: storage.classes, snapshots }, opts));
}

export function sharedVolumesOf(from: StackConfig, fileContext?: string): Promise<Deployed> {
  const { shared } = from.storage;
  if (!shared) throw new Error("no shared volumes");
  const plans = projects(from);
  const namespaces = new Map(plans.map(({ key, namespace }) => [key, pulumi.output(namespace)]));
  return deploy(
    (opts) => new SharedVolumes("shared-volumes", { context: contextOf(from.platform), ...shared, projects: plans, namespaces, fileContext }, opts),
  );
}
