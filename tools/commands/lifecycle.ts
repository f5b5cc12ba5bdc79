/** up, preview, destroy: the stack on its embedded cluster. */
import { join } from "node:path";
import { ensureImages } from "../../images/ensure";
import { findCluster, startCluster, type Cluster, type Platform } from "../cluster";
import { UserError } from "../lib/errors";
import { withLock } from "../lib/lock";
import { logDir, stateDir } from "../lib/paths";
import { bold, say, seconds, yellow } from "../lib/progress";
import { quiet } from "../stack/output";
import { forget, recover, unfinishedUntilDone } from "../stack/recover";
import { showRetained } from "../stack/retained";
import { refuseProjectsOfOthers, refuseWhileNeeded, requireManager } from "../stack/sharing";
import { openTools } from "../stack/tools";
import { openWorkspace, trackedConfiguration, type Workspace } from "../stack/workspace";
import { preflight } from "../toolchain/preflight";
import { chosen, runningCluster, settings, type Settings } from "./settings";
import { settle, showStatus } from "./status";

/** GPUs that the node of an embedded cluster says it has: a number only, models run on the CPU. */
const GPUS = 4;

/** Images that the stack's pods use. */
const STACK_IMAGES = ["ollama", "model-proxy", "tiny-model", "postgres"] as const;

/** Brings up toolchain, cluster, images and stack; each step finds what is there already. */
export async function up(): Promise<number> {
  const from = settings();
  return oneAtATime(from, async () => {
    const start = Date.now();
    say(bold(`OpenShift AI Platform: stack ${from.stack} on an embedded cluster (${from.flavor})`));
    if (from.simulatedBecause) say(yellow(`  all nodes are simulated: ${from.simulatedBecause}. Objects are real, no model answers.`));
    if (from.guest) say(`  on cluster ${from.clusterName}, which another stack manages`);
    if (from.guest && findCluster(from.clusterName) === undefined) {
      throw new UserError(`CLUSTER=${from.clusterName}: there is no such embedded cluster in this clone`, {
        fix: "bring up the stack that manages it first, for example make up STACK=production, and name its cluster: CLUSTER=production-simulated",
      });
    }
    await preflight({ real: from.flavor === "real" });
    const tools = await openTools();
    const cluster = await clusterOf(from);
    if (from.guest) await requireManager(cluster);
    await ensureImages(STACK_IMAGES, cluster);
    const workspace = await openWorkspace(from.stack, cluster, tools, from.guest);
    await refuseProjectsOfOthers(workspace);
    const takeOver = await recover(workspace);
    await unfinishedUntilDone(workspace, async () => {
      await deploy(workspace, takeOver);
      if (Object.keys(takeOver).length > 0) await forget(workspace);
    });
    await settle(cluster);
    say(`  ${bold("up")} after ${seconds(Date.now() - start)}\n`);
    return showStatus(cluster);
  });
}

async function clusterOf(from: Settings): Promise<Cluster> {
  const there = findCluster(from.clusterName);
  const { platform, nodes } = tracked(from.stack);
  // A guest takes what it finds.
  const size = from.flavor === "real" ? { gpus: GPUS } : from.guest ? {} : nodes;
  return startCluster({ name: from.clusterName, platform: from.platform ?? there?.platform ?? platform, flavor: from.flavor, addons: from.addons, ...size });
}

/** What the stack's tracked configuration says of its cluster: the platform, and machines with GPUs, which simulated nodes stand for. */
function tracked(stack: string): { platform: Platform; nodes: { nodes?: number; gpus?: number } } {
  const { config } = trackedConfiguration(stack);
  const { nodes = [] } = (config.cluster ?? {}) as { nodes?: readonly { count: number; gpus?: number }[] };
  const withGpus = nodes.filter(({ gpus = 0 }) => gpus > 0);
  return {
    platform: config.platform === "kubernetes" ? "kubernetes" : "openshift",
    nodes:
      withGpus.length === 0
        ? { gpus: GPUS }
        : { nodes: withGpus.reduce((sum, { count }) => sum + count, 0), gpus: Math.max(...withGpus.map(({ gpus = 0 }) => gpus)) },
  };
}

/** `pulumi up` with a refresh first, so that what was changed or deleted by hand is put right. */
async function deploy(workspace: Workspace, env: NodeJS.ProcessEnv): Promise<void> {
  await run(workspace, ["up", "--yes", "--skip-preview", "--refresh", "--suppress-outputs"], env);
}

/** Runs a command that changes the stack; its lines are shown as they come, and its diagnostics are the error. */
async function run(workspace: Workspace, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<void> {
  const { code } = await workspace.pulumi([...args, "--color", "never"], {
    env,
    onLine: quiet((line) => say(`  ${workspace.stack}: ${line}`)),
    allowFailure: true,
  });
  if (code === 0) return;
  throw new UserError(`pulumi ${args[0]} of stack ${workspace.stack} failed; what it said is above, all of it in ${logDir}/pulumi.log`, {
    fix: "correct what it names, then run the same command again: it goes on where this one stopped (make status shows what runs)",
  });
}

export async function preview(args: readonly string[]): Promise<number> {
  return withWorkspace(async (workspace) => (await workspace.pulumi(["preview", "--diff", ...args], { inherit: true, allowFailure: true })).code);
}

export async function destroy(): Promise<number> {
  return oneAtATime(settings(), () =>
    withWorkspace(async (workspace) => {
      await recover(workspace);
      await refuseWhileNeeded(workspace);
      await run(workspace, ["destroy", "--yes", "--skip-preview"]);
      await showRetained(workspace, chosen());
      return 0;
    }),
  );
}

/** Any Pulumi command on the stack: `make pulumi ARGS="stack output"`. */
export async function pulumi(args: readonly string[]): Promise<number> {
  if (args.length === 0) throw new UserError("no Pulumi command given", { fix: 'make pulumi ARGS="stack output"' });
  return withWorkspace(async (workspace) => (await workspace.pulumi(args, { inherit: true, allowFailure: true })).code);
}

async function withWorkspace(work: (workspace: Workspace) => Promise<number>): Promise<number> {
  const from = settings();
  const cluster = runningCluster(from);
  return work(await openWorkspace(from.stack, cluster, await openTools(), from.guest));
}

/** A second run on the same cluster waits, and says for whom. */
function oneAtATime<T>(from: Settings, work: () => Promise<T>): Promise<T> {
  return withLock(join(stateDir, `${from.clusterName}.lock`), work, (pid) => say(`  waiting for another run on this cluster to end (process ${pid})`));
}
