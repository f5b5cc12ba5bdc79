/** `aictl pools`: one line for each pool. */
import type { Deployment } from "./kube/objects";
import { paths, replicasOf } from "./kube/paths";
import { replicas, routerQueue } from "./models/replicas";
import { table } from "./output";
import { readPool } from "./rollout/pool";
import { namespaceIn } from "./settings";
import type { Result, Run } from "./types";

export async function pools(run: Run): Promise<Result> {
  const namespace = namespaceIn(run.settings);
  const client = run.client();
  const [deployments, all] = await Promise.all([client.list<Deployment>(paths.deployments(namespace, replicasOf())), replicas(client, namespace)]);
  const names = deployments.map(({ metadata }) => metadata.name).sort();
  const rows = await Promise.all(
    names.map(async (name) => {
      const pool = await readPool(client, namespace, name);
      const own = all.filter((one) => one.pool === name);
      const active = pool.versions.filter((version) => version.active);
      const queue = await routerQueue(client, namespace, name);
      return {
        pool: name,
        replicas: active.reduce((sum, { set }) => sum + (set.status?.replicas ?? 0), 0),
        ready: active.reduce((sum, { set }) => sum + (set.status?.readyReplicas ?? 0), 0),
        inFlight: own.some(({ status }) => status) ? own.reduce((sum, { status }) => sum + (status?.inFlight ?? 0), 0) : undefined,
        queued: queue,
        revision: active[0]?.revision,
        hash: active[0]?.hash,
        madeBy: pool.rollout ? "rollout" : "deployment",
        state: pool.verdict.state,
        message: pool.verdict.text,
        hold: pool.hold,
      };
    }),
  );
  const text = table(
    ["POOL", "READY", "IN FLIGHT", "QUEUED", "REVISION", "ROLLOUT", "HOLD"],
    rows.map((row) => [
      row.pool,
      `${row.ready}/${row.replicas}`,
      row.inFlight,
      row.queued,
      row.revision === undefined ? undefined : `${row.revision} (${row.hash ?? ""})`,
      row.state === "serves" ? "serves" : `${row.state}: ${row.message}`,
      row.hold && `${row.hold.by}: ${row.hold.reason}`,
    ]),
  );
  return { data: { namespace, pools: rows }, text: rows.length === 0 ? `no pools in ${namespace}\n` : text };
}
