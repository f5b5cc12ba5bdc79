/** The report as SARIF 2.1.0, for code scanning: a rule per policy, a result per check, all outcomes kept. */
import { frameworks } from "../frameworks";
import type { PolicyEntry, ResultEntry } from "./input";
import { problemLines, type Report, type Row } from "./model";
import { sha256, uuidOf } from "./text";

export function sarif(report: Report): string {
  const { facts, results, policies, rows } = report;
  const index = new Map(policies.map(({ policy }, i) => [policy.name, i]));
  const log = {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: { driver: { name: "openshift-ai-policy", version: results.version, rules: policies.map(({ policy }) => rule(policy)) } },
        automationDetails: { id: `openshift-ai-policy/${results.stack}/${facts.time}`, guid: uuidOf("sarif", results.stack, facts.time) },
        invocations: [
          {
            executionSuccessful: report.counts.errors === 0,
            endTimeUtc: facts.time,
            ...(facts.by === undefined ? {} : { account: facts.by }),
            toolExecutionNotifications: rows.filter(({ outcome }) => outcome === "error").map((row) => notification(row, index.get(row.policy.name) ?? -1)),
          },
        ],
        columnKind: "utf16CodeUnits",
        results: rows.filter(({ outcome }) => outcome !== "error").map((row) => result(row, index.get(row.policy.name) ?? -1)),
        properties: {
          verdict: report.verdict.outcome,
          versions: facts.versions,
          ...(facts.commit === undefined ? {} : { commit: facts.commit.hash, commitChanged: facts.commit.changed }),
        },
      },
    ],
  };
  return `${JSON.stringify(log, undefined, 2)}\n`;
}

const severities: Readonly<Record<PolicyEntry["severity"], string>> = { low: "3.0", medium: "5.5", high: "8.0", critical: "9.5" };

function rule(policy: PolicyEntry): object {
  const controls = frameworks.flatMap(({ id }) => (policy.controls[id] ?? []).map((control) => `${id}/${control}`));
  return {
    id: policy.name,
    name: policy.name,
    shortDescription: { text: policy.title },
    help: { text: `${policy.fix} (${policy.page})` },
    ...(/^https?:\/\//.test(policy.page) ? { helpUri: policy.page } : {}),
    defaultConfiguration: { level: policy.level === "mandatory" ? "error" : "warning" },
    // GitHub reads this one as a number from 0 to 10.
    properties: { number: policy.number, group: policy.group, "security-severity": severities[policy.severity], tags: [policy.group, ...controls] },
  };
}

/** Only a violation is a failure; SARIF has a kind for each other outcome. */
const kinds: Readonly<Record<Exclude<ResultEntry["outcome"], "error">, string>> = { passed: "pass", violated: "fail", exempted: "fail", "not decided": "open" };

function result(row: Row, ruleIndex: number): object {
  const { policy, object, unit, outcome, exemption } = row;
  const kind = kinds[outcome as Exclude<ResultEntry["outcome"], "error">];
  const told = problemLines(row);
  return {
    ruleId: policy.name,
    ruleIndex,
    kind,
    level: kind === "fail" ? (policy.level === "mandatory" ? "error" : "warning") : "none",
    message: { text: [`${object.title}: ${policy.title}`, ...told].join("\n") },
    locations: [location(row)],
    partialFingerprints: { "policyObjectUnit/v1": sha256(JSON.stringify([policy.name, object.id, unit])) },
    ...(outcome === "exempted" && exemption !== undefined
      ? {
          suppressions: [{ kind: "external", status: "accepted", justification: `${exemption.reason} (${exemption.owner}, until ${exemption.expires})` }],
        }
      : {}),
  };
}

/** A resource has no line; where it comes from a manifest, its file is known. */
function location({ object, unit, problems }: Row): object {
  const path = problems[0]?.path ?? unit;
  const [, file] = /^([^#]+)#\d+$/.exec(object.urn === undefined ? object.id : "") ?? [];
  return {
    ...(file === undefined ? {} : { physicalLocation: { artifactLocation: { uri: encodeURI(file) } } }),
    logicalLocations: [{ name: object.title, fullyQualifiedName: `${object.urn ?? object.id}${path === "" ? "" : `#${path}`}`, kind: "resource" }],
  };
}

function notification({ policy, object, problems }: Row, index: number): object {
  return {
    level: "error",
    message: { text: `${object.title}: ${problems[0]?.message ?? "the policy itself failed"}` },
    associatedRule: { id: policy.name, index },
  };
}
