/** How model-proxy is run, as sidecar of a replica and as router of a pool (images/model-proxy). It refuses variables that it does not know. Pure. */
import type * as pulumi from "@pulumi/pulumi";
import { adminPort, metricsPort, modelServerPort, ollamaPort } from "../../stacks/connections";
import type { PoolConfig } from "../../stacks/schema";
import type { ContainerArgs, Probe } from "../common/podTemplate";

/** Where the executable is in its image. */
export const proxyProgram = "/usr/bin/model-proxy";

/** @param models names of those that must be in memory */
export function sidecarEnv(pool: Pick<PoolConfig, "parallel" | "maxQueue" | "drainSeconds">, models: readonly string[]): Record<string, string> {
  return prefixed({
    UPSTREAM: `http://127.0.0.1:${ollamaPort}`,
    LISTEN: `:${modelServerPort}`,
    METRICS_LISTEN: `:${metricsPort}`,
    ADMIN_LISTEN: `127.0.0.1:${adminPort}`,
    MODELS: models.join(","),
    // What Ollama answers at the same time: more would wait in its own queue, where nobody counts them.
    SLOTS: String(pool.parallel * models.length),
    QUEUE: String(pool.maxQueue),
    DRAIN_SECONDS: String(pool.drainSeconds),
  });
}

/** @param backend where the replicas are found: a name that resolves to their addresses, and their port: `ollama-active.ai-production.svc:11434` */
export function routerEnv(
  pool: Pick<PoolConfig, "maxQueue" | "queueSeconds" | "drainSeconds">,
  backend: pulumi.Input<string>,
): Record<string, pulumi.Input<string>> {
  return prefixed({
    BACKEND: backend,
    STATUS_PORT: String(metricsPort),
    LISTEN: `:${modelServerPort}`,
    METRICS_LISTEN: `:${metricsPort}`,
    QUEUE: String(pool.maxQueue),
    QUEUE_SECONDS: String(pool.queueSeconds),
    DRAIN_SECONDS: String(pool.drainSeconds),
  });
}

/** Probes of a router and of a sidecar: started and alive while it answers, ready until it drains. */
export function proxyProbes(): NonNullable<ContainerArgs["probes"]> {
  const get = (path: string): Probe => ({ httpGet: { path, port: "metrics" }, timeoutSeconds: 5 });
  return {
    startup: { ...get("/healthz"), periodSeconds: 1, failureThreshold: 60 },
    readiness: { ...get("/readyz"), periodSeconds: 2, failureThreshold: 2 },
    liveness: { ...get("/healthz"), periodSeconds: 20, failureThreshold: 3 },
  };
}

function prefixed<T>(variables: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(variables).map(([name, value]) => [`MODEL_PROXY_${name}`, value]));
}
