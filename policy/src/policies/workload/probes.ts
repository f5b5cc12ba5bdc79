/** When a server may get requests, and when it must be restarted: two questions. */
import { all } from "../../each";
import { gpusOf } from "../../gpu";
import { containerPolicy, problem, type Problem } from "../../policy";
import type { View } from "../../values";

const handlers = ["exec", "grpc", "httpGet", "tcpSocket"];

export const probes = containerPolicy({
  number: 23,
  name: "probes",
  title: "servers have a readiness and a liveness probe that differ in purpose, and a startup probe where loading is slow",
  why: "Without readiness, requests go to a server that can't answer yet; where liveness asks the same, a busy server is restarted instead of spared; and one that loads a model is killed before it is up.",
  fix: "let readiness ask whether it can answer and liveness whether it is stuck, with more patience; add a startupProbe to containers with a GPU",
  group: "workload",
  severity: "medium",
  controls: { nist: ["SI-13(4)"] },
  parameters: { gpuStartup: { type: "boolean", description: "whether containers with a GPU need a startup probe", default: true } },
  // What runs to its end is never waited for; and what only starts has no probes.
  applies: (container) => (container.kind === "containers" || container.sidecar) && !container.pod.ends,
  check: (container, { parameters, settings }) => {
    const { view } = container;
    return all(
      () => required(view, "readinessProbe"),
      () => required(view, "livenessProbe"),
      () => alike(view.view("readinessProbe"), view.view("livenessProbe")),
      () => (parameters.gpuStartup && gpusOf(container, settings).length > 0 ? required(view, "startupProbe") : []),
    );
  },
});

function required(view: View, probe: string): readonly Problem[] {
  return asks(view.view(probe)) === "" ? [problem(view, probe, "must be set")] : [];
}

/** The same question twice is fine where liveness is the more patient one, as the Kubernetes documentation has it. */
function alike(readiness: View, liveness: View): readonly Problem[] {
  const question = asks(readiness);
  const same = question !== "" && question === asks(liveness) && patience(liveness) <= patience(readiness);
  return same ? [problem(liveness, "", "must ask another question than readinessProbe, or wait longer before it gives up")] : [];
}

/** What a probe does, for comparison; "" where it does nothing. @throws NotDecided */
function asks(probe: View): string {
  return handlers.flatMap((handler) => (probe.has(handler) ? [`${handler} ${written(probe.view(handler))}`] : [])).join();
}

/** A value as text, the same for the same value. @throws NotDecided */
function written(view: View): string {
  const value = view.known();
  if (typeof value !== "object") return JSON.stringify(value) ?? "";
  const parts = Array.isArray(value)
    ? view.list("").map(written)
    : view
        .entries("")
        .map(([key, item]) => `${key}: ${written(item)}`)
        .sort();
  return `{${parts.join()}}`;
}

/** Seconds until a probe that fails counts as failed. */
function patience(probe: View): number {
  return (probe.number("periodSeconds") ?? 10) * (probe.number("failureThreshold") ?? 3);
}
