/** What makes a Service public, and what stands before it: Routes of OpenShift, Ingresses, and routes of the Gateway API. */
import type { KubeObject } from "../../objects";
import { peek } from "../../peek";
import { indexed, perStack, qualified } from "../../perStack";
import type { Stack } from "../../stack";
import { isFields, type Value, type View } from "../../values";

export const routeKind = "route.openshift.io/Route";
export const ingressKind = "networking.k8s.io/Ingress";
export const gatewayApi = "gateway.networking.k8s.io";
const gatewayRoutes = ["HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute"].map((kind) => `${gatewayApi}/${kind}`);
export const exposureKinds: readonly string[] = [routeKind, ingressKind, ...gatewayRoutes];

/** A Service behind an exposure; the port as it is written there: a number or a name. */
export interface Backend {
  readonly at: View;
  readonly service: string;
  readonly namespace: string;
  readonly port: string | undefined;
}

export function annotationsOf(view: View): View {
  return view.view("metadata.annotations");
}

/** Objects that make Services public, but for routes that only redirect. */
export function exposures(stack: Stack): readonly KubeObject[] {
  return stack.ofKind(...exposureKinds).filter((object) => !gatewayRoutes.some((kind) => object.is(kind)) || servesSomething(object));
}

/** What is malformed or unknown may serve something. */
function servesSomething({ value }: KubeObject): boolean {
  const rules = peek(value, "spec", "rules");
  return !Array.isArray(rules) || rules.length === 0 || (rules as readonly Value[]).some((rule) => !isFields(rule) || peek(rule, "backendRefs") !== undefined);
}

/** Services behind an exposure. @throws NotDecided, Malformed */
export function backendsOf(object: KubeObject, view: View): readonly Backend[] {
  const backend = (at: View, name: string, port: string | undefined, namespace = object.namespace): readonly Backend[] => {
    const service = at.string(name);
    return service === undefined ? [] : [{ at: at.view(name), service, namespace, port }];
  };
  if (object.is(routeKind)) {
    const port = view.text("spec.port.targetPort");
    return [view.view("spec.to"), ...view.list("spec.alternateBackends")].flatMap((to) => backend(to, "name", port));
  }
  if (object.is(ingressKind)) {
    const paths = view.list("spec.rules").flatMap((rule) => rule.list("http.paths").map((path) => path.view("backend")));
    return [view.view("spec.defaultBackend"), ...paths].flatMap((at) =>
      backend(at, "service.name", at.text("service.port.number") ?? at.string("service.port.name")),
    );
  }
  return view
    .list("spec.rules")
    .flatMap((rule) => rule.list("backendRefs"))
    .filter((ref) => (ref.string("kind") ?? "Service") === "Service")
    .flatMap((ref) => backend(ref, "name", ref.text("port"), ref.string("namespace")));
}

/** Filters of all rules of an HTTPRoute. */
export function filtersOf(view: View): readonly View[] {
  return view.list("spec.rules").flatMap((rule) => rule.list("filters"));
}

const gateways = indexed([`${gatewayApi}/Gateway`], qualified);

/** Gateways that a route names, each with the reference, and the object where it is in the stack. */
export function parentsOf(object: KubeObject, view: View, stack: Stack): readonly { readonly ref: View; readonly gateway: KubeObject | undefined }[] {
  return view
    .list("spec.parentRefs")
    .filter((ref) => (ref.string("kind") ?? "Gateway") === "Gateway")
    .map((ref) => {
      const key = qualified({ namespace: ref.string("namespace") ?? object.namespace, name: ref.string("name") ?? "" });
      return { ref, gateway: gateways(stack, key)[0] };
    });
}

const policyKinds = [
  "gateway.envoyproxy.io/SecurityPolicy",
  "gateway.envoyproxy.io/BackendTrafficPolicy",
  "kuadrant.io/AuthPolicy",
  "kuadrant.io/RateLimitPolicy",
] as const;
const attachable = perStack((stack) => stack.ofKind(...policyKinds));

/** Policies of Gateway implementations that are attached to a route or to its Gateway. @throws NotDecided, Malformed */
export function attachedTo(object: KubeObject, view: View, stack: Stack): readonly KubeObject[] {
  const gatewayNames = view.list("spec.parentRefs").map((ref) => ({
    kind: "Gateway",
    name: ref.string("name") ?? "",
    namespace: ref.string("namespace") ?? object.namespace,
  }));
  const targets = [{ kind: object.kind, name: object.name, namespace: object.namespace }, ...gatewayNames];
  return attachable(stack).filter((policy) => {
    const spec = policy.view().view("spec");
    const refs = [...spec.list("targetRefs"), ...(spec.has("targetRef") ? [spec.view("targetRef")] : [])];
    return refs.some((ref) =>
      targets.some(({ kind, name, namespace }) => namespace === policy.namespace && ref.string("kind") === kind && ref.string("name") === name),
    );
  });
}

const middlewares = indexed(["traefik.io/Middleware"], qualified);

/** Traefik's middlewares of an Ingress (`NAMESPACE-NAME@kubernetescrd`) or of an HTTPRoute's filters, where they are in the stack. @throws NotDecided, Malformed */
export function middlewaresOf(object: KubeObject, view: View, stack: Stack): readonly KubeObject[] {
  if (object.is(ingressKind)) {
    const names = (annotationsOf(view).at("traefik.ingress.kubernetes.io/router.middlewares").string("") ?? "").split(",").map((name) => name.trim());
    return stack.ofKind("traefik.io/Middleware").filter(({ namespace, name }) => names.includes(`${namespace}-${name}@kubernetescrd`));
  }
  if (!object.is(`${gatewayApi}/HTTPRoute`)) return [];
  return filtersOf(view)
    .filter((filter) => filter.string("extensionRef.kind") === "Middleware")
    .flatMap((filter) => middlewares(stack, qualified({ namespace: object.namespace, name: filter.string("extensionRef.name") ?? "" })));
}
