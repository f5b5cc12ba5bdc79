/** What installing an optional add-on takes: the API server, images, and waiting. */
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { UserError } from "../../lib/errors";
import { apiOf, until, type Api, type KubeObject } from "../api";
import { pkiDir } from "../pki";
import type { Cluster } from "../types";

/** Works with the API server as the cluster's administrator. */
export async function withApi<T>(cluster: Pick<Cluster, "dir" | "kubeconfig">, work: (api: Api) => Promise<T>): Promise<T> {
  const { clusters } = parse(readFileSync(cluster.kubeconfig, "utf8")) as { clusters: readonly { cluster: { server: string } }[] };
  const server = clusters[0]?.cluster.server;
  if (server === undefined) throw new Error(`${cluster.kubeconfig} names no server`);
  const api = apiOf(server, pkiDir(cluster.dir));
  try {
    return await work(api);
  } finally {
    api.close();
  }
}

interface CustomKind {
  readonly group: string;
  readonly names: { readonly plural: string };
  readonly versions: readonly { readonly name: string; readonly served: boolean }[];
}

/** Applies kinds and waits until the API server lists them: a controller that starts before ends, since it finds nothing to control. */
export async function applyKinds(api: Api, kinds: readonly KubeObject[]): Promise<void> {
  await api.apply(kinds);
  const wanted = kinds.flatMap((kind) => {
    const { group, names, versions } = kind.spec as CustomKind;
    return versions.filter(({ served }) => served).map(({ name }) => ({ path: `/apis/${group}/${name}`, plural: names.plural }));
  });
  const isServed = async ({ path, plural }: (typeof wanted)[number]) =>
    (await api.get<{ resources: readonly { name: string }[] }>(path))?.resources.some(({ name }) => name === plural) ?? false;
  const all = async () => (await Promise.all(wanted.map(isServed))).every(Boolean);
  await until("new kinds are served", 60_000, all, () => undefined, "run make up again");
}

/** Waits until a workload has rolled out. @param workload as in `deployment/prometheus-operator` @throws UserError with what its pods say */
export async function rolledOut(cluster: Pick<Cluster, "kubectl">, namespace: string, workload: string, seconds = 120): Promise<void> {
  const { code } = await cluster.kubectl(["-n", namespace, "rollout", "status", workload, `--timeout=${seconds}s`], { allowFailure: true });
  if (code === 0) return;
  const { stdout } = await cluster.kubectl(["-n", namespace, "get", "pods", "-o", "wide"], { allowFailure: true });
  throw new UserError(`${workload} in namespace ${namespace}: not ready within ${seconds} s\n${stdout.trimEnd()}`, {
    fix: `see make kubectl ARGS="-n ${namespace} describe pods", then run make up again`,
  });
}

/** Security of an add-on's pod in a namespace of its own: OpenShift assigns the user id there and refuses literal ones. */
export function podSecurityOn(platform: Cluster["platform"]): object {
  const anywhere = { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } };
  return platform === "openshift" ? anywhere : { ...anywhere, runAsUser: 65532, runAsGroup: 65532, fsGroup: 65532 };
}
