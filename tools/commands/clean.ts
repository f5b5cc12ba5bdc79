/** Stopping and removing: down keeps data, clean removes the state of this clone, distclean this user's caches too. */
import { rmSync } from "node:fs";
import { clusterNames, findCluster, removeCluster, stopCluster, type Cluster } from "../cluster";
import { cacheDir, stateDir } from "../lib/paths";
import { say, step } from "../lib/progress";

function clusters(): readonly Cluster[] {
  return clusterNames().flatMap((name) => findCluster(name) ?? []);
}

export async function down(): Promise<undefined> {
  for (const cluster of clusters()) await stopCluster(cluster);
  say("  stopped; `make up` starts again with the data that is there");
  return undefined;
}

export async function clean(): Promise<undefined> {
  for (const cluster of clusters()) await removeCluster(cluster);
  rmSync(stateDir, { recursive: true, force: true });
  say("  no state of this clone is left");
  return undefined;
}

export async function distclean(): Promise<undefined> {
  await clean();
  await step(`remove ${cacheDir}`, async () => {
    // Go marks the files of its module cache read-only; force removes them all the same.
    await Promise.resolve(rmSync(cacheDir, { recursive: true, force: true, maxRetries: 3 }));
  });
  return undefined;
}
