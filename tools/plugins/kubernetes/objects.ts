/** Kubernetes objects as plain values: names, annotations, and the two operations that a comparison needs, prune and normalize. */
import { at, isList, isMap, listAt, mapAt, textAt, without, type MutableMap, type Value, type ValueMap } from "../lib/values";
import { canonicalQuantity } from "./quantity";

export interface GroupVersionKind {
  readonly apiVersion: string;
  readonly kind: string;
}
export const nameOf = (object: ValueMap): string => textAt(object, "metadata", "name") ?? "";
export const namespaceOf = (object: ValueMap): string => textAt(object, "metadata", "namespace") ?? "";
export const kindOf = (object: ValueMap): string => textAt(object, "kind") ?? "";
export const annotation = (object: ValueMap, key: string): string | undefined => textAt(object, "metadata", "annotations", key);
export const isTrue = (object: ValueMap, key: string): boolean => annotation(object, key) === "true";

/** `namespace/name`, or `name` for what has no namespace: the resource's id in the state. */
export const idOf = (object: ValueMap): string => (namespaceOf(object) ? `${namespaceOf(object)}/${nameOf(object)}` : nameOf(object));
export function parseId(id: string): { namespace: string; name: string } {
  const slash = id.indexOf("/");
  return slash < 0 ? { namespace: "", name: id } : { namespace: id.slice(0, slash), name: id.slice(slash + 1) };
}

/** `kubernetes:apps/v1:Deployment` → apps/v1, Deployment; the group `core` has no name in the API. */
export function gvkOfType(type: string): GroupVersionKind {
  const [, module = "", kind = ""] = type.split(":");
  return { apiVersion: module.replace(/^core\//, ""), kind };
}
/** A `*Patch` resource says some fields of an object that is somebody else's. Custom resources may have such a name too, so the kind decides. */
export const isPatch = (type: string, object: ValueMap): boolean => kindOf(object) !== "" && type.split(":")[2] === `${kindOf(object)}Patch`;
/** What a resource of a program is in the API. */
export const gvkOfResource = (type: string, object: ValueMap): GroupVersionKind => ({
  ...gvkOfType(type),
  ...(isPatch(type, object) ? { kind: kindOf(object) } : {}),
});
export const gvkOf = (object: ValueMap): GroupVersionKind => ({ apiVersion: textAt(object, "apiVersion") ?? "", kind: kindOf(object) });

/** Fields that another part of the system writes. */
const READ_ONLY = ["creationTimestamp", "deletionGracePeriodSeconds", "deletionTimestamp", "generation", "managedFields", "resourceVersion", "uid"];
export function withMetadata(object: ValueMap, change: (metadata: MutableMap) => void): ValueMap {
  const metadata: MutableMap = { ...mapAt(object, "metadata") };
  change(metadata);
  return { ...object, metadata };
}
export const withoutReadOnly = (object: ValueMap): ValueMap =>
  isMap(object.metadata) && READ_ONLY.some((key) => key in mapAt(object, "metadata"))
    ? withMetadata(object, (metadata) => READ_ONLY.forEach((key) => delete metadata[key]))
    : object;

/** The part of `source` that has a place in `shape`: what the program set, as it is now, without what the server added. */
export function prune(source: ValueMap, shape: ValueMap): ValueMap {
  const result: MutableMap = {};
  for (const [key, value] of Object.entries(source)) {
    const target = shape[key];
    if (target !== undefined) result[key] = pruneValue(value, target);
  }
  return result;
}
function pruneValue(value: Value, target: Value): Value {
  if (isMap(value) && isMap(target)) return prune(value, target);
  if (isList(value) && isList(target)) {
    if (target.length === 0) return [];
    if (typeof value[0] !== typeof target[0]) return value;
    return value.slice(0, target.length).map((item, i) => pruneValue(item, target[i] ?? null));
  }
  return value;
}

/**
 * The form in which the server gives an object back: quantities in their shortest form, `stringData` as `data`. Equal objects
 * then look equal. Custom resources and what is not known yet stay as they are.
 */
export function normalize(object: ValueMap): ValueMap {
  const clean = withoutReadOnly(object);
  const group = textAt(object, "apiVersion") ?? "";
  if (kindOf(clean) === "Secret" && group === "v1") return normalizeSecret(clean);
  if (kindOf(clean) === "CustomResourceDefinition") return normalizeCrd(clean);
  return isBuiltIn(group) ? (quantities(clean) as ValueMap) : clean;
}

/** Groups of Kubernetes itself have no dot in their name, or end in `.k8s.io` (except those of add-ons, which say so). */
const BUILT_IN =
  /^(v1|(apps|batch|autoscaling|policy|extensions)\/.*|(admissionregistration|apiextensions|apiregistration|authentication|authorization|certificates|coordination|discovery|events|flowcontrol\.apiserver|internal\.apiserver|networking|node|rbac\.authorization|resource|scheduling|storage|storagemigration)\.k8s\.io\/.*)$/;
export const isBuiltIn = (apiVersion: string): boolean => BUILT_IN.test(apiVersion);

/** Keys whose values are maps of quantities, wherever they stand in a built-in object. */
const QUANTITY_MAPS: ReadonlySet<string> = new Set([
  "requests",
  "limits",
  "hard",
  "capacity",
  "allocatable",
  "overhead",
  "default",
  "defaultRequest",
  "max",
  "min",
  "maxLimitRequestRatio",
]);
const QUANTITIES: ReadonlySet<string> = new Set(["sizeLimit", "divisor", "averageValue"]);
/** Free-form maps that only look like the above. */
const OPAQUE: ReadonlySet<string> = new Set([
  "data",
  "stringData",
  "binaryData",
  "annotations",
  "labels",
  "matchLabels",
  "nodeSelector",
  "selector",
  "parameters",
]);

function quantities(value: Value): Value {
  if (isList(value)) return value.map(quantities);
  if (!isMap(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]): [string, Value] => {
      if (OPAQUE.has(key)) return [key, item];
      if (QUANTITY_MAPS.has(key) && isMap(item))
        return [
          key,
          Object.fromEntries(
            Object.entries(item).map(([name, amount]) => [name, isMap(amount) || isList(amount) ? quantities(amount) : canonicalQuantity(amount)]),
          ),
        ];
      return [key, QUANTITIES.has(key) ? canonicalQuantity(item) : quantities(item)];
    }),
  );
}

function normalizeSecret(secret: ValueMap): ValueMap {
  const { stringData, ...rest } = secret;
  const encode = (text: string, from: "utf8" | "base64") => Buffer.from(text, from).toString("base64");
  if (isMap(stringData) && Object.keys(stringData).length > 0) {
    const added = Object.entries(stringData).map(([key, text]) => [key, typeof text === "string" ? encode(text, "utf8") : text] as const);
    return { ...rest, data: { ...mapAt(secret, "data"), ...Object.fromEntries(added) } };
  }
  if (!isMap(secret.data)) return secret;
  // The server decodes and encodes again, which drops line breaks in the base64 text.
  return {
    ...secret,
    data: Object.fromEntries(Object.entries(secret.data).map(([key, text]) => [key, typeof text === "string" ? encode(text, "base64") : text])),
  };
}

function normalizeCrd(crd: ValueMap): ValueMap {
  const rest = without(crd, "status");
  if (at(crd, "spec", "preserveUnknownFields") !== false) return rest;
  return { ...rest, spec: without(mapAt(crd, "spec"), "preserveUnknownFields") };
}

/** Keys of JSON schema that a property name of the SDK cannot spell: `x_kubernetes_…` in the state, `x-kubernetes-…` in the API. */
const renamed = (from: RegExp, to: string) =>
  function rename(value: Value): Value {
    if (isList(value)) return value.map(rename);
    if (!isMap(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [
        from.test(key) ? to + key.slice(to.length).replaceAll(to[1] === "-" ? "_" : "-", to[1] ?? "") : key,
        rename(item),
      ]),
    );
  };
const dashes = renamed(/^x_kubernetes_/, "x-kubernetes-");
const underscores = renamed(/^x-kubernetes-/, "x_kubernetes_");
const isCrd = (object: ValueMap): boolean => kindOf(object) === "CustomResourceDefinition";
/** As the API reads it. */
export const toApi = (object: ValueMap): ValueMap => (isCrd(object) ? (dashes(object) as ValueMap) : object);
/** As the SDK reads it. */
export const toSdk = (object: ValueMap): ValueMap => (isCrd(object) ? (underscores(object) as ValueMap) : object);

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}
export const conditionsOf = (object: ValueMap): Condition[] =>
  listAt(object, "status", "conditions").map((condition) => ({
    type: textAt(condition, "type") ?? "",
    status: textAt(condition, "status") ?? "",
    reason: textAt(condition, "reason") ?? "",
    message: textAt(condition, "message") ?? "",
  }));
export const conditionOf = (object: ValueMap, type: string): Condition | undefined => conditionsOf(object).find((condition) => condition.type === type);
