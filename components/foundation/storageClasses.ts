import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { storageClasses } from "../../stacks/storage";
import type { StackConfig } from "../../stacks/schema";
import type { StackContext } from "../common/context";
import { encryptionAnnotations, labelsOf, type Part } from "../common/labels";

export interface StorageClassesArgs {
  readonly context: StackContext;
  readonly classes: StackConfig["storage"]["classes"];
  /** Whether the cluster serves VolumeSnapshotClass. */
  readonly snapshots: boolean;
}

/** `ai-fast-ssd` and `ai-model-storage` for the site's drivers, with their snapshot classes. Volumes outlive their claims, and are made where their first pod runs. */
export class StorageClasses extends pulumi.ComponentResource {
  constructor(name: string, args: StorageClassesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("openshift-ai-platform:foundation:StorageClasses", name, {}, opts);
    const { context, classes } = args;
    const encrypted = encryptionAnnotations(classes.kind === "existing" ? undefined : classes.encryption);

    for (const spec of storageClasses(classes)) {
      const part: Part = { name: "storage", component: "foundation", instance: spec.name };
      const metadata = { name: spec.name, labels: labelsOf(context.owner, part) };
      new k8s.storage.v1.StorageClass(
        spec.name,
        {
          // Never the default: what asks for no class gets none of these.
          metadata: { ...metadata, annotations: { "storageclass.kubernetes.io/is-default-class": "false", ...encrypted } },
          provisioner: spec.provisioner,
          // An empty map is the same as none, and the API server does not keep it.
          ...(Object.keys(spec.parameters).length > 0 ? { parameters: spec.parameters } : {}),
          reclaimPolicy: "Retain",
          allowVolumeExpansion: spec.allowVolumeExpansion,
          volumeBindingMode: "WaitForFirstConsumer",
        },
        { parent: this },
      );
      if (args.snapshots && spec.snapshots) {
        new k8s.apiextensions.CustomResource(
          `${spec.name}-snapshots`,
          {
            apiVersion: "snapshot.storage.k8s.io/v1",
            kind: "VolumeSnapshotClass",
            // By this label Velero finds the class of a driver.
            metadata: { ...metadata, labels: { ...metadata.labels, "velero.io/csi-volumesnapshot-class": "true" } },
            driver: spec.snapshots.driver,
            deletionPolicy: "Retain",
            ...(Object.keys(spec.snapshots.parameters).length > 0 ? { parameters: spec.snapshots.parameters } : {}),
          },
          { parent: this },
        );
      }
    }

    this.registerOutputs({});
  }
}
