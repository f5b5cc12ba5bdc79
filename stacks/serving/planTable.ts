/** The memory plan as a table for people, beside the capacity table. Pure. */
import type { StackConfig } from "../schema";
import { licences } from "./catalogue";
import { planPools, type PoolPlan } from "./memory";
import { readable, sizeOf } from "./memoryProblems";
import { factsOf } from "./modelFacts";
import { servingNotes } from "./notes";
import { isKnown, type ModelMemory, type UnknownMemory } from "./modelMemory";

type Row = string | readonly string[];

const columns = ["memory of a replica", "type", "weights", "cache", "graph", "CUDA", "sum"];
const nameWidth = 40;
const lineWidth = 99;

/** Aligned text of less than 100 columns: per pool its models, what they take, the GPUs that it may get, and whether it fits; then the licences, and what of the settings has no effect. */
export function servingPlanTable(config: StackConfig): string {
  return layOut([
    columns,
    ...planPools(config).flatMap((plan) => ofPool(plan, config)),
    ...ofLicences(config),
    ...servingNotes(config).map((note) => `note: ${note}`),
  ]);
}

function ofPool(plan: PoolPlan, config: StackConfig): Row[] {
  return [
    `pool ${plan.pool}`,
    ...plan.models.map((model) => ofModel(model, config)),
    ...plan.models.flatMap((model) => cut(model, plan, config)),
    ...plan.places.map(({ place, needed, fits }) => {
      const said = !fits ? "too large" : plan.models.every(isKnown) ? "fits" : "at least";
      return `  ${said}: ${readable(needed)} of ${sizeOf(place)}`;
    }),
    ...(plan.unknown.length > 0 ? [`  not planned: ${plan.unknown.join("; ")}`] : []),
  ];
}

function ofModel(model: ModelMemory | UnknownMemory, { models }: StackConfig): Row {
  const configured = models.find(({ name }) => name === model.name);
  const type = (configured && factsOf(configured).quantization) ?? "";
  if (!isKnown(model)) return [`  ${model.name}`, type, model.atLeast > 0 ? readable(model.atLeast) : "?", "?", "?", "?", "?"];
  const { weights, cache, graph, overhead } = model;
  return [`  ${model.name}`, type, ...[weights, cache, graph, overhead, weights + cache + graph + overhead].map(readable)];
}

/** What of the pool's settings a model does not take. */
function cut(model: ModelMemory | UnknownMemory, { pool: name }: PoolPlan, { serving }: StackConfig): string[] {
  const pool = serving.pools.find((one) => one.name === name);
  if (pool === undefined || !isKnown(model)) return [];
  const { context, cacheType } = model.load;
  return [
    ...(context < pool.contextLength ? [`  ${model.name} was trained with ${context} tokens: longer contexts are cut to that`] : []),
    ...(cacheType !== pool.kvCacheType ? [`  ${model.name} has no flash attention in Ollama: its cache is ${cacheType}`] : []),
  ];
}

function ofLicences({ models, serving }: StackConfig): Row[] {
  const any = serving.licences === undefined ? ["licences: any is allowed, since serving.licences is not set"] : [];
  const used = new Map<string, string[]>();
  for (const model of models) {
    const licence = factsOf(model).licence ?? "not known";
    used.set(licence, [...(used.get(licence) ?? []), model.name]);
  }
  return [
    ...any,
    ...[...used].map(([licence, names]) => `  ${licence}${licences[licence] === undefined ? "" : ` (${licences[licence]})`}: ${names.join(", ")}`),
  ];
}

function layOut(rows: readonly Row[]): string {
  const cells = rows.filter((row) => typeof row !== "string");
  const widths = columns.map((_, at) => Math.min(nameWidth, Math.max(...cells.map((row) => row[at]?.length ?? 0))));
  return rows
    .flatMap((row) =>
      typeof row === "string"
        ? wrapped(row)
        : [
            row
              .map((cell, at) => (at < 2 ? shortened(cell, widths[at] ?? 0).padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
              .join("  ")
              .trimEnd(),
          ],
    )
    .join("\n");
}

/** Lines of the width, each but the first indented. */
function wrapped(text: string): readonly string[] {
  const indent = `${/^ */.exec(text)?.[0] ?? ""}  `;
  return text
    .trimStart()
    .split(" ")
    .reduce<string[]>((lines, word) => {
      const last = lines.at(-1);
      if (last === undefined) return [`${indent.slice(2)}${word}`];
      return last.length + word.length < lineWidth ? lines.with(-1, `${last} ${word}`) : [...lines, `${indent}${word}`];
    }, []);
}

function shortened(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`;
}
