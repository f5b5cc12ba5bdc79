/** Services with somebody behind them, and monitors that find what they watch. */
import type { KubeObject } from "../../objects";
import type { Pod } from "../../pods";
import { problem, stackPolicy, type Problem } from "../../policy";
import { matches, selects, type Stack } from "../../stack";
import type { View } from "../../values";

export const selectorsResolve = stackPolicy({
  number: 52,
  name: "selectors-resolve",
  title: "Services select pods that exist and ports that these have; monitors select what exists",
  why: "A Service that selects nothing refuses every connection, and a monitor that selects nothing never alerts: neither says so.",
  fix: "correct the selector or the port's name",
  group: "reliability",
  severity: "medium",
  controls: { nist: ["SI-4"] },
  subjects: (stack) => stack.ofKind("Service", "monitoring.coreos.com/PodMonitor", "monitoring.coreos.com/ServiceMonitor"),
  check: (subject, view, stack) => {
    if (subject.is("Service")) return service(subject, view, stack);
    // Other namespaces' pods may be of other stacks.
    if (view.has("spec.namespaceSelector")) return [];
    return subject.is("PodMonitor") ? podMonitor(subject, view, stack) : serviceMonitor(subject, view, stack);
  },
});

function service(subject: KubeObject, view: View, stack: Stack): readonly Problem[] {
  const selector = view.map("spec.selector");
  if (Object.keys(selector).length === 0 || view.string("spec.type") === "ExternalName") return [];
  const pods = stack.allPods().filter((pod) => pod.object.namespace === subject.namespace && matches(selector, pod.labels()));
  if (pods.length === 0) return [problem(view, "spec.selector", "must select pods of the stack")];
  return view.list("spec.ports").flatMap((port) => {
    const name = port.get("targetPort");
    return typeof name !== "string" || pods.some((pod) => portsOf(pod).includes(name))
      ? []
      : [problem(port, "targetPort", "must be the name of a port of the pods")];
  });
}

function podMonitor(subject: KubeObject, view: View, stack: Stack): readonly Problem[] {
  const pods = stack.selected(subject.namespace, view.view("spec.selector"));
  if (pods.length === 0) return [problem(view, "spec.selector", "must select pods of the stack")];
  return named(view.list("spec.podMetricsEndpoints"), new Set(pods.flatMap(portsOf)), "pods");
}

function serviceMonitor(subject: KubeObject, view: View, stack: Stack): readonly Problem[] {
  const services = stack
    .ofKind("Service")
    .filter((one) => one.namespace === subject.namespace && selects(view.view("spec.selector"), one.view().map("metadata.labels")));
  if (services.length === 0) return [problem(view, "spec.selector", "must select Services of the stack")];
  const ports = services.flatMap((one) => one.view().list("spec.ports").flatMap((port) => port.string("name") ?? [])); // prettier-ignore
  return named(view.list("spec.endpoints"), new Set(ports), "Services");
}

/** Endpoints whose port nobody has. */
function named(endpoints: readonly View[], ports: ReadonlySet<string>, of: string): readonly Problem[] {
  return endpoints.flatMap((endpoint) => {
    const port = endpoint.string("port");
    return port === undefined || ports.has(port) ? [] : [problem(endpoint, "port", `must be the name of a port of the ${of}`)];
  });
}

/** Names of a pod's ports; sidecars among the init containers have some too. */
function portsOf(pod: Pod): readonly string[] {
  return pod.containers("containers", "initContainers").flatMap(({ view }) => view.list("ports").flatMap((port) => port.string("name") ?? []));
}
