/** Writes to the API server: create, server-side apply, replace of CRDs, delete. */
import { at, isMap, type MutableMap, type ValueMap } from "../lib/values";
import { setTimeout as sleep } from "node:timers/promises";
import { ApiError, isConflict, isNotFound } from "./api";
import { pathOf, type Resource } from "./discovery";
import { CREATE_MANAGER, explainConflict, hasOurUpdates, ownedByOthersOnly, takeOver } from "./managers";
import { annotation, gvkOf, isTrue, kindOf, nameOf, namespaceOf, withMetadata } from "./objects";
import type { Cluster } from "./wait";

const APPLY = "application/apply-patch+yaml"; // JSON is YAML
const JSON_PATCH = "application/json-patch+json";

/** The kind is not served: usually its CRD is not there. */
export class UnknownKind extends Error {
  override readonly name = "UnknownKind";
  constructor(object: ValueMap) {
    const { apiVersion, kind } = gvkOf(object);
    super(`the API server does not serve ${apiVersion} ${kind}: is its CustomResourceDefinition (or the operator that brings it) installed?`);
  }
}
export async function resourceFor(object: ValueMap, cluster: Cluster): Promise<Resource> {
  const resource = await cluster.discovery.find(gvkOf(object));
  if (!resource) throw new UnknownKind(object);
  return resource;
}

/** A namespace that is not there (yet). */
export const isNamespaceMissing = (error: unknown): boolean => error instanceof ApiError && error.code === 404 && error.about.kind === "namespaces";
/** Kind or namespace that another resource of the same `up` may be about to bring. */
const comesLater = (error: unknown): boolean => error instanceof UnknownKind || isNotFound(error);
const RETRY_AFTER_MS = [200, 400, 800, 1600, 3000, 5000, 5000];

interface WriteOptions {
  readonly preview: boolean;
  readonly manager: string;
  readonly force: boolean;
  /** Only some fields of an object that is somebody else's: what others hold stays theirs. */
  readonly patch?: boolean;
}
const dryRun = (preview: boolean) => (preview ? { dryRun: "All" } : {});

/** Makes an object. @param upsert apply it, so that one that exists is taken over @throws ApiError AlreadyExists */
export async function create(
  object: ValueMap,
  cluster: Cluster,
  options: WriteOptions & { readonly upsert: boolean },
  onRetry: (message: string) => void,
): Promise<ValueMap> {
  for (let attempt = 0; ; attempt++) {
    try {
      const resource = await resourceFor(object, cluster);
      const scoped = resource.namespaced ? object : withMetadata(object, (metadata) => delete metadata.namespace);
      if (options.upsert) return await apply(scoped, cluster, options);
      return await cluster.api.request("POST", pathOf(resource, namespaceOf(scoped)), {
        body: scoped,
        query: { fieldManager: CREATE_MANAGER, ...dryRun(options.preview) },
      });
    } catch (error) {
      const wait = RETRY_AFTER_MS[attempt];
      if (options.preview || wait === undefined || !comesLater(error)) throw error;
      onRetry(error instanceof Error ? error.message : String(error));
      await sleep(wait);
    }
  }
}

/** Server-side apply. @throws Error that names the field and its holder on a conflict */
export async function apply(object: ValueMap, cluster: Cluster, options: WriteOptions): Promise<ValueMap> {
  const resource = await resourceFor(object, cluster);
  const query = { fieldManager: options.manager, force: String(options.force), ...dryRun(options.preview) };
  try {
    return await cluster.api.request("PATCH", pathOf(resource, namespaceOf(object), nameOf(object)), { body: object, contentType: APPLY, query });
  } catch (error) {
    throw isConflict(error) ? explainConflict(error, options.manager) : error;
  }
}

export const read = async (object: ValueMap, cluster: Cluster): Promise<ValueMap | undefined> => {
  const resource = await resourceFor(object, cluster);
  try {
    return await cluster.api.request("GET", pathOf(resource, namespaceOf(object), nameOf(object)));
  } catch (error) {
    if (isNotFound(error) && !isNamespaceMissing(error)) return undefined;
    throw error;
  }
};

/** Takes the ignored fields out where another manager holds them; else keeps them as they are in the cluster. */
function withIgnored(object: ValueMap, live: ValueMap, manager: string, ignored: readonly string[]): ValueMap {
  return ignored.reduce((result, text) => {
    const path = [...text.matchAll(/\["([^"]+)"\]|([^.[\]]+)/g)].map((match) => match[1] ?? match[2] ?? "");
    const value = ownedByOthersOnly(live, manager, path) ? undefined : (at(live, ...path) ?? at(result, ...path));
    return setAt(result, path, value);
  }, object);
}
function setAt(object: ValueMap, path: readonly string[], value: ReturnType<typeof at>): ValueMap {
  const [key, ...rest] = path;
  if (key === undefined) return object;
  const result: MutableMap = { ...object };
  const inner = result[key];
  if (rest.length > 0) {
    if (isMap(inner)) result[key] = setAt(inner, rest, value);
  } else if (value === undefined) delete result[key];
  else result[key] = value;
  return result;
}

/** Changes an object in place. One that was deleted by hand is made again. */
export async function update(object: ValueMap, cluster: Cluster, options: WriteOptions & { readonly ignoreChanges: readonly string[] }): Promise<ValueMap> {
  const force = options.force || isTrue(object, "pulumi.com/patchForce");
  for (let attempt = 1; ; attempt++) {
    const live = await read(object, cluster);
    if (!live) return apply(object, cluster, { ...options, force: true });
    const resource = await resourceFor(object, cluster);
    const path = pathOf(resource, namespaceOf(object), nameOf(object));
    try {
      if (kindOf(object) === "CustomResourceDefinition") {
        const body = withMetadata(object, (metadata) => (metadata.resourceVersion = at(live, "metadata", "resourceVersion") ?? null));
        return await cluster.api.request("PUT", path, { body, query: { fieldManager: options.manager, ...dryRun(options.preview) } });
      }
      const patch = options.preview || options.patch ? undefined : takeOver(live, options.manager);
      const current = patch ? await cluster.api.request("PATCH", path, { body: patch, contentType: JSON_PATCH }) : live;
      const wanted = withIgnored(object, current, options.manager, options.ignoreChanges);
      // A dry run doesn't move fields from our other names, so it forces where those are the reason.
      return await apply(wanted, cluster, { ...options, force: force || (options.preview && hasOurUpdates(current)) });
    } catch (error) {
      if (attempt >= 5 || !isConflict(error)) throw error; // someone wrote in between: look again
    }
  }
}

/**
 * Gives up the fields that `manager` applied; those that nobody else holds go. An object that is gone needs nothing; the official provider would make it
 * anew, empty.
 */
export async function release(object: ValueMap, cluster: Cluster, manager: string): Promise<void> {
  if (!(await read(object, cluster))) return;
  const { apiVersion, kind } = gvkOf(object);
  const namespace = namespaceOf(object);
  const empty: ValueMap = { apiVersion, kind, metadata: { name: nameOf(object), ...(namespace ? { namespace } : {}) } };
  await apply(empty, cluster, { preview: false, manager, force: true });
}

/** Kinds that own nothing: they are gone at once. All others go after what they own ("foreground"). */
const LEAVES: ReadonlySet<string> = new Set([
  "ConfigMap",
  "Secret",
  "ServiceAccount",
  "Role",
  "RoleBinding",
  "ClusterRole",
  "ClusterRoleBinding",
  "NetworkPolicy",
  "ResourceQuota",
  "LimitRange",
  "PriorityClass",
]);

/** Asks for deletion. @returns whether it is gone already */
export async function remove(object: ValueMap, inputs: ValueMap, cluster: Cluster): Promise<boolean> {
  const resource = await cluster.discovery.find(gvkOf(object));
  if (!resource) return true; // its CRD is gone, and the object with it
  const asked = annotation(inputs, "pulumi.com/deletionPropagationPolicy")?.toLowerCase();
  const propagationPolicy = asked === "orphan" ? "Orphan" : asked === "background" || LEAVES.has(kindOf(object)) ? "Background" : "Foreground";
  try {
    const answer = await cluster.api.request("DELETE", pathOf(resource, namespaceOf(object), nameOf(object)), {
      body: { apiVersion: "v1", kind: "DeleteOptions", propagationPolicy },
    });
    return answer.kind === "Status" && answer.status === "Success";
  } catch (error) {
    if (isNotFound(error)) return true;
    throw error;
  }
}
