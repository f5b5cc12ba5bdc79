/** Names: each once, and each of something that is there. */
import { databaseAddressesOf } from "../connections";
import { nearest, type Problem } from "../problems";
import { projectOf, projects } from "../projects";
import type { StackConfig } from "../schema";
import { problem } from "./problem";

export function duplicates({ builds, models, serving, teams, access, cluster, storage, network, gateway, data }: StackConfig): Problem[] {
  const repeated = (names: readonly string[], field: (i: number) => string): Problem[] =>
    names.flatMap((name, i) => {
      const first = names.indexOf(name);
      return first === i ? [] : [problem(field(i), name, `each once: ${field(first)} is the same`, "rename or remove one of them")];
    });
  const lists: readonly (readonly [list: string, names: readonly string[]])[] = [
    ...serving.pools.map((pool, p) => [`serving.pools[${p}].models`, pool.models] as const),
    ...teams.map((team, t) => [`teams[${t}].models`, team.models] as const),
    ["serving.licences", serving.licences ?? []],
    ...Object.entries(access).map(([role, groups]) => [`access.${role}`, groups] as const),
    ...(storage.shared?.volumes ?? []).map(({ readers = [] }, v) => [`storage.shared.volumes[${v}].readers`, readers] as const),
    ["cluster.apiServerAddresses", cluster.apiServerAddresses],
    ["network.allowedAddresses", network.allowedAddresses],
    ["network.allowedHosts", network.allowedHosts],
    ["network.noProxy", network.noProxy],
    ["network.proxy.addresses", network.proxy?.addresses ?? []],
    ["data.postgres.addresses", databaseAddressesOf({ data })],
    ...(gateway?.fallbacks ?? []).map(({ to }, f) => [`gateway.fallbacks[${f}].to`, to] as const),
    ...(gateway?.applications ?? []).map(({ models: asked = [] }, a) => [`gateway.applications[${a}].models`, asked] as const),
  ];
  const named: readonly (readonly [list: string, key: string, names: readonly string[]])[] = [
    ["models", "name", models.map(({ name }) => name)],
    ["serving.pools", "name", serving.pools.map(({ name }) => name)],
    ["teams", "name", teams.map(({ name }) => name)],
    ["builds", "name", builds.map(({ name }) => name)],
    ["gateway.fallbacks", "model", (gateway?.fallbacks ?? []).map(({ model }) => model)],
    ["gateway.prices.models", "name", (gateway?.prices.models ?? []).map(({ name }) => name)],
    ["gateway.applications", "name", (gateway?.applications ?? []).map(({ name }) => name)],
    ["cluster.nodes", "name", cluster.nodes.map(({ name }) => name)],
    ["cluster.nodeLabels", "node", cluster.nodeLabels.map(({ node }) => node)],
    ["storage.shared.volumes", "name", (storage.shared?.volumes ?? []).map(({ name }) => name)],
  ];
  return [
    ...named.flatMap(([list, key, names]) => repeated(names, (i) => `${list}[${i}].${key}`)),
    ...lists.flatMap(([list, names]) => repeated(names, (i) => `${list}[${i}]`)),
  ];
}

/** Keys of the projects that are not a team's. */
const ownProjects = ["platform", "infrastructure"];

/** Names of claims that the platform makes itself. */
const ownClaims = ["models", "postgres"];

/** What stands behind a pool's name in the names of its objects: those of components/serving. */
const poolSuffixes = ["active", "analysis", "metrics-reader", "post", "pre", "preview", "prometheus", "prompts", "rollout", "router"];

/** Longest name of a Service, less the longest suffix of one. */
const longestPool = 63 - "-preview".length;

/** One project has one label for who pays: teams that share it say the same, or nothing. */
function costCentres({ teams }: StackConfig): Problem[] {
  return teams.flatMap((team, t) => {
    const first = teams.findIndex((other) => projectOf(other) === projectOf(team) && other.costCentre !== undefined);
    const expected = teams[first]?.costCentre;
    return team.costCentre === undefined || team.costCentre === expected
      ? []
      : [
          problem(
            `teams[${t}].costCentre`,
            team.costCentre,
            `that of teams[${first}] ("${expected}"), which has the same project`,
            "say the same, or give the team a project of its own",
          ),
        ];
  });
}

function poolNames({ serving: { pools } }: StackConfig): Problem[] {
  return pools.flatMap(({ name }, p) => {
    const field = `serving.pools[${p}].name`;
    const other = pools.findIndex((one) => poolSuffixes.some((suffix) => name === `${one.name}-${suffix}`));
    const taken = pools[other]?.name;
    return [
      ...(name.length > longestPool
        ? [problem(field, name, `at most ${longestPool} characters: its Services are called ${name}-active and the like`, "shorten it")]
        : []),
      ...(taken === undefined ? [] : [problem(field, name, `not what objects of serving.pools[${other}] ("${taken}") are called`, "rename it")]),
    ];
  });
}

export function unknownNames(config: StackConfig, images: readonly string[]): Problem[] {
  const models = config.models.map(({ name }) => name);
  const built = config.builds.map(({ name }) => name);
  const served = [...new Set(config.serving.pools.flatMap((pool) => pool.models))];
  return [
    ...config.serving.pools.flatMap((pool, p) => pool.models.flatMap((name, i) => unknown(`serving.pools[${p}].models[${i}]`, name, models, "models"))),
    ...config.models.flatMap(({ source }, i) =>
      source.kind === "image" ? unknown(`models[${i}].source.image`, source.image, [...images, ...built], "images/images.lock and builds") : [],
    ),
    ...config.teams.flatMap((team, t) => [
      ...reserved(team.project === undefined ? `teams[${t}].name` : `teams[${t}].project`, projectOf(team), ownProjects, "projects", "team-platform"),
      ...team.models.flatMap((name, i) => unknown(`teams[${t}].models[${i}]`, name, served, "the models of serving.pools")),
    ]),
    ...costCentres(config),
    ...poolNames(config),
    ...sharedVolumes(config),
  ];
}

function sharedVolumes(config: StackConfig): Problem[] {
  const keys = projects(config).map(({ key }) => key);
  return (config.storage.shared?.volumes ?? []).flatMap(({ name, writer, readers = [] }, v) => {
    const field = `storage.shared.volumes[${v}]`;
    return [
      ...reserved(`${field}.name`, name, ownClaims, "claims", "shared-models"),
      ...unknown(`${field}.writer`, writer, keys, "the projects of the stack"),
      ...readers.flatMap((reader, i) => unknown(`${field}.readers[${i}]`, reader, keys, "the projects of the stack")),
      ...readers.flatMap((reader, i) =>
        reader === writer ? [problem(`${field}.readers[${i}]`, reader, "a project other than the writer, which reads anyway", "remove it")] : [],
      ),
    ];
  });
}

export function unknown(field: string, name: string, known: readonly string[], where: string): Problem[] {
  if (known.includes(name)) return [];
  const meant = nearest(name, known);
  return [problem(field, name, `a name from ${where}: ${known.join(", ")}`, meant ? `did you mean "${meant}"?` : `add it to ${where}`)];
}

function reserved(field: string, name: string, own: readonly string[], what: string, example: string): Problem[] {
  return own.includes(name) ? [problem(field, name, `not ${own.join(" or ")}: the platform's own ${what}`, `rename it, for example to ${example}`)] : [];
}
