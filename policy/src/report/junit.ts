/** The report as JUnit XML, for a pipeline's test view: a suite per policy, a case per result. */
import { isFailure, problemLines, type PolicyReport, type Report, type Row } from "./model";
import { escaped } from "./text";

export function junit({ facts, results, policies, rows }: Report): string {
  const suites = policies.map((policy) => suite(policy, facts.time));
  const tests = policies.reduce((sum, policy) => sum + Math.max(policy.rows.length, 1), 0);
  const totals = { tests, ...numbers(rows, tests) };
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites${attributes({ name: `openshift-ai-policy ${results.stack}`, ...totals })}>`,
    ...suites,
    "</testsuites>",
    "",
  ].join("\n");
}

function suite({ policy, rows, reason }: PolicyReport, time: string): string {
  const name = `${policy.number} ${policy.name}`;
  const cases = rows.length > 0 ? rows.map(testcase) : [`    <testcase${attributes({ name: policy.title, classname: policy.name })}>${skipped(`not applicable: ${reason ?? ""}`)}</testcase>`]; // prettier-ignore
  const totals = { tests: cases.length, ...numbers(rows, cases.length) };
  // Instants have no zone in this format.
  return [`  <testsuite${attributes({ name, ...totals, timestamp: time.replace(/(\.\d+)?Z$/, "") })}>`, ...cases, "  </testsuite>"].join("\n");
}

/** A suite without a result has one case, which is skipped. */
function numbers(rows: readonly Row[], tests: number): { failures: number; errors: number; skipped: number } {
  const count = (is: (row: Row) => boolean) => rows.filter(is).length;
  const errors = count(({ outcome }) => outcome === "error");
  return {
    failures: count(isFailure) - errors,
    errors,
    skipped: count(({ outcome }) => outcome === "not decided" || outcome === "exempted") + (tests - rows.length),
  };
}

function testcase(row: Row): string {
  const { policy, object, unit } = row;
  const name = `${object.title}${unit === "" ? "" : ` ${unit}`}`;
  const inner = outcomeOf(row);
  const start = `    <testcase${attributes({ name, classname: policy.name })}`;
  return inner === "" ? `${start}/>` : `${start}>${inner}</testcase>`;
}

function outcomeOf(row: Row): string {
  const { policy, object, outcome, problems, exemption } = row;
  const told = problemLines(row).join("\n");
  const message = problems[0]?.message ?? policy.title;
  switch (outcome) {
    case "passed":
      return "";
    case "not decided":
      return skipped(`not decided before up: ${message}`);
    case "exempted":
      return skipped(`exempted: ${exemption?.reason ?? ""} (${exemption?.owner ?? ""}, until ${exemption?.expires ?? ""})`);
    case "error":
      return `<error${attributes({ message, type: policy.name })}>${escaped(told)}</error>`;
    case "violated": {
      const text = `${told}\nresource: ${object.urn ?? object.id}\nfix: ${policy.fix}\nsee: ${policy.page}`;
      return isFailure(row) ? `<failure${attributes({ message, type: policy.severity })}>${escaped(text)}</failure>` : `<system-out>${escaped(`advisory: ${text}`)}</system-out>`; // prettier-ignore
    }
  }
}

const skipped = (message: string) => `<skipped${attributes({ message })}/>`;

function attributes(values: Readonly<Record<string, string | number>>): string {
  return Object.entries(values)
    .map(([key, value]) => ` ${key}="${escaped(String(value)).replace(/[\t\n\r]/g, (one) => `&#${one.charCodeAt(0)};`)}"`)
    .join("");
}
