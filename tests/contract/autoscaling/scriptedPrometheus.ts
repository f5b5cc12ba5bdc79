/** A Prometheus that says what a test wants, over its HTTP API: the recorded series of one pool, and CPU and memory of all pods that it is asked for. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { recorded } from "../../../stacks/observability/recording";

export interface Script {
  inFlight: number;
  queueWait: number;
  /** Cores of each pod. */
  cpu: number;
  /** Bytes of each pod. */
  memory: number;
  /** Answers with an error. */
  away: boolean;
}

export interface ScriptedPrometheus {
  readonly url: string;
  readonly script: Script;
  /** Queries that it was asked. */
  readonly queries: Set<string>;
  close(): Promise<void>;
}

/** The part of the adapter's configuration by which it serves metrics.k8s.io from this Prometheus, in place of metrics-server. */
export const resourceRules = {
  cpu: resourceRule("pod_cpu"),
  memory: resourceRule("pod_memory"),
  window: "1m",
};

function resourceRule(series: string): object {
  return {
    containerLabel: "container",
    containerQuery: `sum by (<<.GroupBy>>) (${series}{<<.LabelMatchers>>})`,
    nodeQuery: `sum by (<<.GroupBy>>) (${series}{<<.LabelMatchers>>})`,
    resources: { overrides: { namespace: { resource: "namespace" }, pod: { resource: "pod" }, node: { resource: "node" } } },
  };
}

/** @param labels of the series of the pool */
export async function scriptedPrometheus(labels: { readonly namespace: string; readonly pool: string }): Promise<ScriptedPrometheus> {
  const script: Script = { inFlight: 0, queueWait: 0, cpu: 0, memory: 0, away: false };
  const queries = new Set<string>();
  const result = (query: string): readonly object[] => {
    const at = Date.now() / 1000;
    const pods = /pod=~?"([^"]*)"/.exec(query)?.[1]?.split("|") ?? [];
    const ofPods = (value: number) => pods.map((pod) => ({ metric: { namespace: labels.namespace, pod, container: "ollama" }, value: [at, String(value)] }));
    if (query.includes("pod_cpu")) return ofPods(script.cpu);
    if (query.includes("pod_memory")) return ofPods(script.memory);
    const mine = query.includes(`namespace="${labels.namespace}"`) && query.includes(`pool="${labels.pool}"`);
    if (!mine) return [];
    return [{ metric: {}, value: [at, String(query.includes(recorded.queueWait) ? script.queueWait : script.inFlight)] }];
  };
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://localhost");
    const query = url.searchParams.get("query") ?? "";
    if (query !== "") queries.add(query);
    response.writeHead(script.away ? 503 : 200, { "content-type": "application/json" });
    const data = url.pathname.endsWith("/series") ? [{ __name__: recorded.inFlight, ...labels }] : { resultType: "vector", result: result(query) };
    response.end(JSON.stringify(script.away ? { status: "error", errorType: "unavailable", error: "away" } : { status: "success", data }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, script, queries, close: () => closed(server) };
}

function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
