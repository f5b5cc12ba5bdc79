/** The gateway: whose models and budgets it names, and the database behind it. */
import { gatewayName, postgresName } from "../connections";
import { databaseConnections, gatewayReplicas, reservedConnections } from "../gateway";
import type { Problem } from "../problems";
import type { GatewayConfig, StackConfig } from "../schema";
import { problem } from "./problem";
import { unknown } from "./names";

export function gateway(config: StackConfig): Problem[] {
  const { gateway: given } = config;
  if (given === undefined) return [];
  return [...exposure(config), ...serving(config), ...applications(config, given), ...models(config, given), ...database(config, given)];
}

function exposure({ gateway: given, platform, network: { exposure: how }, cluster: { capabilities } }: StackConfig): Problem[] {
  if (given?.host === undefined) return [];
  const host = `while gateway.host is ${given.host}`;
  return [
    ...(platform === "kubernetes" && how.gateway === undefined
      ? [problem("network.exposure.gateway", undefined, `the Gateway to attach to, ${host} and the platform is kubernetes`, "name it: name and namespace")]
      : []),
    ...(platform === "kubernetes" && !capabilities.gatewayApi
      ? [
          problem(
            "cluster.capabilities.gatewayApi",
            false,
            `true ${host} and the platform is kubernetes`,
            "install a controller of the Gateway API and say so, or remove the host",
          ),
        ]
      : []),
    ...(how.certificate.kind === "cert-manager" && !capabilities.certManager
      ? [
          problem(
            "network.exposure.certificate.kind",
            how.certificate.kind,
            `"platform" or "secret" ${host} and cluster.capabilities.certManager is false`,
            "set the capability, or take another kind",
          ),
        ]
      : []),
  ];
}

function serving({ layers, serving: { pools } }: StackConfig): Problem[] {
  const ours = [gatewayName, postgresName];
  return [
    ...(layers.serving
      ? []
      : [problem("layers.serving", false, "true while there is a gateway, which has nothing to pass on to", "remove gateway, or set it to true")]),
    ...pools.flatMap(({ name }, p) =>
      ours.includes(name) ? [problem(`serving.pools[${p}].name`, name, `not ${ours.join(" or ")}, which the gateway's objects are called`, "rename it")] : [],
    ),
  ];
}

function applications({ teams }: StackConfig, { applications: list }: GatewayConfig): Problem[] {
  const names = teams.map(({ name }) => name);
  return list.flatMap(({ team, models: asked = [], budgets }, a) => {
    const field = `gateway.applications[${a}]`;
    const allowed = teams.find(({ name }) => name === team)?.models;
    const periods = budgets.map(({ period }) => period);
    return [
      ...unknown(`${field}.team`, team, names, "teams"),
      ...(allowed === undefined ? [] : asked.flatMap((model, m) => unknown(`${field}.models[${m}]`, model, allowed, `the models of team ${team}`))),
      ...periods.flatMap((period, b) =>
        periods.indexOf(period) === b ? [] : [problem(`${field}.budgets[${b}].period`, period, "each period once", "put both bounds into one budget")],
      ),
    ];
  });
}

function models(config: StackConfig, { fallbacks, prices }: GatewayConfig): Problem[] {
  const served = [...new Set(config.serving.pools.flatMap((pool) => pool.models))];
  const known = (field: string, model: string) => unknown(field, model, served, "the models of serving.pools");
  return [
    ...fallbacks.flatMap(({ model, to }, f) => [
      ...known(`gateway.fallbacks[${f}].model`, model),
      ...to.flatMap((other, i) => known(`gateway.fallbacks[${f}].to[${i}]`, other)),
      ...(to.includes(model) ? [problem(`gateway.fallbacks[${f}].to`, to, "other models than the one that they stand in for", `remove ${model}`)] : []),
    ]),
    ...prices.models.flatMap(({ name }, m) => known(`gateway.prices.models[${m}].name`, name)),
  ];
}

function database(config: StackConfig, { connections }: GatewayConfig): Problem[] {
  const { postgres } = config.data;
  const needed = databaseConnections(config);
  const free = postgres.maxConnections - reservedConnections;
  return [
    ...(config.environment === "production" && config.sizing !== "small" && postgres.kind === "single"
      ? [
          problem(
            "data.postgres.kind",
            postgres.kind,
            '"external" in production: while a single instance restarts, nobody is answered, and its one volume is the only copy',
            "name a server with a standby and backups: kind, host and addresses",
          ),
        ]
      : []),
    ...(needed > free
      ? [
          problem(
            "gateway.connections",
            connections,
            `at most ${Math.floor(free / (gatewayReplicas(config) + 1))}: ${gatewayReplicas(config)} pods and one more during an update have ${needed} of the ${free} connections that data.postgres.maxConnections leaves`,
            "lower it, or raise data.postgres.maxConnections",
          ),
        ]
      : []),
  ];
}
