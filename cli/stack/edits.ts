/** Changes of a stack's configuration, each as a person would write it. */
import { isMap, isSeq, type Document, type YAMLMap, type YAMLSeq } from "yaml";
import type { ModelConfig, PoolConfig } from "../../stacks/schema";
import { usage } from "../errors";
import { edited, keyOf, type Edit, type StackFile } from "./file";

export type Hold = NonNullable<PoolConfig["hold"]>;

/** Writes a hold into a pool, or takes it away. @throws UserError where there is no such pool */
export function setHold(file: StackFile, pool: string, hold: Hold | undefined): Edit {
  return edited(file, (document) => {
    const node = poolNode(document, pool);
    if (hold === undefined) node.delete("hold");
    else node.set("hold", document.createNode(hold));
  });
}

/** What the pods of a version were made from, as the Deployment keeps it in an annotation. */
export interface PoolVersion {
  readonly pool: PoolConfig;
  readonly models: readonly ModelConfig[];
}

/**
 * Writes the configuration of an older version back: fields of the pool that have other values now, and its models. What belongs to the pool as such (how it is
 * rolled out, what is promised, how it is scaled) stays.
 */
export function restoreVersion(file: StackFile, version: PoolVersion): Edit {
  const now = file.config.serving.pools.find(({ name }) => name === version.pool.name);
  if (!now) throw noPool(file, version.pool.name);
  return edited(file, (document) => {
    const node = poolNode(document, version.pool.name);
    node.delete("hold");
    for (const [key, value] of Object.entries(version.pool) as [keyof PoolConfig, unknown][]) {
      if (ofThePool.has(key) || JSON.stringify(now[key]) === JSON.stringify(value)) continue;
      node.set(key, document.createNode(value));
    }
    for (const key of Object.keys(now) as (keyof PoolConfig)[]) {
      if (!ofThePool.has(key) && now[key] !== undefined && version.pool[key] === undefined) node.delete(key);
    }
    const models = sequence(document, keyOf("models"));
    for (const model of version.models) {
      const at = models.items.findIndex((item) => isMap(item) && item.get("name") === model.name);
      const before = file.config.models.find(({ name }) => name === model.name);
      if (at >= 0 && JSON.stringify(before) === JSON.stringify(model)) continue;
      if (at >= 0) models.set(at, document.createNode(model));
      else models.add(document.createNode(model));
    }
  });
}

/** Fields that pods are not made from. */
const ofThePool: ReadonlySet<keyof PoolConfig> = new Set(["name", "replicas", "scale", "previewReplicas", "rollout", "hold", "slo", "queueSeconds"]);

/** @param pools that serve it from then on */
export function addModel(file: StackFile, model: object & { readonly name: string }, pools: readonly string[]): Edit {
  if (file.config.models.some(({ name }) => name === model.name)) {
    throw usage(`${model.name} is configured already`, "a model that changed gets a version of its own, such as v1.1; aictl models list shows what there is");
  }
  return edited(file, (document) => {
    sequence(document, keyOf("models")).add(document.createNode(model));
    for (const pool of pools) modelsOf(poolNode(document, pool), pool).add(document.createNode(model.name));
  });
}

/** @param pools whose entries go too */
export function removeModel(file: StackFile, name: string): Edit {
  return edited(file, (document) => {
    const models = sequence(document, keyOf("models"));
    const at = models.items.findIndex((item) => isMap(item) && item.get("name") === name);
    if (at < 0) throw noModel(file, name);
    models.delete(at);
  });
}

export function noModel({ config, path }: StackFile, name: string) {
  return usage(`${name}: ${path} has no such model`, `one of ${config.models.map((model) => model.name).join(", ")}`);
}

export function noPool({ config, path }: StackFile, name: string) {
  return usage(`${name}: ${path} has no such pool`, `one of ${config.serving.pools.map((pool) => pool.name).join(", ")}`);
}

function poolNode(document: Document, pool: string): YAMLMap {
  const pools = sequence(document, [...keyOf("serving"), "pools"]);
  const found = pools.items.find((item) => isMap(item) && item.get("name") === pool);
  if (isMap(found)) return found;
  const names = pools.items.flatMap((item) => (isMap(item) ? [String(item.get("name"))] : []));
  throw usage(`${pool}: no such pool in serving.pools`, `one of ${names.join(", ")}`);
}

function modelsOf(pool: YAMLMap, name: string): YAMLSeq {
  const models = pool.get("models");
  if (isSeq(models)) return models;
  throw usage(`pool ${name}: its models are no list`, "correct the file");
}

function sequence(document: Document, path: readonly string[]): YAMLSeq {
  const node = document.getIn(path);
  if (isSeq(node)) return node;
  throw usage(`${path.slice(1).join(".")} is no list in the file itself`, "write it there as YAML: what `pulumi config set` put in as text can't be edited");
}
