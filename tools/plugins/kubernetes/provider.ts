/** Stand-in of the kubernetes provider. Create is client-side, update is server-side apply, preview is a dry run, diff needs no call. */
import { InitFailed, type Engine } from "../lib/server";
import type { CheckInput, Operation, Provider, State } from "../lib/provider";
import { at, hasUnknown, isMap, plainMap, textAt, without, type ValueMap } from "../lib/values";
import { Api, ApiError, isAlreadyExists } from "./api";
import { checkConfig, diffConfig, readSettings, type Settings } from "./config";
import { diffObject } from "./diff";
import { builtInScope, Discovery } from "./discovery";
import {
  gvkOf,
  gvkOfResource,
  gvkOfType,
  idOf,
  isBuiltIn,
  isPatch,
  isTrue,
  kindOf,
  nameOf,
  namespaceOf,
  normalize,
  parseId,
  prune,
  toApi,
  withMetadata,
  withoutReadOnly,
  type GroupVersionKind,
} from "./objects";
import { requireOurs } from "./ours";
import { fieldManagerOf, makeState, markSecrets, parseState, withName } from "./state";
import { NotReady, timeoutOf, unreadyReasons, waitGone, waitReady, type Cluster } from "./wait";
import { Views } from "./watch";
import { create, isNamespaceMissing, read, release, remove, UnknownKind, update } from "./write";

/** Kinds whose deletion is not waited for with `pulumi.com/skipAwait`, as in the official provider. */
const SKIP_DELETE_WAIT: ReadonlySet<string> = new Set(["Namespace", "Pod", "ReplicationController", "DaemonSet", "Deployment", "StatefulSet", "Job"]);

export class KubernetesProvider implements Provider {
  readonly #cancel = new AbortController();
  #settings: Settings | undefined;
  #cluster: Cluster | undefined;
  #engine: Engine | undefined;
  #warned = false;

  constructor(readonly version: string) {}

  readonly checkConfig = checkConfig;
  readonly diffConfig = diffConfig;

  configure(config: ReadonlyMap<string, string>, engine: Engine): void {
    this.#engine = engine;
    this.#settings = readSettings(config);
    const { connection } = this.#settings;
    if (connection instanceof Error) return; // told when the cluster is needed: previews and other functions may work without
    requireOurs(connection);
    const api = new Api(connection);
    const discovery = new Discovery(api);
    this.#cluster = { api, discovery, views: new Views(api, discovery) };
  }

  get #config(): Settings {
    if (!this.#settings) throw new Error("the provider was not configured");
    return this.#settings;
  }
  #need(): Cluster {
    if (this.#cluster) return this.#cluster;
    const { connection } = this.#config;
    throw new Error(`the cluster cannot be reached: ${connection instanceof Error ? connection.message : "not configured"}`);
  }

  async check(input: CheckInput): Promise<{ inputs: ValueMap; failures?: { property: string; reason: string }[] }> {
    refuseType(input.type);
    if (isPatch(input.type, input.news) && at(input.news, "metadata", "name") === undefined) {
      return { inputs: input.news, failures: [{ property: "metadata.name", reason: "a Patch resource needs the name of the object that it changes" }] };
    }
    if (input.autonamingDisabled && at(input.news, "metadata", "name") === undefined) {
      return { inputs: input.news, failures: [{ property: "metadata.name", reason: "autonaming is disabled: give a name" }] };
    }
    if (at(input.news, "metadata", "generateName") !== undefined && at(input.news, "metadata", "name") === undefined) {
      return {
        inputs: input.news,
        failures: [{ property: "metadata.generateName", reason: "is not supported with server-side apply; leave the name out, and one is generated" }],
      };
    }
    const bare = plainMap(input.news);
    const given = hasUnknown(bare) ? withoutReadOnly(bare) : normalize(bare);
    let inputs = withName(given, input.olds, input.name, input.seed, input.proposedName);
    const metadata = at(inputs, "metadata");
    if (isMap(metadata) && !textAt(metadata, "namespace") && (await this.#namespaced(gvkOfResource(input.type, bare))) !== false) {
      inputs = withMetadata(inputs, (changed) => (changed.namespace = this.#config.namespace));
    }
    return { inputs: markSecrets(inputs, input.news) };
  }

  /** undefined: a custom resource whose CRD is not there yet, or no server to ask. */
  async #namespaced(gvk: GroupVersionKind): Promise<boolean | undefined> {
    if (isBuiltIn(gvk.apiVersion)) return builtInScope(gvk);
    if (!this.#cluster) return undefined;
    return (await this.#cluster.discovery.find(gvk).catch(() => undefined))?.namespaced;
  }

  async diff(input: { type: string; olds: ValueMap; news: ValueMap; ignoreChanges: readonly string[] }) {
    const namespaced = await this.#namespaced(gvkOfResource(input.type, input.news));
    return diffObject(input.olds, input.news, { ...this.#config, namespaced, ignoreChanges: input.ignoreChanges, patch: isPatch(input.type, input.news) });
  }

  /** Answers a preview with the inputs where a dry run can't be made. */
  #previewFallback(error: unknown): boolean {
    if (error instanceof UnknownKind || isNamespaceMissing(error) || isAlreadyExists(error)) return true;
    if (error instanceof ApiError) return error.code === 403 || /does not support dry run/.test(error.message);
    if (!this.#warned) this.#engine?.warn("", `preview without the cluster: ${error instanceof Error ? error.message : String(error)}`);
    this.#warned = true;
    return true;
  }

  async create(operation: Operation, news: ValueMap): Promise<State> {
    const inputs = toApi(plainMap(news));
    const manager = fieldManagerOf(news, {});
    const asIs = { id: "", properties: news };
    if (operation.preview && hasUnknown(inputs)) return asIs;
    let made: ValueMap;
    try {
      const patch = isPatch(operation.type, inputs);
      const upsert = this.#config.upsertExistingObjects || patch;
      const force = isTrue(inputs, "pulumi.com/patchForce") || this.#config.enablePatchForce || operation.preview;
      if (patch) await this.#mustExist(inputs);
      made = await create(inputs, this.#need(), { preview: operation.preview, manager, force, upsert }, (message) =>
        this.#engine?.status(operation.urn, `trying again: ${message}`),
      );
    } catch (error) {
      if (operation.preview && this.#previewFallback(error)) return asIs;
      throw explainCreate(error, inputs);
    }
    const state = (live: ValueMap) => makeState(normalize(inputs), live, news, textAt(inputs, "apiVersion") ?? "", manager);
    if (operation.preview) {
      return { id: "", properties: state(without(made, "status")) };
    }
    return { id: idOf(made), properties: await this.#settle(operation, made, inputs, state) };
  }

  /** A Patch resource adds fields to an object that somebody else made. The official provider makes one that is not there, of these fields alone. */
  async #mustExist(inputs: ValueMap): Promise<void> {
    if (await read(inputs, this.#need())) return;
    throw new Error(`there is no ${kindOf(inputs)} ${nameOf(inputs)} to patch`);
  }

  /** Waits, and turns "not ready" into a state that the engine keeps. */
  async #settle(operation: Operation, made: ValueMap, inputs: ValueMap, state: (live: ValueMap) => ValueMap): Promise<ValueMap> {
    const cluster = this.#need();
    if (kindOf(made) === "CustomResourceDefinition") cluster.discovery.forget();
    try {
      if (!this.#engine) throw new Error("the provider was not configured");
      return state(await waitReady(made, inputs, cluster, operation.timeout, operation.urn, this.#engine, this.#cancel.signal));
    } catch (error) {
      const live = error instanceof NotReady ? error.object : made;
      const message = error instanceof Error ? error.message : String(error);
      throw new InitFailed(message, idOf(made), state(live), [message]);
    }
  }

  async update(operation: Operation, _id: string, olds: ValueMap, news: ValueMap, ignoreChanges: readonly string[]): Promise<ValueMap> {
    const inputs = normalize(toApi(plainMap(news)));
    if (operation.preview && hasUnknown(inputs)) return news;
    const manager = fieldManagerOf(news, olds);
    const { live, initialApiVersion } = parseState(olds);
    // The object may have been imported without a namespace in its inputs.
    const target = namespaceOf(live) && !namespaceOf(inputs) ? withMetadata(inputs, (metadata) => (metadata.namespace = namespaceOf(live))) : inputs;
    let changed: ValueMap;
    try {
      changed = await update(target, this.#need(), {
        preview: operation.preview,
        manager,
        force: this.#config.enablePatchForce,
        ignoreChanges,
        patch: isPatch(operation.type, inputs),
      });
    } catch (error) {
      if (operation.preview && !isAlreadyExists(error) && (error instanceof UnknownKind || (error instanceof ApiError && error.code === 403))) return news;
      throw explain(error, "update", inputs);
    }
    const state = (object: ValueMap) => makeState(inputs, object, news, initialApiVersion ?? textAt(inputs, "apiVersion") ?? "", manager);
    return operation.preview ? state(changed) : this.#settle(operation, changed, inputs, state);
  }

  async read(operation: Operation, id: string, state: ValueMap, given: ValueMap): Promise<State | undefined> {
    refuseType(operation.type);
    const { live: oldLive, initialApiVersion } = parseState(state);
    const oldInputs = normalize(toApi(plainMap(given)));
    const { namespace, name } = parseId(id);
    const gvk = kindOf(oldInputs) ? gvkOf(oldInputs) : kindOf(oldLive) ? gvkOf(oldLive) : gvkOfType(operation.type);
    if (this.#config.connection instanceof Error) {
      if (this.#config.deleteUnreachable) return undefined;
      if (this.#config.skipUpdateUnreachable) return { id, properties: state, inputs: given };
    }
    let live: ValueMap | undefined;
    try {
      live = await read({ ...gvk, metadata: { name, namespace: namespace || namespaceOf(oldLive) } }, this.#need());
    } catch (error) {
      if (error instanceof UnknownKind || isNamespaceMissing(error)) return undefined;
      throw explain(error, "read", { ...gvk, metadata: { name, namespace } });
    }
    if (!live) return undefined;
    const imported = Object.keys(oldInputs).length === 0;
    const inputs = imported ? inputsOf(live) : prune(live, oldInputs);
    const properties = makeState(inputs, live, given, initialApiVersion ?? textAt(live, "apiVersion") ?? "", fieldManagerOf(inputs, state));
    const result = { id, properties, inputs: markSecrets(inputs, given) };
    const why = imported ? [] : await unreadyReasons(live, this.#need());
    if (why.length > 0) throw new InitFailed(`${kindOf(live)} ${id} is not ready: ${why.join("; ")}`, id, result.properties, why, result.inputs);
    return result;
  }

  async delete(operation: Operation, id: string, state: ValueMap): Promise<void> {
    const { inputs, live, fieldManager } = parseState(state);
    const { namespace, name } = parseId(id);
    const object: ValueMap = { ...live, metadata: { ...(isMap(live.metadata) ? live.metadata : {}), name, ...(namespace ? { namespace } : {}) } };
    if (this.#config.connection instanceof Error && this.#config.deleteUnreachable) return;
    const cluster = this.#need();
    try {
      if (isPatch(operation.type, object)) return await release(object, cluster, fieldManager ?? "");
      if (await remove(object, inputs, cluster)) return;
      if (isTrue(inputs, "pulumi.com/skipAwait") && SKIP_DELETE_WAIT.has(kindOf(object))) return;
      if (this.#engine) await waitGone(object, cluster, timeoutOf(inputs, operation.timeout, 600) * 1000, operation.urn, this.#engine, this.#cancel.signal);
    } catch (error) {
      if (error instanceof NotReady) throw error;
      throw explain(error, "delete", object);
    }
  }

  cancel(): void {
    this.#cancel.abort();
  }
}

/** What a program would have to say to get this object. */
function inputsOf(live: ValueMap): ValueMap {
  const rest = without(withoutReadOnly(live), "status");
  const annotations = at(rest, "metadata", "annotations");
  if (!isMap(annotations)) return rest;
  const kept = without(annotations, "deployment.kubernetes.io/revision", "kubectl.kubernetes.io/last-applied-configuration");
  return withMetadata(rest, (metadata) => {
    if (Object.keys(kept).length > 0) metadata.annotations = kept;
    else delete metadata.annotations;
  });
}

function refuseType(type: string): void {
  const { apiVersion, kind } = gvkOfType(type);
  const hint = "is not in the stand-in of the kubernetes plugin; install the official plugin to use it";
  if (/^(helm|kustomize|yaml)\b/.test(apiVersion)) throw new Error(`${type} ${hint}`);
  if (isBuiltIn(apiVersion) && kind.endsWith("List")) throw new Error(`${type}: lists cannot be created; use the kind that they hold`);
}

function explain(error: unknown, verb: string, object: ValueMap): Error {
  const message = error instanceof Error ? error.message : String(error);
  return new Error(`${verb} of ${kindOf(object)} ${idOf(object) || nameOf(object)} failed: ${message}`, { cause: error });
}

function explainCreate(error: unknown, object: ValueMap): Error {
  const told = explain(error, "create", object);
  if (!isAlreadyExists(error)) return told;
  told.message +=
    "\n  The object exists in the cluster already, and creating does not take it over. One of:" +
    "\n    an `up` that was cut off made it:  run it again with PULUMI_K8S_UPSERT_EXISTING_OBJECTS=true, which takes over what exists" +
    `\n    somebody else made it:             pulumi import ${typeTokenOf(object)} NAME ${idOf(object)}  (or the resource option import: "${idOf(object)}")` +
    "\n    the resource was renamed:          give it the resource option aliases, or deleteBeforeReplace where it is replaced";
  return told;
}
const typeTokenOf = (object: ValueMap): string => {
  const { apiVersion, kind } = gvkOf(object);
  return `kubernetes:${apiVersion.includes("/") ? apiVersion : `core/${apiVersion}`}:${kind}`;
};
