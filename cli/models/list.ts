/** The models: what is configured, and what the replicas really have in memory. */
import type { ModelConfig } from "../../stacks/schema";
import type { Job } from "../kube/objects";
import { loaders, paths } from "../kube/paths";
import { bytesText, table } from "../output";
import { namespaceIn } from "../settings";
import type { Result, Run } from "../types";
import { replicas } from "./replicas";

export async function listModels(run: Run): Promise<Result> {
  const { file } = run.settings;
  const namespace = namespaceIn(run.settings);
  const client = run.client();
  const [all, jobs] = await Promise.all([replicas(client, namespace), client.list<Job>(paths.jobs(namespace, loaders))]);
  const jobOf = (name: string) => jobs.find(({ metadata }) => metadata.annotations?.["openshift-ai-platform/model"] === name);
  const loadedNames = all.flatMap(({ status }) => (status ? [...status.memory.map(({ model }) => model), ...status.models] : []));
  const configured = file?.config.models ?? [];
  const names = [...new Set([...configured.map(({ name }) => name), ...loadedNames])];
  const models = names.map((name) => {
    const config = configured.find((model) => model.name === name);
    const holding = all.filter(({ status }) => status?.models.includes(name) || status?.memory.some(({ model }) => model === name));
    const memory = holding.flatMap(({ status }) => status?.memory.filter(({ model }) => model === name) ?? []).at(0);
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
      bytes: memory?.total,
      gpuBytes: memory?.gpu,
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
  if (silent.length > 0) run.deps.terminal.note(`not known to the routers, which tell what replicas have in memory: ${silent.join(", ")}`);
  return { data: { namespace, models, notAsked: silent }, text };
}

function sourceText({ source }: ModelConfig): string {
  return source.kind === "registry" ? `${source.name}@${source.digest}` : `image ${source.image}`;
}

function shortDigest(source: string): string {
  return source.replace(/sha256:([0-9a-f]{12})[0-9a-f]*/, "$1");
}
