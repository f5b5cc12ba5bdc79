/** The variables of make, read and checked in one place. */
import { canRunReal, findCluster, isRunning, type Cluster, type Flavor, type Platform } from "../cluster";
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
}

/** Sized for one machine; the others are for real GPUs. */
const smallStack = "dev";

/** Reads STACK, PLATFORM, FLAVOR, CLUSTER. @throws UserError naming all wrong ones at once */
export function settings(env: NodeJS.ProcessEnv = process.env, reason: string | undefined = canRunReal()): Settings {
  const stack = env.STACK || "dev";
  const problems: string[] = [];
  if (!/^[a-z][a-z0-9-]{0,19}$/.test(stack)) problems.push(`STACK=${stack}: lower-case letters, digits and hyphens, at most 20`);
  const platform = oneOf(env.PLATFORM, "PLATFORM", ["openshift", "kubernetes"] as const, problems);
  const asked = oneOf(env.FLAVOR, "FLAVOR", ["real", "simulated"] as const, problems);
  if (asked === "real" && reason) problems.push(`FLAVOR=real: ${reason}; FLAVOR=simulated works here`);
  if (env.CLUSTER && !/^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$/.test(env.CLUSTER)) {
    problems.push(`CLUSTER=${env.CLUSTER}: the name of an embedded cluster: lower-case letters, digits and hyphens, at most 40`);
  }
  if (problems.length > 0) throw new UserError(problems.join("\n       "), { fix: "correct the variables named above" });
  const because = reason ?? (stack === smallStack ? undefined : `stack ${stack} is sized for real GPUs; FLAVOR=real makes it small and runs it in containers`);
  const flavor = asked ?? (because ? "simulated" : "real");
  const own = clusterNameOf(stack, flavor);
  return {
    stack,
    platform,
    flavor,
    simulatedBecause: asked === undefined ? because : undefined,
    clusterName: env.CLUSTER || own,
    guest: Boolean(env.CLUSTER) && env.CLUSTER !== own,
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
