import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { sees, type ProjectPlan } from "../../stacks/projects";
import { sharedVolumeName, shareSource, type Share, type SharedVolumeConfig } from "../../stacks/storage";
import { retainedMetadata, type StackContext } from "../common/context";
import { encryptionAnnotations, type Part } from "../common/labels";

export interface SharedVolumesArgs {
  readonly context: StackContext;
  readonly share: Share;
  readonly volumes: readonly SharedVolumeConfig[];
  /** What encrypts the share at rest. @default not stated */
  readonly encryption?: string | undefined;
  readonly projects: readonly ProjectPlan[];
  /** Namespaces by the key of their project, known once they are there. */
  readonly namespaces: ReadonlyMap<string, pulumi.Output<string>>;
  /** SELinux label that all namespaces may read, for nodes that enforce SELinux. @default the driver's, which is that of one namespace on CephFS */
  readonly fileContext?: string | undefined;
}

/**
 * Volumes that one project writes and others read. A claim does not cross namespaces, so each project gets a claim and a volume of its own, bound to each
 * other in advance, that point at the same folder of one share; those of readers are mounted read-only, whatever their pods say, but for folders of a
 * machine, where pods have to say so too. All of them outlive the stack, and none of them holds data: that is the share (docs/storage.md).
 */
export class SharedVolumes extends pulumi.ComponentResource {
  constructor(name: string, args: SharedVolumesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("openshift-ai-platform:foundation:SharedVolumes", name, {}, opts);
    const { context, share, namespaces } = args;
    const retained = { parent: this, ...context.retained };

    for (const volume of args.volumes) {
      const part: Part = { name: "storage", component: "shared-volume", instance: volume.name };
      for (const { key, namespace: plain } of args.projects.filter((project) => sees(project.key, volume))) {
        const namespace = namespaces.get(key);
        if (namespace === undefined) throw new Error(`no namespace of project ${key}`);
        const writes = key === volume.writer;
        const accessModes = [writes ? "ReadWriteMany" : "ReadOnlyMany"];
        const id = sharedVolumeName(plain, volume.name);
        const { labels, annotations } = retainedMetadata(context, id, undefined, part);

        const persistent = new k8s.core.v1.PersistentVolume(
          id,
          {
            metadata: { name: id, labels, annotations: { ...annotations, ...encryptionAnnotations(args.encryption) } },
            spec: {
              capacity: { storage: volume.size },
              accessModes,
              persistentVolumeReclaimPolicy: "Retain",
              // Without a class, and with a claim by name: no other claim can have it.
              claimRef: { apiVersion: "v1", kind: "PersistentVolumeClaim", namespace: plain, name: volume.name },
              ...shareSource(share, volume.name, id, !writes, args.fileContext),
            },
          },
          retained,
        );
        new k8s.core.v1.PersistentVolumeClaim(
          id,
          {
            metadata: retainedMetadata(context, volume.name, namespace, part),
            spec: { accessModes, storageClassName: "", volumeName: id, resources: { requests: { storage: volume.size } } },
          },
          { ...retained, dependsOn: [persistent] },
        );
      }
    }

    this.registerOutputs({});
  }
}
