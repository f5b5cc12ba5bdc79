/** What the server serves: resource names and scopes per kind, asked once per API group and kept until a kind is missing. */
import { at, listAt, textAt } from "../lib/values";
import { type Api, isNotFound } from "./api";
import type { GroupVersionKind } from "./objects";

export interface Resource {
  readonly plural: string;
  readonly namespaced: boolean;
  /** Path up to the resource, `/apis/apps/v1`. */
  readonly base: string;
}

/** Kinds without a namespace that Kubernetes itself has: known without asking, so that nothing is called for an unchanged object. */
const CLUSTER_SCOPED: ReadonlySet<string> = new Set(
  (
    "v1/Namespace v1/Node v1/PersistentVolume apiextensions.k8s.io/CustomResourceDefinition apiregistration.k8s.io/APIService " +
    "rbac.authorization.k8s.io/ClusterRole rbac.authorization.k8s.io/ClusterRoleBinding storage.k8s.io/StorageClass storage.k8s.io/CSIDriver storage.k8s.io/CSINode " +
    "storage.k8s.io/VolumeAttachment storage.k8s.io/VolumeAttributesClass scheduling.k8s.io/PriorityClass networking.k8s.io/IngressClass networking.k8s.io/IPAddress networking.k8s.io/ServiceCIDR node.k8s.io/RuntimeClass " +
    "certificates.k8s.io/CertificateSigningRequest flowcontrol.apiserver.k8s.io/FlowSchema flowcontrol.apiserver.k8s.io/PriorityLevelConfiguration resource.k8s.io/DeviceClass resource.k8s.io/ResourceSlice " +
    "admissionregistration.k8s.io/MutatingWebhookConfiguration admissionregistration.k8s.io/ValidatingWebhookConfiguration admissionregistration.k8s.io/ValidatingAdmissionPolicy " +
    "admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding admissionregistration.k8s.io/MutatingAdmissionPolicy admissionregistration.k8s.io/MutatingAdmissionPolicyBinding"
  ).split(" "),
);

/** Scope of a built-in kind; only for groups of Kubernetes itself. */
export function builtInScope({ apiVersion, kind }: GroupVersionKind): boolean {
  const group = apiVersion.includes("/") ? apiVersion.slice(0, apiVersion.indexOf("/")) : apiVersion;
  return !CLUSTER_SCOPED.has(`${group}/${kind}`);
}

export class Discovery {
  readonly #groups = new Map<string, Promise<ReadonlyMap<string, Resource>>>();
  constructor(readonly api: Api) {}

  #list(apiVersion: string): Promise<ReadonlyMap<string, Resource>> {
    const known = this.#groups.get(apiVersion);
    if (known) return known;
    const base = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const listing = this.api.request("GET", base).then(
      (answer) =>
        new Map(
          listAt(answer, "resources")
            .filter((resource) => !(textAt(resource, "name") ?? "").includes("/"))
            .map((resource) => [
              textAt(resource, "kind") ?? "",
              { plural: textAt(resource, "name") ?? "", namespaced: at(resource, "namespaced") === true, base },
            ]),
        ),
      (error: unknown) => {
        this.#groups.delete(apiVersion);
        if (isNotFound(error)) return new Map<string, Resource>();
        throw error;
      },
    );
    this.#groups.set(apiVersion, listing);
    return listing;
  }

  /** undefined: the server does not serve that kind (yet). */
  async find(gvk: GroupVersionKind): Promise<Resource | undefined> {
    const found = (await this.#list(gvk.apiVersion)).get(gvk.kind);
    // Not kept: a CRD may bring it any moment.
    if (!found) this.#groups.delete(gvk.apiVersion);
    return found;
  }

  forget(): void {
    this.#groups.clear();
  }
}

/** `/apis/apps/v1/namespaces/NS/deployments/NAME` */
export function pathOf(resource: Resource, namespace: string, name?: string): string {
  const scope = resource.namespaced ? `/namespaces/${encodeURIComponent(namespace || "default")}` : "";
  return `${resource.base}${scope}/${resource.plural}${name === undefined ? "" : `/${encodeURIComponent(name)}`}`;
}
