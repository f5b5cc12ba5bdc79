/** The embedded cluster: a Kubernetes of this clone's own, below `.state/clusters/`, with nothing installed and nothing of the host changed. */
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { exec } from "../lib/exec";
import { UserError } from "../lib/errors";
import { withLock } from "../lib/lock";
import { say, step } from "../lib/progress";
import { installAddons } from "./addons/optional";
import { pidOf } from "./processes";
import { ctrOf, inside } from "./real";
import { checkedRecord, expectedComponents, start } from "./start";
import { clusterNames, folderOf, lockOf, readRecord, type ClusterRecord } from "./state";
import { stop } from "./stop";
import type { Cluster, ClusterOptions } from "./types";

export { canRunReal } from "./real";
export type { Cluster, ClusterOptions, Flavor, Platform } from "./types";
export { addonCapabilities, describeAddons, isAddon, addonNames, type AddonName } from "./addons/optional";
export { nodeName } from "./settings";
export { ensureShare, sharePath } from "./share";
export { clusterNames };

/**
 * Starts a cluster, or what of it does not run; makes it where there is none. Data that was there is there again.
 * @throws UserError for another platform or flavor than the folder has, where a real cluster is not possible, or when a component does not come up
 */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const folder = folderOf(options.name);
  checkedRecord(folder, options);
  return alone(options.name, async () => {
    await start(folder, options);
    const cluster = findCluster(options.name);
    if (!cluster) throw new Error(`${folder}/cluster.json vanished`);
    await installAddons(cluster, cluster.addons);
    return cluster;
  });
}

/** The cluster of that name in this clone, running or not. */
export function findCluster(name: string): Cluster | undefined {
  const dir = folderOf(name);
  const record = readRecord(dir);
  return record && handleOf(dir, record);
}

/** Whether all its components run. */
export function isRunning(cluster: Cluster): boolean {
  return expectedComponents(cluster).every((name) => pidOf(cluster.dir, name) !== undefined);
}

/** Ends all its processes; pods get 10 s to end by themselves. Data stays. */
export async function stopCluster(cluster: Cluster): Promise<void> {
  await alone(cluster.name, () => step(`stop cluster ${cluster.name}`, () => stop(cluster.dir, recordOf(cluster))));
}

/** Stops it and removes its folder with all data. */
export async function removeCluster(cluster: Cluster): Promise<void> {
  await alone(cluster.name, () =>
    step(`remove cluster ${cluster.name}`, async () => {
      if (!existsSync(cluster.dir)) return;
      await stop(cluster.dir, recordOf(cluster));
      // What says that it is a cluster goes last: interrupted, it can be removed again.
      for (const part of readdirSync(cluster.dir)) if (part !== "cluster.json") rmSync(join(cluster.dir, part), { recursive: true, force: true });
      rmSync(cluster.dir, { recursive: true, force: true });
    }),
  );
}

function alone<T>(name: string, work: () => Promise<T>): Promise<T> {
  return withLock(lockOf(name), work, (pid) => say(`  … waiting for process ${pid}, which works on cluster ${name}`));
}

function recordOf(cluster: Cluster): ClusterRecord {
  const record = readRecord(cluster.dir);
  if (!record) throw new UserError(`cluster ${cluster.name} is not there any more`, { fix: "make up" });
  return record;
}

function handleOf(dir: string, record: ClusterRecord): Cluster {
  const programs = record.programs.cluster ?? "";
  const kubeconfig = join(dir, "kubeconfig");
  const onlyReal = () => {
    if (record.flavor !== "real")
      throw new UserError(`cluster ${record.name} is simulated: it has no containers`, { fix: "use a real cluster (root on Linux)" });
  };
  return {
    name: record.name,
    dir,
    platform: record.platform,
    flavor: record.flavor,
    addons: record.addons ?? [],
    kubeconfig,
    context: `oap-${record.name}`,
    programs,
    // Caches and preferences are the cluster's, not the user's.
    kubectl: (args, options) =>
      exec(join(programs, "kubectl"), args, {
        ...options,
        env: { ...(options?.env ?? process.env), KUBECONFIG: kubeconfig, KUBECACHEDIR: join(dir, "home/kube-cache"), KUBERC: "off" },
      }),
    ctr: async (args, options) => {
      onlyReal();
      return ctrOf(dir, record.name, record.programs.containerd ?? "")(args, options);
    },
    inNetwork: async (command, args, options) => {
      onlyReal();
      return inside(dir, record.name, ["--net"], command, args, options);
    },
  };
}
