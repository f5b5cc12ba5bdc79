/** The variables of make, read and checked in one place. */
import { addonNames, canRunReal, findCluster, isAddon, isRunning, type AddonName, type Cluster, type Flavor, type Platform } from "../cluster";
import { UserError } from "../lib/errors";
import { clusterNameOf } from "../stack/workspace";

export interface Settings {
  readonly stack: string;
  /** undefined: that of the cluster's folder, or of the stack's configuration */
  readonly platform: Platform | undefined;
  readonly flavor: Flavor;
  /** Why the flavor is not `real` although nobody asked for a simulated one. */
  readonly simulatedBecause: string | undefined;
  /** The cluster is another stack's: this one is a guest there. */
  readonly guest: boolean;
  readonly clusterName: string;
  /** Optional add-ons of the cluster, beside those that it has already. */
  readonly addons: readonly AddonName[];
}

/** Sized for one machine; the others are for real GPUs. */
const smallStack = "dev";

/**
 * Reads STACK, PLATFORM, FLAVOR, CLUSTER, ADDONS.
 * @param reason why no real cluster can run here @param flavorOf flavor of an embedded cluster, undefined where there is none of that name
 * @throws UserError naming all wrong ones at once
 */
export function settings(
  env: NodeJS.ProcessEnv = process.env,
  reason: string | undefined = canRunReal(),
  flavorOf: (cluster: string) => Flavor | undefined = (name) => findCluster(name)?.flavor,
): Settings {
  const stack = env.STACK || smallStack;
  const problems: string[] = [];
  if (!/^[a-z][a-z0-9-]{0,19}$/.test(stack)) problems.push(`STACK=${stack}: lower-case letters, digits and hyphens, at most 20`);
  const platform = oneOf(env.PLATFORM, "PLATFORM", ["openshift", "kubernetes"] as const, problems);
  const asked = oneOf(env.FLAVOR, "FLAVOR", ["real", "simulated"] as const, problems);
  if (asked === "real" && reason) problems.push(`FLAVOR=real: ${reason}; FLAVOR=simulated works here`);
  const host = env.CLUSTER || undefined;
  if (host && !/^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$/.test(host)) {
    problems.push(`CLUSTER=${host}: the name of an embedded cluster: lower-case letters, digits and hyphens, at most 40`);
  }
  const addons = [...new Set((env.ADDONS ?? "").split(/[\s,]+/).filter(Boolean))];
  const unknown = addons.filter((name) => !isAddon(name));
  if (unknown.length > 0) problems.push(`ADDONS=${unknown.join(",")}: any of ${addonNames.join(", ")}, with commas between them`);
  if (problems.length > 0) throw new UserError(problems.join("\n       "), { fix: "correct the variables named above" });
  const because = reason ?? (stack === smallStack ? undefined : `stack ${stack} is sized for real GPUs; FLAVOR=real makes it small and runs it in containers`);
  // A cluster that is named is there with its flavor, which never changes.
  const given = asked ?? (host === undefined ? undefined : flavorOf(host));
  const flavor = given ?? (because ? "simulated" : "real");
  const own = clusterNameOf(stack, flavor);
  return {
    stack,
    platform,
    flavor,
    simulatedBecause: given === undefined ? because : undefined,
    clusterName: host ?? own,
    guest: host !== undefined && host !== own,
    addons: addons.filter(isAddon),
  };
}

/** The variables that name this stack and its cluster, for commands that are shown: ` STACK=production`; empty where the defaults do. */
export function chosen(env: NodeJS.ProcessEnv = process.env): string {
  return ["STACK", "FLAVOR", "CLUSTER"]
    .flatMap((name) => (env[name] && env[name] !== (name === "STACK" ? smallStack : "") ? [` ${name}=${env[name]}`] : []))
    .join("");
}

function oneOf<T extends string>(value: string | undefined, name: string, allowed: readonly T[], problems: string[]): T | undefined {
  if (!value) return undefined;
  const found = allowed.find((one) => one === value);
  if (!found) problems.push(`${name}=${value}: one of ${allowed.join(", ")}`);
  return found;
}

/** The cluster that the settings name, which must run. */
export function runningCluster(from: Settings = settings()): Cluster {
  const cluster = findCluster(from.clusterName);
  const up = from.guest ? "bring up the stack that manages it" : `make up STACK=${from.stack}`;
  if (!cluster) throw new UserError(`there is no embedded cluster "${from.clusterName}" in this clone`, { fix: up });
  if (!isRunning(cluster))
    throw new UserError(`the embedded cluster "${cluster.name}" is stopped`, { fix: `${up} (it starts again with the data that is there)` });
  return cluster;
}
