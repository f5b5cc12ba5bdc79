/** Where a pool's rollout stands, and its versions. */
import { ageText, pairs, table } from "../output";
import type { AnalysisRun } from "../kube/objects";
import { paths } from "../kube/paths";
import { namespaceIn } from "../settings";
import type { Result, Run } from "../types";
import { readPool, versionName, type Pool, type Version } from "./pool";
import { reasons, servedBy, settle } from "./settle";
import { unservedOf } from "./unserved";

/** @returns exit code 1 where a version was given up or can't be measured */
export async function status(run: Run, name: string, wait: boolean): Promise<Result> {
  const namespace = namespaceIn(run.settings);
  const pool = wait ? await settle(run, { namespace, pool: name }) : await readPool(run.client(), namespace, name);
  const { verdict, hold, rollout } = pool;
  const bad = verdict.state === "given-up" || verdict.state === "undecided";
  const why = verdict.state === "serves" ? [] : await reasons(run, pool);
  const wanted = pool.versions.find((version) => version.wanted);
  const next = nextCommand(pool);
  const rows: [string, string | undefined][] = [
    ["pool", `${namespace}/${name}`],
    ["made by", rollout ? "Argo Rollouts" : "Deployment"],
    ["wanted", wanted ? versionName(wanted) : "a version that has no ReplicaSet yet"],
    ["state", `${verdict.state}: ${verdict.text}`],
    ["served by", servedBy(pool)],
    ["analysis", analysisText(pool)],
    ["hold", hold ? `${hold.revision} by ${hold.by} since ${hold.since}: ${hold.reason}` : undefined],
    ...(next === undefined ? [] : [["next", next] as [string, string]]),
  ];
  return {
    data: {
      pool: name,
      namespace,
      madeBy: rollout ? "rollout" : "deployment",
      state: verdict.state,
      message: verdict.text,
      wanted: wanted && { revision: wanted.revision, hash: wanted.hash },
      active: pool.versions.filter(({ active }) => active).map(({ revision, hash, set }) => ({ revision, hash, ready: set.status?.readyReplicas ?? 0 })),
      hold,
      reasons: why,
      next,
    },
    text: `${pairs(rows)}${why.map((line) => `  ${line}\n`).join("")}`,
    exitCode: bad ? 1 : 0,
  };
}

function analysisText({ rollout }: Pool): string | undefined {
  const { prePromotionAnalysisRunStatus: pre, postPromotionAnalysisRunStatus: post } = rollout?.status?.blueGreen ?? {};
  const parts = [...(pre ? [`before the switch ${pre.status}`] : []), ...(post ? [`after the switch ${post.status}`] : [])];
  return parts.join(", ") || undefined;
}

function nextCommand({ name, verdict, hold }: Pool): string | undefined {
  if (verdict.state === "awaits") return `aictl rollout promote ${name}, or aictl rollout abort ${name}`;
  if (verdict.state === "undecided") return `aictl rollout promote ${name} measures again, aictl rollout abort ${name} gives it up`;
  if (verdict.state === "given-up") return `put the configuration right and run pulumi up, or aictl rollout undo ${name}`;
  if (hold) return `aictl hold release ${name}, once the configuration is right`;
  return undefined;
}

/** The versions that are kept, newest first. */
export async function history(run: Run, name: string): Promise<Result> {
  const { deps } = run;
  const namespace = namespaceIn(run.settings);
  const pool = await readPool(run.client(), namespace, name);
  const runs = pool.rollout ? await run.client().list<AnalysisRun>(paths.analysisRuns(namespace)) : [];
  const unserved = await unservedOf(run.client(), pool);
  const versions = pool.versions.map((version) => ({
    revision: version.revision,
    hash: version.hash,
    state: stateOf(version, pool),
    neverServed: unserved.get(version.hash),
    created: version.set.metadata.creationTimestamp,
    replicas: version.set.status?.replicas ?? 0,
    models: version.models.map((model) => model.name),
    images: [...new Set(version.set.spec.template.spec.containers.map(({ image }) => image))],
    analysis: runs
      .filter(({ metadata }) => metadata.labels?.["rollouts-pod-template-hash"] === version.hash)
      .map(({ metadata, status: found }) => ({ name: metadata.name, phase: found?.phase ?? "Pending" })),
    configuration: version.made !== undefined,
  }));
  const text = table(
    ["REVISION", "HASH", "STATE", "AGE", "PODS", "MODELS", "IMAGES", "ANALYSIS"],
    versions.map((one) => [
      one.revision,
      one.hash,
      one.state || (one.neverServed === undefined ? "" : "never served"),
      ageText(one.created, deps.clock.now()),
      one.replicas,
      one.models.join(","),
      one.images.map(shortImage).join(","),
      one.analysis.map(({ phase }) => phase).join(","),
    ]),
  );
  return { data: { pool: name, namespace, madeBy: pool.rollout ? "rollout" : "deployment", versions }, text };
}

function stateOf({ active, wanted, hash }: Version, { hold, rollout }: Pool): string {
  const preview = rollout !== undefined && wanted && !active;
  const words = [active ? "serves" : undefined, preview ? (rollout.status?.abort ? "given up" : "preview") : wanted && !active ? "wanted" : undefined];
  return [...words, hold?.revision === hash ? "held" : undefined].filter(Boolean).join(", ");
}

/** `ollama:0.17.4`, or a short digest. */
function shortImage(image: string): string {
  const [name = "", digest] = image.split("@sha256:");
  const last = name.split("/").at(-1) ?? name;
  return digest === undefined || last.includes(":") ? last : `${last}@${digest.slice(0, 12)}`;
}
