/** The share of a real embedded cluster: a folder of its only node, as an NFS export would be one of a server's. */
import { chmodSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Cluster } from "./types";

/** As the node sees it; `<cluster>/var/lib/share` on the host. */
export const sharePath = "/var/lib/share";

/** Makes the folders that are missing. Which user and group a pod gets is not known here, so any may write; what it makes belongs to the folder's group. */
export function ensureShare(cluster: Cluster, folders: readonly string[]): void {
  for (const folder of folders) {
    const path = join(cluster.dir, sharePath, folder);
    mkdirSync(path, { recursive: true });
    chmodSync(path, 0o2777);
  }
}
