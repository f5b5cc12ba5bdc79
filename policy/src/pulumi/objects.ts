/** Pulumi's resources as Kubernetes objects. */
import { kubeObject, type KubeObject } from "../objects";
import { isFields, plain, type Fields, type Value } from "../values";
import type { Plain } from "./wire";

export interface Resource {
  /** `kubernetes:apps/v1:Deployment` */
  readonly type: string;
  readonly urn: string;
  readonly opts: { readonly protect: boolean };
}

/** What is not made of objects that a policy could see: components, whose children are resources themselves, and charts that the provider installs by itself. */
const notObjects = /^(yaml|kustomize|helm\.sh)(\/|$)/;

/** A chart that the provider installs: what it makes is seen by no policy. */
export function isRelease({ type }: Pick<Resource, "type">): boolean {
  return /^kubernetes:helm\.sh\/v\d+:Release$/.test(type);
}

/** Objects of a resource: one, several for a List, none where it is no Kubernetes object. */
export function objectsOf(resource: Resource, properties: Plain): readonly KubeObject[] {
  const token = parsed(resource.type);
  if (token === undefined || !isFields(properties.value)) return [];
  const props = properties.value;
  const kind = typeof props.kind === "string" ? props.kind : token.kind.replace(/Patch$/, "");
  const value: Fields = named(props, typeof props.apiVersion === "string" ? props.apiVersion : token.apiVersion, kind);
  // Only a patch differs from the kind that it is for.
  const partial = token.kind === `${kind}Patch`;
  const { items } = props;
  if (token.kind.endsWith("List") && Array.isArray(items))
    return (items as readonly Value[]).flatMap((item, i) => {
      if (!isFields(item)) return [];
      const one = named(item, text(item.apiVersion) ?? token.apiVersion, text(item.kind) ?? token.kind.replace(/List$/, ""));
      return objectOf(resource, one, below(properties.secrets, `items[${i}]`), { id: `${resource.urn}#${i}`, partial });
    });
  return objectOf(resource, value, properties.secrets, { id: resource.urn, partial });
}

/** Properties as the SDK hands them over, where there is no other reading: what throws when it is read is unknown. */
export function handedOver(props: Record<string, unknown>): Plain {
  return { value: plain(props), secrets: [] };
}

function objectOf({ opts }: Resource, value: Fields, secrets: readonly string[], { id, partial }: { id: string; partial: boolean }): readonly KubeObject[] {
  const object = kubeObject(value, {
    id,
    options: { protect: opts.protect },
    ...(secrets.length > 0 ? { secrets } : {}),
    ...(partial ? { partial } : {}),
  });
  return object === undefined ? [] : [object];
}

function parsed(type: string): { readonly apiVersion: string; readonly kind: string } | undefined {
  const [provider, module = "", kind = ""] = type.split(":");
  if (provider !== "kubernetes" || module === "" || kind === "" || notObjects.test(module)) return undefined;
  return { apiVersion: module.replace(/^core\//, ""), kind };
}

/** A copy that keeps having no prototype. */
function named(fields: Fields, apiVersion: string, kind: string): Fields {
  return Object.assign(Object.create(null) as Record<string, Value>, fields, { apiVersion, kind });
}

function below(paths: readonly string[], above: string): readonly string[] {
  return paths.filter((path) => path.startsWith(`${above}.`)).map((path) => path.slice(above.length + 1));
}

function text(value: Value): string | undefined {
  return typeof value === "string" ? value : undefined;
}
