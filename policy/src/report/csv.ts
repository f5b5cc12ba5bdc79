/** The report as a table for a spreadsheet: one row per result (RFC 4180). */
import { frameworks } from "../frameworks";
import { evidenceLines, type Report, type Row } from "./model";
import { csvField } from "./text";

const columns: readonly (readonly [name: string, of: (row: Row) => string | number])[] = [
  ["outcome", ({ outcome }) => outcome],
  ["level", ({ policy }) => policy.level],
  ["severity", ({ policy }) => policy.severity],
  ["number", ({ policy }) => policy.number],
  ["policy", ({ policy }) => policy.name],
  ["required", ({ policy }) => policy.title],
  ["object", ({ object }) => object.title],
  ["id", ({ object }) => object.urn ?? object.id],
  ["unit", ({ unit }) => unit],
  ["paths", ({ problems }) => lines(problems.map(({ path }) => path))],
  ["values", ({ problems }) => lines(problems.map(({ value }) => value))],
  ["messages", ({ problems }) => lines(problems.map(({ message }) => message))],
  ["fix", ({ outcome, policy }) => (outcome === "violated" ? policy.fix : "")],
  ["exemption", ({ exemption }) => (exemption === undefined ? "" : `${exemption.reason} (${exemption.owner}, until ${exemption.expires})`)],
  ["evidence", (row) => lines(evidenceLines(row))],
  ...frameworks.map(({ id, name }) => [name, ({ policy }: Row) => (policy.controls[id] ?? []).join(" · ")] as const),
  ["page", ({ policy }) => policy.page],
];

export function csv({ rows }: Report): string {
  const line = (fields: readonly (string | number)[]) => `${fields.map(csvField).join(",")}\r\n`;
  return line(columns.map(([name]) => name)) + rows.map((row) => line(columns.map(([, of]) => of(row)))).join("");
}

const lines = (texts: readonly string[]) => texts.join("\n");
