/** The variables of make, read and checked in one place. */
import { canRunReal, findCluster, isRunning, type Cluster, type Flavor, type Platform } from "../cluster";
import { UserError } from "../lib/errors";

export interface Settings {
  readonly stack: string;
  /** undefined: that of the cluster's folder, or of the stack's configuration */
  readonly platform: Platform | undefined;
  readonly flavor: Flavor;
  /** Why the flavor is not `real` although nobody asked for a simulated one. */
  readonly simulatedBecause: string | undefined;
  readonly clusterName: string;
}

/** Reads STACK, PLATFORM, FLAVOR. @throws UserError naming all wrong ones at once */
export function settings(env: NodeJS.ProcessEnv = process.env, reason: string | undefined = canRunReal()): Settings {
  const stack = env.STACK || "dev";
  const problems: string[] = [];
  if (!/^[a-z][a-z0-9-]{0,19}$/.test(stack)) problems.push(`STACK=${stack}: lower-case letters, digits and hyphens, at most 20`);
  const platform = oneOf(env.PLATFORM, "PLATFORM", ["openshift", "kubernetes"] as const, problems);
  const asked = oneOf(env.FLAVOR, "FLAVOR", ["real", "simulated"] as const, problems);
  if (asked === "real" && reason) problems.push(`FLAVOR=real: ${reason}; FLAVOR=simulated works here`);
  if (problems.length > 0) throw new UserError(problems.join("\n       "), { fix: "correct the variables named above" });
  const flavor = asked ?? (reason ? "simulated" : "real");
  return {
    stack,
    platform,
    flavor,
    simulatedBecause: asked === undefined && reason ? reason : undefined,
    clusterName: flavor === "real" ? stack : `${stack}-simulated`,
  };
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
  if (!cluster) throw new UserError(`there is no embedded cluster "${from.clusterName}" in this clone`, { fix: "make up" });
  if (!isRunning(cluster))
    throw new UserError(`the embedded cluster "${cluster.name}" is stopped`, { fix: "make up (it starts again with the data that is there)" });
  return cluster;
}
