/** The models: what is configured, and what the replicas really have in memory. */
import { metricsPort, modelServerPort } from "../../stacks/connections";
import type { ModelConfig } from "../../stacks/schema";
import type { Job, Pod } from "../kube/objects";
import { instanceLabel, loaders, paths, replicasOf } from "../kube/paths";
import { bytesText, table } from "../output";
import { namespaceIn } from "../settings";
import type { Client, Result, Run } from "../types";

/** What a replica says of itself. */
export interface Replica {
  readonly pool: string;
  readonly pod: string;
  /** undefined: it could not be asked */
  readonly status:
    { readonly draining: boolean; readonly inFlight: number; readonly queued: number; readonly slots: number; readonly models: readonly string[] } | undefined;
  readonly loaded: readonly { readonly name: string; readonly size: number; readonly size_vram: number; readonly digest?: string }[];
}

export async function replicas(client: Client, namespace: string, pool?: string): Promise<readonly Replica[]> {
  const pods = await client.list<Pod>(paths.pods(namespace, replicasOf(pool)));
  const running = pods.filter(({ metadata, status }) => status.phase === "Running" && metadata.deletionTimestamp === undefined);
  return Promise.all(
    running.map(async ({ metadata }) => {
      const [status, ps] = await Promise.all([
        json<Replica["status"]>(client, `${paths.pod(namespace, metadata.name, metricsPort)}/status`),
        json<{ models?: Replica["loaded"] }>(client, `${paths.pod(namespace, metadata.name, modelServerPort)}/api/ps`),
      ]);
      return { pool: metadata.labels?.[instanceLabel] ?? "", pod: metadata.name, status, loaded: ps?.models ?? [] };
    }),
  );
}

async function json<T>(client: Client, path: string): Promise<T | undefined> {
  try {
    const { status, text } = await client.text(path);
    return status === 200 ? (JSON.parse(text) as T) : undefined;
  } catch {
    return undefined; // no answer, or none that is JSON: it is shown as not asked
  }
}

export async function listModels(run: Run): Promise<Result> {
  const { file } = run.settings;
  const namespace = namespaceIn(run.settings);
  const client = run.client();
  const [all, jobs] = await Promise.all([replicas(client, namespace), client.list<Job>(paths.jobs(namespace, loaders))]);
  const jobOf = (name: string) => jobs.find(({ metadata }) => metadata.annotations?.["openshift-ai-platform/model"] === name);
  const loadedNames = all.flatMap(({ loaded, status }) => [...loaded.map(({ name }) => name), ...(status?.models ?? [])]);
  const configured = file?.config.models ?? [];
  const names = [...new Set([...configured.map(({ name }) => name), ...loadedNames])];
  const models = names.map((name) => {
    const config = configured.find((model) => model.name === name);
    const holding = all.filter(({ loaded, status }) => loaded.some((one) => one.name === name) || status?.models.includes(name));
    const memory = all.flatMap(({ loaded }) => loaded.filter((one) => one.name === name)).at(0);
    const job = jobOf(name);
    return {
      name,
      configured: config !== undefined,
      pools: file
        ? file.config.serving.pools.filter(({ models: used }) => used.includes(name)).map((pool) => pool.name)
        : [...new Set(holding.map(({ pool }) => pool))],
      store: job === undefined ? "unknown" : (job.status?.succeeded ?? 0) > 0 ? "loaded" : (job.status?.active ?? 0) > 0 ? "loading" : "failed",
      source: job?.metadata.annotations?.["openshift-ai-platform/model-source"] ?? (config && sourceText(config)),
      licence: config?.licence,
      replicas: holding.map(({ pod }) => pod),
      bytes: memory?.size,
      gpuBytes: memory?.size_vram,
    };
  });
  const silent = all.filter(({ status }) => status === undefined).map(({ pod }) => pod);
  const text = table(
    ["MODEL", "POOLS", "STORE", "IN MEMORY OF", "SIZE", "ON GPU", "LICENCE", "SOURCE"],
    models.map((one) => [
      one.configured || !file ? one.name : `${one.name} (not configured)`,
      one.pools.join(","),
      one.store,
      `${one.replicas.length} of ${all.filter(({ pool }) => one.pools.includes(pool)).length}`,
      one.bytes === undefined ? undefined : bytesText(one.bytes),
      one.gpuBytes === undefined ? undefined : bytesText(one.gpuBytes),
      one.licence,
      one.source === undefined ? undefined : shortDigest(one.source),
    ]),
  );
  if (silent.length > 0) run.deps.terminal.note(`not asked, for want of an answer: ${silent.join(", ")}`);
  return { data: { namespace, models, notAsked: silent }, text };
}

function sourceText({ source }: ModelConfig): string {
  return source.kind === "registry" ? `${source.name}@${source.digest}` : `image ${source.image}`;
}

function shortDigest(source: string): string {
  return source.replace(/sha256:([0-9a-f]{12})[0-9a-f]*/, "$1");
}
