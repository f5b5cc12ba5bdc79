/** Stacks that share a cluster: one manages what is cluster-wide, the others need it. */
import { ownerOf } from "../../components/common/labels";
import type { Cluster } from "../cluster";
import { UserError } from "../lib/errors";
import { exec } from "../lib/exec";
import { root } from "../lib/paths";
import { project, type Workspace } from "./workspace";

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
