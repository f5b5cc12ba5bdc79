/** What the gateway is told: the file that it reads at its start. Pure. */
import { modelServerPort } from "./connections";
import { namespaceOf, projectOf } from "./projects";
import { parseBytes } from "./quantities";
import type { GatewayConfig, StackConfig } from "./schema";
import { sizingOf } from "./sizing";

type Limits = GatewayConfig["limits"];
interface Budget {
  readonly period: "day" | "month";
  readonly tokens?: number;
  readonly cost?: number;
}

/** As images/model-proxy reads it (internal/gateway/config); it refuses fields that it does not know. */
export interface GatewayFile {
  readonly pools: readonly { readonly name: string; readonly url: string; readonly models: readonly string[]; readonly gpuShare: number }[];
  readonly fallbacks: Readonly<Record<string, readonly string[]>>;
  readonly teams: readonly { readonly name: string; readonly models: readonly string[]; readonly budgets: readonly Budget[] }[];
  readonly applications: readonly {
    readonly name: string;
    readonly team: string;
    readonly models?: readonly string[];
    readonly limits?: Limits;
    readonly budgets: readonly Budget[];
  }[];
  readonly defaults: { readonly limits: Limits; readonly maxTokens: number };
  readonly prices: {
    readonly currency: string;
    readonly gpuHour: number;
    readonly models: Readonly<Record<string, { readonly inputPerMillion: number; readonly outputPerMillion: number }>>;
  };
  readonly maxBodyBytes: number;
  readonly usageDays: number;
}

export function gatewayFile(config: Pick<StackConfig, "environment" | "serving" | "teams">, gateway: GatewayConfig): GatewayFile {
  const namespace = namespaceOf(config.environment, "platform");
  const { fallbacks, limits, maxTokens, prices } = gateway;
  return {
    pools: config.serving.pools.map(({ name, models, gpusPerReplica, parallel }) => ({
      name,
      url: `http://${name}.${namespace}.svc:${modelServerPort}`,
      models,
      // What a request has of a replica's GPUs.
      gpuShare: gpusPerReplica / parallel,
    })),
    fallbacks: Object.fromEntries(fallbacks.map(({ model, to }) => [model, to])),
    teams: config.teams.map(({ name, models, monthlyBudget }) => ({
      name,
      models,
      budgets: monthlyBudget === undefined ? [] : [{ period: "month", cost: monthlyBudget }],
    })),
    applications: gateway.applications.map(({ name, team, models, limits: own, budgets }) => ({
      name,
      team,
      ...(models === undefined ? {} : { models }),
      ...(own === undefined ? {} : { limits: limitsOf(own) }),
      budgets: budgets.map(({ period, tokens, cost }) => ({ period, ...(tokens === undefined ? {} : { tokens }), ...(cost === undefined ? {} : { cost }) })),
    })),
    defaults: { limits: limitsOf(limits), maxTokens },
    prices: {
      currency: prices.currency,
      gpuHour: prices.gpuHour,
      models: Object.fromEntries(prices.models.map(({ name, inputPerMillion, outputPerMillion }) => [name, { inputPerMillion, outputPerMillion }])),
    },
    maxBodyBytes: Number(parseBytes(gateway.maxBody)),
    usageDays: gateway.usageDays,
  };
}

function limitsOf({ requestsPerMinute, tokensPerMinute }: Limits): Limits {
  return { requestsPerMinute, tokensPerMinute };
}

/** Secret with the administrator's key, under `key`: aictl reads it with the rights of who runs it. */
export const adminSecret = "gateway-admin";
/** Secret with the keys of applications, by their names; each is also the `key` of a Secret in its team's project. */
export const keysSecret = "gateway-keys";
/** Secret with the line of libpq's password file for the gateway's role, under `pgpass`. */
export const databaseSecret = "gateway-database";

export function applicationSecret(application: string): string {
  return `gateway-key-${application}`;
}

/** Secrets that the stack makes in a project for the gateway. */
export function gatewaySecrets({ gateway, data, secrets, teams }: Pick<StackConfig, "gateway" | "data" | "secrets" | "teams">, key: string): readonly string[] {
  if (gateway === undefined || secrets.source === "external") return [];
  const { applications } = gateway;
  if (key !== "platform") {
    const members = teams.filter((team) => projectOf(team) === key).map(({ name }) => name);
    return applications.filter(({ team }) => members.includes(team)).map(({ name }) => applicationSecret(name));
  }
  return [adminSecret, ...(applications.length > 0 ? [keysSecret] : []), ...(data.postgres.kind === "single" ? [databaseSecret] : [])];
}

export interface NeededSecret {
  readonly namespace: string;
  readonly name: string;
  readonly keys: readonly string[];
}

/** Secrets that the gateway needs and the stack does not make. */
export function neededSecrets(config: Pick<StackConfig, "gateway" | "data" | "secrets" | "teams" | "environment">): readonly NeededSecret[] {
  const { gateway, data, secrets, teams, environment } = config;
  if (gateway === undefined) return [];
  const { applications } = gateway;
  const external = secrets.source === "external";
  const at = (key: string, name: string, ...keys: readonly string[]): NeededSecret => ({ namespace: namespaceOf(environment, key), name, keys });
  const projectOfTeam = (name: string) => teams.filter((team) => team.name === name).map(projectOf);
  return [
    ...(external || data.postgres.kind === "external" ? [at("platform", databaseSecret, "pgpass")] : []),
    ...(external ? [at("platform", adminSecret, "key")] : []),
    ...(external && applications.length > 0 ? [at("platform", keysSecret, ...applications.map(({ name }) => name))] : []),
    ...(external ? applications.flatMap(({ name, team }) => projectOfTeam(team).map((project) => at(project, applicationSecret(name), "key"))) : []),
  ];
}

/** Pods of the gateway. */
export function gatewayReplicas(config: Pick<StackConfig, "sizing" | "environment" | "gateway">): number {
  return config.gateway?.replicas ?? sizingOf(config).gateways;
}

/** Connections that PostgreSQL keeps for its superuser and for people who look after it. */
export const reservedConnections = 5;

/** Connections that the services may have at their largest: an update adds a pod before it takes one away. */
export function databaseConnections(config: Pick<StackConfig, "sizing" | "environment" | "gateway">): number {
  return config.gateway === undefined ? 0 : (gatewayReplicas(config) + 1) * config.gateway.connections;
}
