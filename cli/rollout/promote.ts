/** Takes a new version to users, or gives it up. */
import { guard } from "../guard";
import { refused } from "../errors";
import { paths } from "../kube/paths";
import { checkModels } from "../models/ask";
import { namespaceIn } from "../settings";
import type { Result, Run } from "../types";
import { waitFor } from "../wait";
import { readPool, versionName, type Pool } from "./pool";
import { servedBy, settle } from "./settle";
import { promoteFull, promotePaused } from "./undo";

/** @param full skips what is left of the analysis. @throws UserError REFUSED while there is nothing to promote, or it is not measured yet */
export async function promote(run: Run, name: string, { full = false }: { readonly full?: boolean }): Promise<Result> {
  const { settings, deps } = run;
  const namespace = namespaceIn(settings);
  const pool = await readPool(run.client(), namespace, name);
  const { rollout, deployment, verdict } = pool;
  const wanted = pool.versions.find((version) => version.wanted);
  const version = wanted ? versionName(wanted) : "the new version";
  const patch = async (dryRun: boolean): Promise<void> => {
    if (!rollout) await run.client().patch(paths.deployment(namespace, name), { type: "merge", body: { spec: { paused: false } } }, dryRun);
    else {
      if (full) await promoteFull(run, namespace, name, dryRun);
      else if ((rollout.status?.pauseConditions ?? []).length > 0) await promotePaused(run, namespace, name, dryRun);
      if (rollout.spec.paused) await run.client().patch(paths.rollout(namespace, name), { type: "merge", body: { spec: { paused: false } } }, dryRun);
    }
  };
  if (rollout) {
    if (verdict.state === "serves")
      throw refused(`pool ${name}: nothing waits to be promoted: ${version} serves`, "pulumi up makes a new version of what the configuration says");
    if (verdict.state === "given-up" && !full)
      throw refused(
        `pool ${name}: ${version} was given up: ${verdict.text}`,
        "put right what it is made from and run pulumi up; --full promotes it all the same",
      );
    if (verdict.state === "wait" && !full)
      throw refused(`pool ${name}: ${version} is not ready to be promoted: ${verdict.text}`, `aictl rollout status ${name} --wait; --full skips the analysis`);
  } else if (!deployment.spec.paused) {
    throw refused(
      `pool ${name} has no Rollout: updates of a Deployment need no promotion`,
      "cluster.capabilities.argoRollouts makes a preview of each version",
    );
  }
  await guard(run, `takes ${version} of pool ${name} to users${full ? ", without measuring it" : ""}`);
  deps.terminal.note(`pool ${name}: takes ${version} to users`);
  await patch(settings.dryRun);
  const data = { pool: name, namespace, version: wanted && { revision: wanted.revision, hash: wanted.hash }, full, dryRun: settings.dryRun };
  if (settings.dryRun) return { data, text: "the server accepts the change; nothing was changed (--dry-run)\n" };
  if (!settings.wait) return { data, text: `pool ${name}: ${version} is promoted: aictl rollout status ${name} --wait\n` };
  const settled = await settle(run, { namespace, pool: name });
  const answered = await checkModels(run, namespace, name, wanted?.models.map((model) => model.name) ?? []);
  return { data: { ...data, answered }, text: `pool ${name} is served by ${servedBy(settled)}; ${answered.length} models answer\n` };
}

/** Gives a new version up: the one that serves goes on. @throws UserError REFUSED where none is on its way */
export async function abort(run: Run, name: string): Promise<Result> {
  const { settings } = run;
  const namespace = namespaceIn(settings);
  const pool = await readPool(run.client(), namespace, name);
  const { rollout, verdict } = pool;
  if (!rollout) throw refused(`pool ${name} has no Rollout, so its Deployment keeps no old version beside the new one`, `aictl rollout undo ${name} goes back`);
  const under = verdict.state === "serves" ? "nothing is on its way" : verdict.state === "given-up" ? "it was given up already" : undefined;
  if (under !== undefined)
    throw refused(
      `pool ${name}: ${under}`,
      verdict.state === "serves" ? `aictl rollout undo ${name} goes back to an earlier version` : `aictl rollout status ${name}`,
    );
  await guard(run, `gives up the new version of pool ${name}`);
  await run.client().patch(paths.rolloutStatus(namespace, name), { type: "merge", body: { status: { abort: true } } }, settings.dryRun);
  const data = { pool: name, namespace, dryRun: settings.dryRun };
  if (settings.dryRun) return { data, text: "the server accepts the change; nothing was changed (--dry-run)\n" };
  const after = settings.wait ? await aborted(run, namespace, name) : pool;
  const next = "its configuration still asks for it: put that right and run pulumi up";
  return { data: { ...data, servedBy: servedBy(after) }, text: `pool ${name}: given up; users are served by ${servedBy(after)}\n${next}\n` };
}

async function aborted(run: Run, namespace: string, name: string): Promise<Pool> {
  return waitFor(run.deps, `pool ${name}`, run.settings.timeoutMs, `aictl rollout status ${name}`, async () => {
    const pool = await readPool(run.client(), namespace, name);
    const { blueGreen, stableRS } = pool.rollout?.status ?? {};
    const back = pool.verdict.state === "given-up" && blueGreen?.activeSelector === stableRS;
    return back ? { done: pool } : { doing: pool.verdict.text };
  });
}
