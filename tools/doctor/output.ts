/** A report for people, and for programs. */
import { bold, dim, green, red, yellow } from "../lib/progress";
import type { Report } from "./engine";
import type { Finding, Status } from "./types";

const marks: Readonly<Record<Status, string>> = { ok: green("✓"), warning: yellow("!"), problem: red("✗"), skipped: dim("–") };

/** Widest title, and the indent of what follows it. */
const column = 22;

/** One line for each thing found, below it what is wanted and how to get it; and a summary. */
export function reportText({ results, counts }: Report): string {
  const lines = results.flatMap(({ title, findings }) => findings.flatMap((finding, i) => linesOf(i === 0 ? title : "", finding)));
  const { problem, warning, ok } = counts;
  const summary = `${number(problem, "problem")}, ${number(warning, "warning")}, ${ok} in order`;
  return `${lines.join("\n")}\n\n  ${problem > 0 ? red(summary) : bold(summary)}\n`;
}

function linesOf(title: string, { status, found, wanted, fix }: Finding): string[] {
  const indent = " ".repeat(column + 4);
  return [
    `  ${marks[status]} ${title.padEnd(column)}${status === "skipped" ? dim(found) : found}`,
    ...(wanted === undefined ? [] : [`${indent}wanted: ${wanted}`]),
    ...(fix === undefined ? [] : [`${indent}fix:    ${fix}`]),
  ];
}

function number(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

/** The same as JSON, with what was checked. */
export function reportJson(report: Report, target: { readonly stack: string; readonly context: string }): string {
  return `${JSON.stringify({ ...target, counts: report.counts, checks: report.results }, undefined, 2)}\n`;
}
