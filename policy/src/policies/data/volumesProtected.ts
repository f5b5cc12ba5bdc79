/** Data can't be read off a disk, and doesn't go with the object that asked for it. */
import { all, each } from "../../each";
import type { KubeObject } from "../../objects";
import { indexed } from "../../perStack";
import { problem, problemIf, stackPolicy, type Problem } from "../../policy";
import type { Stack } from "../../stack";
import type { View } from "../../values";

/**
 * On a StorageClass or a PersistentVolume: what encrypts the volumes at rest where no parameter of the driver says so, e.g. `StorageCluster, cluster-wide`. A
 * declaration for reviewers: it can't be seen from the objects.
 */
export const encryptionAtRest = "openshift-ai-platform/encryption-at-rest";

/** Parameters by which drivers are told to encrypt. */
const encryptedBy: readonly ((parameter: View) => boolean)[] = [
  // EBS and Ceph.
  (parameters) => parameters.text("encrypted") === "true",
  // Google's disks, and Azure's: with a key of one's own.
  (parameters) => parameters.has("disk-encryption-kms-key"),
  (parameters) => parameters.has("diskEncryptionSetID"),
];

export const volumesProtected = stackPolicy({
  number: 45,
  name: "volumes-protected",
  title: "in production, volumes are encrypted at rest and outlive their claims",
  why: "A disk that is replaced leaves the house with all that is on it. And with a class whose volumes are deleted with their claims, one wrong destroy takes models, homes and databases.",
  fix: `use a class with encrypted: "true", or say in the annotation ${encryptionAtRest} of the class or volume what encrypts it; set the reclaim policy to Retain`,
  group: "data",
  severity: "high",
  controls: { nsa: ["encryption"], nist: ["SC-28"] },
  parameters: {
    encryptedClasses: {
      type: "strings",
      description: "StorageClasses made elsewhere that encrypt and retain their volumes",
      default: [],
    },
  },
  subjects: (stack, { settings }) =>
    settings.environment === "production" ? stack.ofKind("storage.k8s.io/StorageClass", "/PersistentVolume", "/PersistentVolumeClaim", "apps/StatefulSet") : [],
  check: (subject, view, stack, { parameters }) => {
    const classes = parameters.encryptedClasses;
    switch (subject.kind) {
      case "StorageClass":
        return all(
          () => encrypted(view, isEncrypted(view.view("parameters")), 'parameters["encrypted"]'),
          () => problemIf((view.string("reclaimPolicy") ?? "Delete") !== "Retain", view, "reclaimPolicy", "must be Retain"),
        );
      case "PersistentVolume":
        return all(
          () => encrypted(view, isKnown(view.string("spec.storageClassName"), stack, classes), `metadata.annotations["${encryptionAtRest}"]`),
          () => problemIf((view.string("spec.persistentVolumeReclaimPolicy") ?? "Retain") !== "Retain", view, "spec.persistentVolumeReclaimPolicy", "must be Retain"), // prettier-ignore
        );
      case "PersistentVolumeClaim":
        return claim(subject, view, stack, classes);
      default:
        return statefulSet(view, stack, classes);
    }
  },
});

const classByName = indexed(["storage.k8s.io/StorageClass"], ({ name }) => name);
const volumeByName = indexed(["/PersistentVolume"], ({ name }) => name);

function isEncrypted(parameters: View): boolean {
  return encryptedBy.some((says) => says(parameters));
}

function encrypted(view: View, known: boolean, path: string): readonly Problem[] {
  const declared = view.view("metadata.annotations").at(encryptionAtRest).string("") ?? "";
  return known || declared !== "" ? [] : [problem(view, path, `must be encrypted, or the annotation ${encryptionAtRest} has to say what encrypts it`)];
}

/** Whether a class answers for itself: it is in the stack, where it is looked at, or the site knows it. */
function isKnown(name: string | undefined, stack: Stack, classes: readonly string[]): boolean {
  return name !== undefined && name !== "" && (classes.includes(name) || classByName(stack, name).length > 0);
}

function claim(subject: KubeObject, view: View, stack: Stack, classes: readonly string[]): readonly Problem[] {
  const volume = view.string("spec.volumeName");
  if (volume !== undefined && volumeByName(stack, volume).length > 0) return [];
  const { options } = subject.source;
  return all(
    () => ofKnownClass(view, "spec.storageClassName", stack, classes),
    () => {
      // The claim of a class that is known is deleted, its volume is not.
      const kept = options === undefined || options.protect || options.retainOnDelete === true || isKnown(view.string("spec.storageClassName"), stack, classes);
      return problemIf(!kept, view, "metadata.name", "must have the option protect or retainOnDelete");
    },
  );
}

function statefulSet(view: View, stack: Stack, classes: readonly string[]): readonly Problem[] {
  return all(
    () => each(view.list("spec.volumeClaimTemplates"), (template) => ofKnownClass(template, "spec.storageClassName", stack, classes)),
    () =>
      each(["whenDeleted", "whenScaled"], (when) => {
        const path = `spec.persistentVolumeClaimRetentionPolicy.${when}`;
        return problemIf(view.string(path) === "Delete", view, path, "must be Retain");
      }),
  );
}

function ofKnownClass(view: View, path: string, stack: Stack, classes: readonly string[]): readonly Problem[] {
  return problemIf(!isKnown(view.string(path), stack, classes), view, path, "must be a class of the stack, or one that the parameter encryptedClasses names");
}
