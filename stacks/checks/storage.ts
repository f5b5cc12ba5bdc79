/** Volumes: what can hold them. Who can mount them, says the capacity plan. */
import type { Problem } from "../problems";
import type { StackConfig } from "../schema";
import { modelsClass, storageClasses } from "../storage";
import { problem } from "./problem";

export function storage(config: StackConfig): Problem[] {
  return [...local(config), ...throughput(config), ...manyNodes(config)];
}

/** A claim that its driver refuses stays pending, and the pods with it. */
function manyNodes({ storage: { classes, models } }: StackConfig): Problem[] {
  const name = modelsClass({ storage: { classes, models } });
  const found = storageClasses(classes).find((one) => one.name === name);
  if (models.accessMode !== "ReadWriteMany" || found === undefined || found.many) return [];
  const allowed = `"ReadWriteOnce" on ${found.name}: ${found.provisioner} makes volumes for one node at a time`;
  return [problem("storage.models.accessMode", models.accessMode, allowed, "set it to ReadWriteOnce, or name a class for many nodes in storage.models.class")];
}

function local({ environment, storage: { classes, shared }, images }: StackConfig): Problem[] {
  // `requireDigests: false` says that the cluster is one for trying out: the embedded ones set it.
  if (environment !== "production" || images.requireDigests === false) return [];
  const allowed = "storage that outlives a machine, in production";
  return [
    ...(classes.kind === "local" ? [problem("storage.classes.kind", classes.kind, allowed, 'for example "odf"')] : []),
    ...(shared?.share.kind === "local" ? [problem("storage.shared.share.kind", shared.share.kind, allowed, 'for example "nfs"')] : []),
  ];
}

/** gp3 gives 0.25 MiB/s per I/O operation per second; EBS refuses more, and the volume would never be made. */
function throughput({ storage: { classes } }: StackConfig): Problem[] {
  if (classes.kind !== "aws" || classes.throughput * 4 <= classes.iops) return [];
  const most = Math.floor(classes.iops / 4);
  return [
    problem(
      "storage.classes.throughput",
      classes.throughput,
      `at most ${most}, a quarter of iops (${classes.iops})`,
      `set it to ${most}, or iops to ${classes.throughput * 4}`,
    ),
  ];
}
