/** Stacks that share a cluster: one manages what is cluster-wide, the others need it. */
import { ownerLabel, ownerOf } from "../../components/common/labels";
import { projects } from "../../stacks/projects";
import { schema } from "../../stacks/schema";
import type { Cluster } from "../cluster";
import { UserError } from "../lib/errors";
import { exec } from "../lib/exec";
import { root } from "../lib/paths";
import { project, type Workspace } from "./workspace";

/** What this run would make is there already. @param foreign objects with whose they are: `Namespace ai (of nobody)` */
export function notOurs(owner: string, foreign: readonly string[]): UserError {
  return new UserError(`this run would create what is there already and not of ${owner}: ${foreign.join(", ")}`, {
    fix: "give the stack a cluster of its own, or another environment; if it was renamed, use its old name; remove what nobody needs (make kubectl)",
  });
}

/**
 * Asked before an `up`, which would find it out as a conflict of labels. A namespace without an owner is taken over by the program itself.
 * @throws UserError naming the projects that another stack has, such as this one under its old name
 */
export async function refuseProjectsOfOthers({ stack, cluster, configuration }: Workspace): Promise<void> {
  const config = schema.safeParse(configuration);
  if (!config.success) return; // the program says what is wrong
  const names = projects(config.data).map(({ namespace }) => namespace);
  const { stdout } = await cluster.kubectl(["get", "namespaces", "-l", ownerLabel, "-o", "json"]);
  const { items } = JSON.parse(stdout) as {
    items: readonly { readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> } }[];
  };
  const owner = ownerOf(project, stack);
  const foreign = items.filter(({ metadata }) => names.includes(metadata.name) && metadata.labels[ownerLabel] !== owner);
  if (foreign.length > 0)
    throw notOurs(
      owner,
      foreign.map(({ metadata }) => `Namespace ${metadata.name} (of ${metadata.labels[ownerLabel] ?? ""})`),
    );
}

/** For a guest. @throws UserError where no stack has made what is cluster-wide: pods would name priority classes that are not there */
export async function requireManager(cluster: Cluster): Promise<void> {
  const { stdout } = await cluster.kubectl(["get", "priorityclass", "ai-serving", "--ignore-not-found", "-o", "name"]);
  if (stdout.trim() !== "") return;
  throw new UserError(`CLUSTER=${cluster.name}: no stack manages this cluster: priority classes and storage classes are missing`, {
    fix: "bring up the stack that manages it first, for example make up STACK=production",
  });
}

/**
 * Asked before anything is destroyed, with the question that `pulumi destroy` asks too, which has begun by then.
 * @throws UserError naming the stacks that would have to go first
 */
export async function refuseWhileNeeded({ stack, cluster, configuration }: Workspace): Promise<void> {
  const { manage } = configuration.cluster as { readonly manage: boolean };
  if (!manage) return;
  const { code, stderr } = await exec(process.execPath, ["components/foundation/dependents.mjs"], {
    cwd: root,
    env: {
      ...process.env,
      DEPENDENTS_KUBECTL: `${cluster.programs}/kubectl`,
      DEPENDENTS_CONTEXT: cluster.context,
      DEPENDENTS_KUBECONFIG: cluster.kubeconfig,
      DEPENDENTS_OWNER: ownerOf(project, stack),
    },
    allowFailure: true,
  });
  if (code === 0) return;
  const [message = "", fix = "make status"] = stderr.trim().split(/\nfix: /);
  throw new UserError(`nothing was destroyed: ${message}`, { fix });
}
