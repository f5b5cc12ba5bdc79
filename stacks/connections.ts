/** Who may talk to whom: the one table that all network policies are made from. Everything else is denied. */
import type { StackConfig } from "./schema";

/** Pods of the project by their `app.kubernetes.io/component` and `app.kubernetes.io/instance`. */
export interface PodGroup {
  readonly component: Component;
  readonly instance: string;
}
export type Component = "model-server" | "model-loader";

/** Something outside the project; where that is, says the platform's profile. */
export type Outside = "api-server" | "dns" | "internet";

export interface Connection {
  readonly from: PodGroup | Outside;
  readonly to: PodGroup | Outside;
  /** Port of the pod, not of the Service: policies see traffic after address translation. `dns`: that of the platform's DNS pods. */
  readonly port: number | "dns";
  readonly why: string;
}

/** Port of a model server. */
export const modelServerPort = 11434;

/** Instance of all loaders that pull from a registry; the others need no connection at all. */
export const pullingLoader = "registry";

export function connections(config: Pick<StackConfig, "models" | "serving">): readonly Connection[] {
  const servers = config.serving.pools.map<Connection>(({ name }) => ({
    from: "api-server",
    to: { component: "model-server", instance: name },
    port: modelServerPort,
    why: "kubectl's forwards and the smoke check go through the API server's proxy",
  }));
  if (!config.models.some(({ source }) => source.kind === "registry")) return servers;
  const loader: PodGroup = { component: "model-loader", instance: pullingLoader };
  return [...servers, { from: loader, to: "dns", port: "dns", why: "finds the registry" }, { from: loader, to: "internet", port: 443, why: "pulls models" }];
}

/** Every group of pods that a stack has, with or without connections. */
export function isPodGroup(end: PodGroup | Outside): end is PodGroup {
  return typeof end === "object";
}
