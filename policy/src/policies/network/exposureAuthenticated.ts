/** Whoever comes from outside is asked who he is. */
import { all, each } from "../../each";
import type { KubeObject } from "../../objects";
import { peek } from "../../peek";
import { grouped, indexed, perStack, qualified } from "../../perStack";
import type { Container, Pod } from "../../pods";
import { problem, stackPolicy, type Problem } from "../../policy";
import { matches, type Stack } from "../../stack";
import { Malformed, UNKNOWN, type View } from "../../values";
import { annotationsOf, attachedTo, backendsOf, exposureKinds, exposures, gatewayApi, ingressKind, middlewaresOf, type Backend } from "./exposures";

/**
 * Says who authenticates what comes in, as `KIND by SOFTWARE`: `oidc by oauth2-proxy`. A declaration for reviewers: no program sees from a manifest that the software
 * does so.
 */
export const authentication = "openshift-ai-platform/authentication";
const declared = /^(oidc|saml|bearer|mtls) by \S/;

export const exposureAuthenticated = stackPolicy({
  number: 34,
  name: "exposure-authenticated",
  title: "nothing is public without authentication in front, and inference servers are never public",
  why: "Ollama, vLLM and their like ask nobody who they are: whoever reaches one uses the GPUs, reads what others ask, and may delete or replace models.",
  fix: `expose what authenticates, and say so: the annotation ${authentication} ("oidc by oauth2-proxy"), auth-url of the Ingress, or the Gateway's policy`,
  group: "network",
  severity: "critical",
  controls: { nist: ["AC-3", "IA-2"] },
  parameters: {
    components: {
      type: "strings",
      description: "values of app.kubernetes.io/component of inference servers, and of what passes on to them without asking who it is",
      default: ["model-router", "model-server"],
    },
    ports: { type: "strings", description: "ports of inference servers", default: ["11434"] },
    images: {
      type: "strings",
      description: "names of images of inference servers, without registry and tag",
      default: ["llama.cpp", "localai", "ollama", "sglang", "text-embeddings-inference", "text-generation-inference", "tritonserver", "vllm", "vllm-openai"],
    },
    proxies: {
      type: "strings",
      description: "names of images that authenticate whoever comes, in the same pod",
      default: ["kube-rbac-proxy", "oauth-proxy", "oauth2-proxy", "ose-oauth-proxy"],
    },
  },
  subjects: (stack) => [...exposures(stack), ...stack.ofKind("/Service").filter(isPublic)],
  check: (subject, view, stack, { parameters }) => {
    if (!subject.is(...exposureKinds)) {
      view.get("spec.type");
      const ports = view.list("spec.ports").map((port) => port.text("port"));
      return each(ports, (port) => behind({ at: view.view("spec.selector"), service: subject.name, namespace: subject.namespace, port }, stack, parameters));
    }
    const backends = backendsOf(subject, view);
    return all(
      () => each(backends, (backend) => behind(backend, stack, parameters)),
      () =>
        isAuthenticated(subject, view, stack) || (backends.length > 0 && backends.every((backend) => isBehindProxy(backend, stack, parameters.proxies)))
          ? []
          : [problem(annotationsOf(view).at(authentication), "", "must say who authenticates, as KIND by SOFTWARE; KIND is oidc, saml, bearer or mtls")],
    );
  },
});

interface Known {
  readonly components: readonly string[];
  readonly ports: readonly string[];
  readonly images: readonly string[];
  readonly proxies: readonly string[];
}

const services = indexed(["/Service"], qualified);
const podsByNamespace = perStack((stack) => grouped(stack.allPods(), (pod) => pod.object.namespace));

/** @throws NotDecided where the labels of a pod of the namespace are known only after `up`; malformed ones are refused where they are */
function selectedBy(selector: Readonly<Record<string, string>>, namespace: string, stack: Stack): readonly Pod[] {
  return (podsByNamespace(stack).get(namespace) ?? []).filter((pod) => {
    try {
      return matches(selector, pod.labels());
    } catch (error) {
      if (error instanceof Malformed) return false;
      throw error;
    }
  });
}

function isPublic({ value }: KubeObject): boolean {
  const type = peek(value, "spec", "type");
  return type === "NodePort" || type === "LoadBalancer" || type === UNKNOWN;
}

/** What is wrong with a backend: an inference server answers there. */
function behind(backend: Backend, stack: Stack, known: Known): readonly Problem[] {
  const ports = [backend.port, ...targetsOf(backend, stack).map(({ port }) => port)];
  const wrong = (what: string) => [problem(backend.at, "", `must not be ${what}: put what authenticates in front of it`)];
  if (ports.some((port) => port !== undefined && known.ports.includes(port))) return wrong(`an inference server (port ${known.ports.join(", ")})`);
  for (const { pod, containers } of targetsOf(backend, stack)) {
    if (pod === undefined) continue;
    const component = pod.labels()["app.kubernetes.io/component"] ?? "";
    if (known.components.includes(component) && !containers.every((one) => known.proxies.includes(imageName(one)))) return wrong(`a ${component}`);
    const server = containers.find((one) => known.images.includes(imageName(one)));
    if (server !== undefined) return wrong(`an inference server (${imageName(server)})`);
  }
  return [];
}

function isBehindProxy(backend: Backend, stack: Stack, proxies: readonly string[]): boolean {
  const targets = targetsOf(backend, stack).filter(({ pod }) => pod !== undefined);
  return targets.length > 0 && targets.every(({ containers }) => containers.length > 0 && containers.every((one) => proxies.includes(imageName(one))));
}

interface Target {
  readonly port: string;
  readonly pod: Pod | undefined;
  /** Those that listen at the port; all, where none says so. */
  readonly containers: readonly Container[];
}

/** Ports and pods that a backend's Service leads to; none where it isn't in the stack. */
function targetsOf({ service, namespace, port }: Backend, stack: Stack): readonly Target[] {
  return services(stack, qualified({ namespace, name: service })).flatMap((object) => {
    const spec = object.view().view("spec");
    const selector = spec.map("selector");
    const pods = Object.keys(selector).length === 0 ? [] : selectedBy(selector, namespace, stack);
    const ports = spec.list("ports");
    const named = ports.filter((one) => port === undefined || [one.text("port"), one.string("name"), one.text("targetPort")].includes(port));
    return named.flatMap<Target>((one) => {
      const target = one.text("targetPort") ?? one.text("port") ?? "";
      if (pods.length === 0) return [{ port: target, pod: undefined, containers: [] }];
      return pods.map((pod) => listening(pod, target));
    });
  });
}

function listening(pod: Pod, target: string): Target {
  const running = pod.containers("containers", "initContainers").filter((one) => one.kind === "containers" || one.sidecar);
  const at = (one: Container) => one.view.list("ports").find((port) => [port.string("name"), port.text("containerPort")].includes(target));
  const containers = running.filter((one) => at(one) !== undefined);
  const number = containers.map((one) => at(one)?.text("containerPort")).find((port) => port !== undefined);
  return { port: number ?? target, pod, containers: containers.length > 0 ? containers : running };
}

/** Last part of an image's repository: `quay.io/example/ollama:0.5` → `ollama`. */
function imageName({ view }: Container): string {
  return /([^/:@]+)(:[^/@]*)?(@.*)?$/.exec(view.string("image") ?? "")?.[1] ?? "";
}

function isAuthenticated(subject: KubeObject, view: View, stack: Stack): boolean {
  const annotations = annotationsOf(view);
  const has = (key: string) => (annotations.at(key).string("") ?? "") !== "";
  if (declared.test(annotations.at(authentication).string("") ?? "")) return true;
  if (subject.is(ingressKind)) {
    const nginx = "nginx.ingress.kubernetes.io";
    if (has(`${nginx}/auth-url`) || has(`${nginx}/auth-tls-secret`) || (has(`${nginx}/auth-type`) && has(`${nginx}/auth-secret`))) return true;
  }
  const rules = subject.is(`${gatewayApi}/HTTPRoute`) ? view.list("spec.rules") : [];
  if (rules.length > 0 && rules.every((rule) => rule.list("filters").some((filter) => filter.string("type") === "ExternalAuth"))) return true;
  const asks = (object: KubeObject, ...fields: readonly string[]) => fields.some((field) => object.view().has(`spec.${field}`));
  return (
    middlewaresOf(subject, view, stack).some((one) => asks(one, "forwardAuth", "basicAuth", "digestAuth")) ||
    attachedTo(subject, view, stack).some((one) =>
      one.is("SecurityPolicy") ? asks(one, "oidc", "jwt", "extAuth", "basicAuth", "apiKeyAuth") : one.is("AuthPolicy"),
    )
  );
}
