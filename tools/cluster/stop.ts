/** Stopping: components in an order that loses nothing, then whatever else runs for the cluster. */
import { processesIn, removeCgroup } from "./cgroups";
import { cgroupName } from "./names";
import { removeInterface } from "./namespaces";
import { endProcesses, processesOf, recordedNames, stopProcess } from "./processes";
import type { ClusterRecord } from "./state";

/** Time that pods have to end by themselves, ms. */
const podGrace = 10_000;

/** What starts or moves pods ends first; the API server before etcd, or it waits for it. */
const order = [
  ["kubelet", "kube-proxy", "kube-controller-manager", "kube-scheduler", "openshift-namespaces", "kwok"],
  ["kube-apiserver"],
  ["etcd", "containerd"],
] as const;

export async function stop(dir: string, record: Pick<ClusterRecord, "id" | "flavor">): Promise<void> {
  const [controllers, ...servers] = order;
  await Promise.all(controllers.map((name) => stopProcess(dir, name)));
  if (record.flavor === "real") await endProcesses(processesIn(cgroupName(record.id)), podGrace);
  for (const names of servers) await Promise.all(names.map((name) => stopProcess(dir, name)));
  for (const name of recordedNames(dir)) await stopProcess(dir, name, 0);
  await sweep(record.id);
}

/**
 * Ends everything that runs for a cluster, recorded or not, and removes what it has on the host: cgroups and the network interface. Mounts and rules go with
 * its namespaces, and these with its last process.
 */
export async function sweep(id: string): Promise<void> {
  for (let round = 0; round < 5; round++) {
    const left = [...new Set([...processesOf(id), ...processesIn(cgroupName(id))])];
    if (left.length === 0) break;
    await endProcesses(left, 0);
  }
  if (process.platform !== "linux") return;
  await removeCgroup(cgroupName(id));
  await removeInterface(id);
}
