/** Starting a cluster: what does not run is started, what is not there is made. */
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../lib/errors";
import { isAddon, withNeeds } from "./addons/optional";
import { clusterId } from "./names";
import { readRecord, type ClusterRecord } from "./state";
import { startReal } from "./start-real";
import { startSimulated } from "./start-simulated";
import type { ClusterOptions } from "./types";

/** @throws UserError when the folder holds a cluster of another platform or flavor */
export function checkedRecord(folder: string, options: ClusterOptions): ClusterRecord {
  const there = readRecord(folder);
  if (!there && existsSync(folder) && readdirSync(folder).some((name) => name !== "home")) {
    throw new UserError(`${folder} has no cluster.json, but other files`, { fix: "move them elsewhere, then run the same command again" });
  }
  for (const field of ["platform", "flavor"] as const) {
    if (there && there[field] !== options[field]) {
      throw new UserError(`cluster ${options.name} has ${field} ${there[field]}, not ${options[field]}: that never changes`, {
        fix: `use another cluster name, or remove this one with its data (make clean) and start again`,
      });
    }
  }
  return {
    name: options.name,
    platform: options.platform,
    flavor: options.flavor,
    id: clusterId(folder),
    ...(there?.subnet ? { subnet: there.subnet } : {}),
    ...(there?.ports ? { ports: there.ports } : {}),
    gpus: options.gpus ?? there?.gpus ?? 1,
    nodes: options.flavor === "real" ? 1 : (options.nodes ?? there?.nodes ?? 3),
    addons: withNeeds([...(there?.addons ?? []).filter(isAddon), ...(options.addons ?? [])]),
    programs: there?.programs ?? {},
    versions: there?.versions ?? {},
  };
}

export async function start(folder: string, options: ClusterOptions): Promise<void> {
  const record = checkedRecord(folder, options);
  mkdirSync(join(folder, "home"), { recursive: true, mode: 0o700 });
  await (record.flavor === "real" ? startReal(folder, record) : startSimulated(folder, record));
}

/** What runs in a cluster that is up. */
export function expectedComponents(record: Pick<ClusterRecord, "flavor" | "platform">): string[] {
  return [
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    ...(record.platform === "openshift" ? ["openshift-namespaces"] : []),
    ...(record.flavor === "real" ? ["namespaces", "containerd", "kubelet", "kube-proxy"] : ["kwok"]),
  ];
}
