/** Who may talk to whom: the one table that all network policies are made from. Everything else is denied. Pure. */
import { isIP } from "node:net";
import { buildConnections } from "./builds";
import { namespaceOf, projectOf } from "./projects";
import type { StackConfig } from "./schema";

/** Pods by their namespace, their `app.kubernetes.io/component` and their `app.kubernetes.io/instance`. */
export interface PodGroup {
  readonly namespace: string;
  /** @default all pods of the namespace */
  readonly component?: Component;
  /** @default all pods of the component */
  readonly instance?: string;
}
export type Component =
  "model-router" | "model-server" | "model-analysis" | "model-loader" | "model-builder" | "build-listener" | "promotion-test" | "gateway" | "database";

/**
 * What is no pod of a project. The platform's profile and the configuration say where each is; `site`: `network.allowedAddresses`; `monitoring`: the projects of
 * the Prometheus that reads metrics; `database`: `data.postgres.addresses`, the server that is not the stack's own; `router`: what
 * passes requests from outside on.
 */
export type Outside = "api-server" | "database" | "dns" | "internet" | "monitoring" | "proxy" | "router" | "site";

export interface Connection {
  readonly from: PodGroup | Outside;
  readonly to: PodGroup | Outside;
  /** TCP port of the pod, not of the Service: policies see traffic after address translation. `dns`: that of the platform's DNS pods, UDP and TCP. */
  readonly port: number | "dns";
  readonly why: string;
}

/** What the table is made from. */
export type ConnectionsConfig = Pick<
  StackConfig,
  "builds" | "cluster" | "data" | "environment" | "gateway" | "layers" | "models" | "network" | "platform" | "serving" | "teams"
>;

/** Port on which models are asked: of a router, and of the sidecar of each replica behind it. */
export const modelServerPort = 11434;

/** Port of Ollama, on the loopback of its pod: nobody gets past the sidecar. */
export const ollamaPort = 11435;

/** Port of metrics, of health, and of what a router asks a replica; of sidecars and routers. */
export const metricsPort = 9464;

/** Port by which a sidecar is told to drain, on the loopback of its pod. */
export const adminPort = 9465;

/** Port on which people, editors and programs ask the gateway. */
export const gatewayPort = 8080;

/** Port of the stack's own PostgreSQL. */
export const databasePort = 5432;

/** Port of everything outside that models are pulled from. */
export const httpsPort = 443;

/** Names of the gateway and of the stack's own PostgreSQL: of their objects, and their instances. */
export const gatewayName = "gateway";
export const postgresName = "postgres";

/** Instance of all loaders that pull from a registry; the others need no connection at all. */
export const pullingLoader = "registry";

/**
 * All connections of a stack's projects. One between two stacks stands in the tables of both: each stack has the policies of its own end only.
 */
export function connections(config: ConnectionsConfig): readonly Connection[] {
  return [
    ...(config.layers.serving ? [...pools(config), ...loaders(config)] : []),
    ...gateway(config),
    ...buildConnections(config),
    ...teams(config),
    ...promotionTests(config),
  ];
}

/** Where what is outside the projects is, as far as the configuration says it. Addresses are CIDRs. */
export interface OutsideAddresses {
  /** Where the API server's proxy comes from. */
  readonly apiServerAddresses: readonly string[];
  /** Namespace of the Prometheus, where the platform has none of its own. */
  readonly monitoringNamespace: string;
  /** Namespace of what passes requests from outside on, where the platform has no router of its own. */
  readonly routerNamespace: string | undefined;
  readonly proxyAddresses: readonly string[];
  readonly siteAddresses: readonly string[];
  readonly databaseAddresses: readonly string[];
}

export function outsideAddresses(config: Pick<StackConfig, "cluster" | "data" | "network">): OutsideAddresses {
  const { cluster, network } = config;
  return {
    apiServerAddresses: cluster.apiServerAddresses,
    monitoringNamespace: network.monitoringNamespace,
    routerNamespace: network.exposure.gateway?.controllerNamespace ?? network.exposure.gateway?.namespace,
    proxyAddresses: network.proxy?.addresses ?? [],
    siteAddresses: network.allowedAddresses,
    databaseAddresses: databaseAddressesOf(config),
  };
}

/** Addresses of the end `database`, as CIDRs. */
export function databaseAddressesOf({ data: { postgres } }: Pick<StackConfig, "data">): readonly string[] {
  return postgres.kind === "external" ? postgres.addresses : [];
}

export function isPodGroup(end: PodGroup | Outside): end is PodGroup {
  return typeof end === "object";
}

/** Whether a pod belongs to a group. */
export function includes(
  group: PodGroup,
  pod: { readonly namespace: string; readonly component?: string | undefined; readonly instance?: string | undefined },
): boolean {
  return (
    group.namespace === pod.namespace &&
    (group.component === undefined || group.component === pod.component) &&
    (group.instance === undefined || group.instance === pod.instance)
  );
}

/** For people: `ai-production/model-server/ollama`, `ai-production-ml/*`, `dns`. */
export function endName(end: PodGroup | Outside): string {
  return isPodGroup(end) ? [end.namespace, end.component ?? "*", ...(end.instance === undefined ? [] : [end.instance])].join("/") : end;
}

/** For people, and the key of what is said about a row: `ai-production/model-loader/registry → internet:443`. */
export function connectionName({ from, to, port }: Pick<Connection, "from" | "to" | "port">): string {
  return `${endName(from)} → ${endName(to)}:${port}`;
}

function platformPods(config: Pick<StackConfig, "environment">, component: Component, instance: string): PodGroup {
  return { namespace: namespaceOf(config.environment, "platform"), component, instance };
}

/** What each pool needs: its router is the one way in, for users; its replicas are reached by the router, and by what measures them. */
function pools(config: ConnectionsConfig): Connection[] {
  const { argoRollouts, monitoring } = config.cluster.capabilities;
  return config.serving.pools.flatMap<Connection>(({ name }) => {
    const router = platformPods(config, "model-router", name);
    const server = platformPods(config, "model-server", name);
    const analysis = platformPods(config, "model-analysis", name);
    return [
      { from: "api-server", to: router, port: modelServerPort, why: "the smoke check, make ask and aictl go through the API server's proxy" },
      { from: router, to: "dns", port: "dns", why: "finds the replicas of its pool" },
      { from: router, to: server, port: modelServerPort, why: "passes requests on" },
      { from: router, to: server, port: metricsPort, why: "asks each replica how busy it is" },
      ...(monitoring ? [router, server].map<Connection>((to) => ({ from: "monitoring", to, port: metricsPort, why: "reads metrics" })) : []),
      ...(argoRollouts
        ? ([
            { from: analysis, to: "dns", port: "dns", why: "finds the new version" },
            { from: analysis, to: server, port: modelServerPort, why: "asks a new version before users do" },
            { from: analysis, to: router, port: modelServerPort, why: "asks as users do, after the switch" },
          ] satisfies Connection[])
        : []),
    ];
  });
}

/** The gateway is the pools' client in place of everybody; nobody else reaches the database. */
function gateway(config: ConnectionsConfig): Connection[] {
  if (config.gateway === undefined) return [];
  const { postgres } = config.data;
  const from = platformPods(config, "gateway", gatewayName);
  return [
    ...(config.gateway.host === undefined
      ? []
      : [{ from: "router", to: from, port: gatewayPort, why: "people, editors and programs outside the cluster" } as const]),
    { from: "api-server", to: from, port: gatewayPort, why: "aictl's keys, budgets and usage go through the API server's proxy" },
    { from, to: "dns", port: "dns", why: "finds the pools and the database" },
    ...config.serving.pools.map<Connection>(({ name }) => ({
      from,
      to: platformPods(config, "model-router", name),
      port: modelServerPort,
      why: "passes on what a key may ask",
    })),
    postgres.kind === "single"
      ? { from, to: platformPods(config, "database", postgresName), port: databasePort, why: "keeps keys, budgets and usage" }
      : { from, to: "database", port: postgres.port, why: "keeps keys, budgets and usage" },
    ...(config.cluster.capabilities.monitoring ? [{ from: "monitoring", to: from, port: metricsPort, why: "reads metrics" } as const] : []),
  ];
}

function loaders(config: ConnectionsConfig): Connection[] {
  const { allowedAddresses, downloads, proxy } = config.network;
  if (!config.models.some(({ source }) => source.kind === "registry")) return [];
  const from = platformPods(config, "model-loader", pullingLoader);
  const ways: Connection[] = [];
  if (downloads && proxy === undefined) ways.push({ from, to: "internet", port: httpsPort, why: "pulls models" });
  if (downloads && proxy !== undefined) ways.push({ from, to: "proxy", port: proxyEnd(proxy.url).port, why: "pulls models through the forward proxy" });
  if (allowedAddresses.length > 0) ways.push({ from, to: "site", port: httpsPort, why: "pulls models from the site's own mirror" });
  // A proxy looks up the names that it is asked for itself.
  const named = ways.some(({ to }) => to !== "proxy") || (ways.length > 0 && proxy !== undefined && isIP(proxyEnd(proxy.url).host) === 0);
  return [...(named ? [{ from, to: "dns", port: "dns", why: "finds the registry, the mirror or the proxy" } as const] : []), ...ways];
}

/** @param url as the schema has it: `http://host:port`, whatever the port, which URL leaves out where it is the usual one */
function proxyEnd(url: string): { readonly host: string; readonly port: number } {
  const [, host = "", port = ""] = /^https?:\/\/([^:/]+):([0-9]+)/.exec(url) ?? [];
  return { host, port: Number(port) };
}

function teams(config: ConnectionsConfig): Connection[] {
  const { environment, layers, serving } = config;
  const keys = [...new Set(config.teams.map(projectOf))];
  return keys.flatMap<Connection>((key) => {
    const from: PodGroup = { namespace: namespaceOf(environment, key) };
    const models = config.teams.filter((team) => projectOf(team) === key).flatMap((team) => team.models);
    const asked = layers.serving ? serving.pools.filter((pool) => pool.models.some((model) => models.includes(model))) : [];
    const gated = asked.length > 0 && config.gateway !== undefined;
    const ways = gated
      ? [{ to: platformPods(config, "gateway", gatewayName), port: gatewayPort }]
      : asked.map(({ name }) => ({ to: platformPods(config, "model-router", name), port: modelServerPort }));
    return [{ from, to: "dns", port: "dns", why: "finds Services" }, ...ways.map<Connection>((way) => ({ from, ...way, why: "asks the models of its teams" }))];
  });
}

/** The same row in both stacks: staging does not know production's pools. */
function promotionTests({ environment, layers, network }: ConnectionsConfig): Connection[] {
  if (!network.promotionTests || environment === "development" || (environment === "production" && !layers.serving)) return [];
  const from: PodGroup = { namespace: namespaceOf("staging", "platform"), component: "promotion-test" };
  const to: PodGroup = { namespace: namespaceOf("production", "platform"), component: "model-router" };
  return [
    ...(environment === "staging" ? [{ from, to: "dns", port: "dns", why: "finds production's Services" } as const] : []),
    { from, to, port: modelServerPort, why: "compares a candidate with what production answers" },
  ];
}
