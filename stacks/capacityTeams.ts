/** What is promised to teams, against what the guaranteed class leaves of the declared machines. Pure. */
import { configured, readable, said } from "./amounts";
import { textOf, type Change } from "./capacityFix";
import { capacityPlan, type NodesUse } from "./capacityPlan";
import { promisedResources } from "./capacityTable";
import type { Problem } from "./problems";
import { parseBytes, parseCpu, smallest } from "./quantities";
import type { StackConfig, TeamConfig } from "./schema";

type Promised = (typeof promisedResources)[number];

/** The smallest steps of the configuration, and the least that a team can have. */
const steps: Readonly<Record<Promised, { readonly step: bigint; readonly least: bigint }>> = {
  cpu: { step: 1n, least: 1n },
  memory: { step: 1n << 20n, least: 1n << 20n },
  gpus: { step: 1n, least: 0n },
};

/** @param fitting whether the pods of the platform fit; else it is what they would leave if they were lowered until they do */
export function teamProblems(config: StackConfig, fitting: boolean): Problem[] {
  const { nodes, promised } = capacityPlan(config);
  if (nodes === undefined) return [];
  return promisedResources
    .filter((resource) => promised[resource] > nodes.mayPromise[resource])
    .map((resource) => ({
      field: "teams",
      value: `${said(resource, promised[resource])} (${config.teams.map((team) => `${team.name}: ${readable(resource, ofTeam(team, resource))}`).join("; ")})`,
      allowed:
        `at most ${said(resource, nodes.mayPromise[resource])}: ${nodes.overcommit} × the ${readable(resource, nodes.left[resource])} ` +
        `that the platform leaves of the ${readable(resource, nodes.total[resource])} of cluster.nodes${fitting ? "" : ", once its pods fit"}`,
      fix: fix(config, resource, promised[resource], nodes),
    }));
}

function ofTeam({ quota }: TeamConfig, resource: Promised): bigint {
  switch (resource) {
    case "cpu":
      return parseCpu(quota.cpu);
    case "memory":
      return parseBytes(quota.memory);
    case "gpus":
      return BigInt(quota.gpus);
  }
}

function fix(config: StackConfig, resource: Promised, promised: bigint, { left, mayPromise }: NodesUse): string {
  const changes = smallerTeams(config, resource, mayPromise[resource]);
  const overcommit = left[resource] > 0n ? (promised * 10n + left[resource] - 1n) / left[resource] : undefined;
  const texts = [
    ...(changes ? [textOf(changes)] : []),
    ...(overcommit !== undefined && overcommit <= 100n ? [textOf([{ field: "capacity.overcommit", value: Number(overcommit) / 10 }])] : []),
  ];
  return texts.length > 0 ? texts.join(", or ") : `declare machines with ${said(resource, promised - mayPromise[resource])} more`;
}

/** Lowers those that have the most to the same share, and leaves the others alone. Undefined: not even the least of each fits. */
function smallerTeams({ teams }: StackConfig, resource: Promised, most: bigint): readonly Change[] | undefined {
  const { step, least } = steps[resource];
  const ascending = teams.map((team, at) => ({ at, amount: ofTeam(team, resource) })).sort((a, b) => Number(a.amount - b.amount));
  let rest = most;
  const changes: Change[] = [];
  for (const [i, { at, amount }] of ascending.entries()) {
    const share = (rest / BigInt(teams.length - i) / step) * step;
    if (share < least) return undefined;
    if (amount > share) changes.push({ field: `teams[${at}].quota.${resource}`, value: configured(resource, share) });
    rest -= smallest(amount, share);
  }
  return changes.sort((a, b) => a.field.localeCompare(b.field));
}
