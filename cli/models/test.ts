/** Asks models, once or for a while. */
import { failed, usage } from "../errors";
import type { Deployment } from "../kube/objects";
import { paths, replicasOf } from "../kube/paths";
import { pairs, secondsText, table } from "../output";
import { namespaceIn } from "../settings";
import type { Result, Run } from "../types";
import { versionsOf } from "../rollout/pool";
import { ask, type Asked, type Reply } from "./ask";

export interface AskOptions {
  readonly pool?: string;
  readonly prompt: string;
  readonly maxTokens: number;
}

export async function testModel(run: Run, model: string, options: AskOptions): Promise<Result> {
  const namespace = namespaceIn(run.settings);
  const pool = options.pool ?? (await poolOf(run, namespace, model));
  const asked = await ask(run.client(), run.deps.clock, namespace, pool, { model, ...options, timeoutMs: run.settings.timeoutMs });
  if ("error" in asked)
    throw failed(`model ${model} of pool ${pool} did not answer: ${asked.error} (${asked.status})`, `aictl rollout status ${pool}; aictl models list`);
  const { reply } = asked;
  const rows: [string, string][] = [
    ["model", model],
    ["pool", `${namespace}/${pool}`],
    ["first token", secondsText(reply.firstTokenSeconds) ?? ""],
    ["in all", secondsText(reply.seconds) ?? ""],
    ["tokens", `${reply.promptTokens} in, ${reply.tokens} out`],
    ["speed", reply.tokensPerSecond === undefined ? "not said" : `${reply.tokensPerSecond.toFixed(1)} tokens/s`],
  ];
  return { data: { model, pool, namespace, ...reply }, text: `${reply.text.trim()}\n\n${pairs(rows)}` };
}

/** The pool that serves a model: by the configuration, else by what the cluster's pools are made from. @throws UserError */
async function poolOf({ settings, client }: Run, namespace: string, model: string): Promise<string> {
  const configured = settings.file?.config.serving.pools.find(({ models }) => models.includes(model))?.name;
  if (configured !== undefined) return configured;
  const deployments = await client().list<Deployment>(paths.deployments(namespace, replicasOf()));
  const served = deployments.map((deployment) => ({ name: deployment.metadata.name, models: modelsOf(deployment) }));
  const found = served.find(({ models }) => models.includes(model));
  if (found) return found.name;
  const known = [...new Set([...served.flatMap(({ models }) => models), ...(settings.file?.config.serving.pools.flatMap(({ models }) => models) ?? [])])];
  throw usage(`no pool of ${namespace} serves ${model}`, known.length > 0 ? `one of ${known.join(", ")}` : "aictl models list shows what there is");
}

function modelsOf(deployment: Deployment): readonly string[] {
  const own = {
    metadata: { name: "", ownerReferences: [{ uid: deployment.metadata.uid ?? "", controller: true, kind: "Deployment", name: "" }] },
    spec: deployment.spec,
  };
  return versionsOf(deployment, undefined, [own]).flatMap(({ models }) => models.map(({ name }) => name));
}

export interface BenchOptions extends AskOptions {
  readonly clients: number;
  readonly seconds: number;
}

/** Most that a bench may ask for: it goes the way of users, who wait for it. */
export const benchLimits = { clients: 64, seconds: 600 } as const;

export async function bench(run: Run, model: string, options: BenchOptions): Promise<Result> {
  const { clients, seconds } = options;
  const { deps, settings } = run;
  const bad = [...outside("clients", clients, benchLimits.clients), ...outside("seconds", seconds, benchLimits.seconds)];
  if (bad.length > 0) throw usage(bad.join("; "), "less load is still a measurement: users wait for what a bench takes");
  const namespace = namespaceIn(settings);
  const pool = options.pool ?? (await poolOf(run, namespace, model));
  if (settings.dryRun)
    return { data: { model, pool, clients, seconds, dryRun: true }, text: `would ask ${model} of pool ${pool}: ${clients} clients for ${seconds} s\n` };
  deps.terminal.note(`${clients} clients ask ${model} of pool ${pool} for ${seconds} s…`);
  const start = deps.clock.now();
  const asked: Asked[] = [];
  const client = async () => {
    while (deps.clock.now() - start < seconds * 1000) {
      const one = await ask(run.client(), deps.clock, namespace, pool, { model, ...options, timeoutMs: seconds * 1000 + 60_000 });
      asked.push(one);
      // What refuses at once must not be asked in a tight loop.
      if ("error" in one) await deps.clock.sleep(500);
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  const figures = figuresOf(asked, (deps.clock.now() - start) / 1000);
  const text = table(
    ["REQUESTS", "ERRORS", "TTFT p50", "TTFT p95", "TOKENS/S EACH p50", "TOKENS/S ALL", "REQUESTS/S"],
    [
      [
        figures.requests,
        figures.errors,
        secondsText(figures.firstTokenSeconds.p50),
        secondsText(figures.firstTokenSeconds.p95),
        figures.tokensPerSecondEach.p50?.toFixed(1),
        figures.tokensPerSecondAll.toFixed(1),
        figures.requestsPerSecond.toFixed(2),
      ],
    ],
  );
  const errors = Object.entries(figures.errorsByText).map(([error, count]) => `  ${count} × ${error}\n`);
  return { data: { model, pool, namespace, clients, seconds, ...figures }, text: text + errors.join(""), exitCode: figures.requests > figures.errors ? 0 : 1 };
}

function outside(name: string, value: number, most: number): string[] {
  return Number.isInteger(value) && value >= 1 && value <= most ? [] : [`--${name} ${value}: a whole number from 1 to ${most}`];
}

/** @param seconds that the bench took in all */
export function figuresOf(asked: readonly Asked[], seconds: number) {
  const replies = asked.flatMap((one) => ("reply" in one ? [one.reply] : []));
  const errorsByText: Record<string, number> = {};
  for (const one of asked) if ("error" in one) errorsByText[`${one.status}: ${one.error}`] = (errorsByText[`${one.status}: ${one.error}`] ?? 0) + 1;
  const of = (value: (reply: Reply) => number | undefined) => {
    const values = replies.map(value).filter((one) => one !== undefined);
    return { p50: percentile(values, 0.5), p95: percentile(values, 0.95) };
  };
  return {
    requests: asked.length,
    errors: asked.length - replies.length,
    errorsByText,
    firstTokenSeconds: of(({ firstTokenSeconds }) => firstTokenSeconds),
    tokensPerSecondEach: of(({ tokensPerSecond }) => tokensPerSecond),
    tokensPerSecondAll: replies.reduce((sum, { tokens }) => sum + tokens, 0) / seconds,
    requestsPerSecond: replies.length / seconds,
  };
}

/** Nearest rank; undefined of nothing. */
export function percentile(values: readonly number[], share: number): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
}
