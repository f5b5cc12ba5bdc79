/**
 * Back to an earlier version, in one command: looks whether it can be, patches the Deployment that holds the template, writes into the stack's configuration what
 * keeps the next `up` from undoing it, waits for the switch, and asks every model.
 */
import { holdAnnotation, poolAnnotation } from "../../components/serving/poolAnnotations";
import { guard } from "../guard";
import { refused, usage } from "../errors";
import { checkModels } from "../models/ask";
import { paths } from "../kube/paths";
import { namespaceIn } from "../settings";
import { restoreVersion, setHold, type Hold } from "../stack/edits";
import type { Edit } from "../stack/file";
import { mustBeClean, nextSteps, save } from "../stack/save";
import type { JsonOperation, Result, Run } from "../types";
import { cleanTemplate, readPool, versionName, type Pool, type Version } from "./pool";
import { settle } from "./settle";
import { checkTarget, passedOver, targetVersion, type TargetCheck } from "./target";
import { unservedOf } from "./unserved";

export interface UndoOptions {
  readonly toRevision?: number;
  /** What is written: a hold, the version's own configuration, or nothing. */
  readonly config: "hold" | "restore" | "none";
  readonly reason?: string;
  readonly commit?: boolean;
  /** Goes on although a check says that it can't work. */
  readonly force?: boolean;
  /** Measures the old version again before it gets users; else it gets them as soon as its pods are ready. */
  readonly withAnalysis?: boolean;
}

/** @throws UserError */
export async function undo(run: Run, name: string, options: UndoOptions): Promise<Result> {
  const { deps, settings } = run;
  const namespace = namespaceIn(settings);
  const pool = await readPool(run.client(), namespace, name);
  const unserved = await unservedOf(run.client(), pool);
  const target = targetVersion(pool, options.toRevision, unserved);
  if (target.wanted) throw usage(`pool ${name} is at ${versionName(target)} already`, "aictl rollout history shows the others");
  const checks = await checkTarget(run.client(), pool, target);
  const hold = holdOf(run, target, options.reason ?? `undone from revision ${pool.versions.find(({ wanted }) => wanted)?.revision ?? "?"}`);
  const edit = editOf(run, name, target, options.config, hold);
  const over = options.toRevision === undefined ? passedOver(pool, target, unserved) : [];
  deps.terminal.note(planOf(pool, target, over, checks, edit));
  const bad = checks.filter(({ ok }) => !ok);
  if (bad.length > 0 && !options.force) {
    throw refused(
      `${versionName(target)} of pool ${name} can't be gone back to:\n${bad.map(({ check, found }) => `  ${check}: ${found}`).join("\n")}`,
      bad[0]?.fix ?? "",
    );
  }
  await guard(run, `puts pool ${name} back to ${versionName(target)}`);
  if (options.commit && edit && !settings.dryRun) await mustBeClean(deps.run.git, edit.path);

  await run
    .client()
    .patch(paths.deployment(namespace, name), { type: "json", body: patchOf(pool, target, options.config === "hold" ? hold : undefined) }, settings.dryRun);
  const branch = { name: `aictl/undo-${name}-${target.hash}`, message: `${name}: back to ${versionName(target)}\n\n${hold.reason}` };
  const saved = edit && (await save(run, edit, options.commit ? branch : undefined));
  const next = saved ? [nextSteps(saved, "pulumi up keeps it so")] : [unwritten(options.config)];
  const data = {
    pool: name,
    namespace,
    target: { revision: target.revision, hash: target.hash },
    checks,
    hold: options.config === "hold" ? hold : undefined,
    config: saved,
    dryRun: settings.dryRun,
  };
  if (settings.dryRun) return { data, text: `the server accepts the change; nothing was changed (--dry-run)\n` };
  if (!settings.wait) return { data, text: lines(`pool ${name} is on its way to ${versionName(target)}: aictl rollout status ${name} --wait`, ...next) };

  await settle(run, {
    namespace,
    pool: name,
    hash: target.hash,
    // It served before: users don't wait for a measurement, unless that is wanted.
    onSeen: async (seen) => {
      if (seen.rollout && !options.withAnalysis && seen.rollout.status?.stableRS !== target.hash) await promoteFull(run, namespace, name);
    },
    onAwaits: () => promotePaused(run, namespace, name),
  });
  const answered = await checkModels(
    run,
    namespace,
    name,
    target.models.map((model) => model.name),
  );
  const said = answered.map(({ model, firstTokenSeconds }) => `  ${model} answers, first token after ${firstTokenSeconds.toFixed(2)} s`);
  return { data: { ...data, answered }, text: lines(`pool ${name} serves ${versionName(target)}`, ...said, ...next) };
}

/** Whether a version can be gone back to; changes nothing. */
export async function validate(run: Run, name: string, revision: number | undefined): Promise<Result> {
  const pool = await readPool(run.client(), namespaceIn(run.settings), name);
  const target = targetVersion(pool, revision, await unservedOf(run.client(), pool));
  const checks = await checkTarget(run.client(), pool, target);
  const bad = checks.some(({ ok }) => !ok);
  return {
    data: { pool: name, target: { revision: target.revision, hash: target.hash }, valid: !bad, checks },
    text: lines(`${versionName(target)} of pool ${name} ${bad ? "can't" : "can"} be gone back to`, ...checks.map(checkLine)),
    exitCode: bad ? 1 : 0,
  };
}

function holdOf({ deps }: Run, target: Version, reason: string): Hold {
  return { revision: target.hash, by: deps.user(), since: new Date(deps.clock.now()).toISOString().replace(/\.\d+Z$/, "Z"), reason };
}

function editOf({ settings }: Run, name: string, target: Version, config: UndoOptions["config"], hold: Hold): Edit | undefined {
  if (config === "none") return undefined;
  if (!settings.file)
    throw usage("no stack is named, so nothing can be written into its configuration", "--stack NAME; or --no-config, and the next up undoes it");
  if (config === "hold") return setHold(settings.file, name, hold);
  if (target.made) return restoreVersion(settings.file, target.made);
  throw refused(`nobody wrote down what ${versionName(target)} was made from`, "--config hold keeps it without that");
}

/** The whole template, and what the Deployment says that it is made from; the server refuses it when somebody changed the Deployment meanwhile. */
export function patchOf({ deployment }: Pool, target: Version, hold: Hold | undefined): readonly JsonOperation[] {
  const { annotations } = deployment.metadata;
  const { resourceVersion } = deployment.metadata as { readonly resourceVersion?: string };
  const set: Record<string, string> = {
    ...(target.made ? { [poolAnnotation]: JSON.stringify(target.made) } : {}),
    ...(hold ? { [holdAnnotation]: JSON.stringify(hold), "argocd.argoproj.io/hook": "Skip" } : {}),
  };
  const none: readonly JsonOperation[] =
    annotations === undefined && Object.keys(set).length > 0 ? [{ op: "add", path: "/metadata/annotations", value: {} }] : [];
  return [
    ...(resourceVersion === undefined ? [] : [{ op: "test" as const, path: "/metadata/resourceVersion", value: resourceVersion }]),
    { op: "replace", path: "/spec/template", value: cleanTemplate(target.set.spec.template) },
    ...none,
    ...Object.entries(set).map(([name, value]) => ({
      op: "add" as const,
      path: `/metadata/annotations/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`,
      value,
    })),
  ];
}

/** Skips what is left of the analysis and of the pause, as `kubectl argo rollouts promote --full` does. */
export async function promoteFull({ client }: Run, namespace: string, name: string, dryRun = false): Promise<void> {
  await client().patch(paths.rolloutStatus(namespace, name), { type: "merge", body: { status: { promoteFull: true } } }, dryRun);
}

/** Ends the pause after the analysis. */
export async function promotePaused({ client }: Run, namespace: string, name: string, dryRun = false): Promise<void> {
  await client().patch(paths.rolloutStatus(namespace, name), { type: "merge", body: { status: { pauseConditions: null } } }, dryRun);
}

function planOf(pool: Pool, target: Version, over: readonly string[], checks: readonly TargetCheck[], edit: Edit | undefined): string {
  const from = pool.versions.find(({ wanted }) => wanted);
  const what = `pool ${pool.name}: ${from ? versionName(from) : "what the Deployment says"} → ${versionName(target)}`;
  return lines(what, ...over.map((version) => `  passed over: ${version}`), ...checks.map(checkLine), ...(edit?.diff ? [edit.diff] : []));
}

function checkLine({ check, ok, found, fix }: TargetCheck): string {
  return `  ${ok ? "✓" : "✗"} ${check}: ${found}${fix === undefined ? "" : `\n      fix: ${fix}`}`;
}

function unwritten(config: UndoOptions["config"]): string {
  return config === "none" ? "nothing was written into the configuration: the next pulumi up undoes this" : "";
}

function lines(...all: readonly string[]): string {
  return `${all.filter((line) => line !== "").join("\n")}\n`;
}
