/** `aictl pools`: one line for each pool. */
import { metricsPort } from "../stacks/connections";
import type { Deployment, Pod } from "./kube/objects";
import { instanceLabel, paths, replicasOf } from "./kube/paths";
import { replicas } from "./models/list";
import { table } from "./output";
import { readPool } from "./rollout/pool";
import { namespaceIn } from "./settings";
import type { Client, Result, Run } from "./types";

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

/** Requests that wait in the routers; undefined: none could be asked. */
async function routerQueue(client: Client, namespace: string, pool: string): Promise<number | undefined> {
  const pods = await client.list<Pod>(paths.pods(namespace, `app.kubernetes.io/component=model-router,${instanceLabel}=${pool}`));
  const values = await Promise.all(
    pods.map(async ({ metadata }) => {
      try {
        const { status, text } = await client.text(`${paths.pod(namespace, metadata.name, metricsPort)}/metrics`);
        const value = status === 200 ? /^model_router_requests_queued(?:\{[^}]*\})? ([0-9.e+]+)$/m.exec(text)?.[1] : undefined;
        return value === undefined ? undefined : Number(value);
      } catch {
        return undefined;
      }
    }),
  );
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : known.reduce((sum, value) => sum + value, 0);
}
