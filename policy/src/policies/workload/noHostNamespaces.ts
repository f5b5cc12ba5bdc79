/** Nothing of the node's own: processes, network, ports. */
import { podPolicy, problem, problemIf, type Problem } from "../../policy";
import { all, each } from "../../each";
import type { Container } from "../../pods";

const probes = ["livenessProbe", "readinessProbe", "startupProbe", "lifecycle.postStart", "lifecycle.preStop"];

export const noHostNamespaces = podPolicy({
  number: 17,
  name: "no-host-namespaces",
  title: "pods share neither processes, IPC, network nor ports with their node",
  why: "In the node's network no network policy holds, and in its other namespaces a pod sees and signals the processes of all others.",
  fix: "leave hostPID, hostIPC, hostNetwork, ports[].hostPort and the host of probes out",
  group: "workload",
  severity: "critical",
  controls: { cis: ["5.2.3", "5.2.4", "5.2.5", "5.2.13"], nsa: ["pod security"], nist: ["SC-39"] },
  check: (pod) =>
    all(
      () => each(["hostNetwork", "hostPID", "hostIPC"], (field) => problemIf(pod.spec.boolean(field) === true, pod.spec, field, "must not be true")),
      () => each(pod.containers(), (container) => all(() => portsOf(container), () => hostsOf(container))), // prettier-ignore
    ),
});

function portsOf({ view }: Container): readonly Problem[] {
  return each(view.list("ports"), (port) => problemIf((port.number("hostPort") ?? 0) !== 0, port, "hostPort", "must be left out: it is a port of the node"));
}

/** A probe of another host is a request that the kubelet sends from the node's network. */
function hostsOf({ view }: Container): readonly Problem[] {
  const places = probes.flatMap((probe) => ["httpGet", "tcpSocket"].map((handler) => `${probe}.${handler}.host`));
  return each(places, (place) => (view.string(place) ? [problem(view, place, "must be left out: the pod itself is asked")] : []));
}
