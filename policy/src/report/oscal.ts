/**
 * The report as OSCAL assessment results 1.1.3: an observation per policy with its evidence, a finding per control, a risk per policy that is violated or exempted.
 * Articles of the EU AI Act are no findings here: OSCAL knows "satisfied" and "not satisfied" only, and no program can say either of a law.
 */
import type { FrameworkId } from "../frameworks";
import { evidenceLines, problemLines, type ControlReport, type FrameworkReport, type PolicyReport, type Report, type Row } from "./model";
import { counted, uuidOf } from "./text";

const ns = "urn:openshift-ai-policy:oscal";

export function oscal(report: Report): string {
  const { facts, results, policies } = report;
  const run = runOf(report);
  const plan = uuidOf("plan", results.version);
  const party = facts.by === undefined ? undefined : uuidOf("party", facts.by);
  const document = {
    "assessment-results": {
      uuid: uuidOf("assessment-results", ...run),
      metadata: {
        title: `Policy check of the stack ${results.stack}`,
        "last-modified": facts.time,
        version: line(facts.commit?.hash ?? results.version),
        "oscal-version": "1.1.3",
        props: props({ verdict: report.verdict.outcome, ...facts.versions, ...(facts.commit?.changed ? { "commit-changed": "true" } : {}) }),
        ...(party === undefined || facts.by === undefined
          ? {}
          : {
              roles: [{ id: "prepared-by", title: "Prepared by" }],
              parties: [{ uuid: party, type: "person", name: line(facts.by) }],
              "responsible-parties": [{ "role-id": "prepared-by", "party-uuids": [party] }],
            }),
      },
      "import-ap": { href: `#${plan}`, remarks: "There is no plan beside the policy pack: its policies say what is looked at, and how." },
      results: [result(report, run)],
      "back-matter": {
        resources: [
          {
            uuid: plan,
            title: `Policy pack openshift-ai-policy ${results.version}`,
            description: `${counted(policies.length, "policy", "policies")}, each with a page`,
            rlinks: [{ href: "report.html" }],
          },
          ...findable(report).map(({ framework }) => ({
            uuid: uuidOf("framework", framework.id),
            title: `${framework.name} ${framework.version}`,
            description: [...new Set(framework.controls.map(({ source }) => `${source.document}, ${source.version}: ${source.read}`))].join("\n"),
            rlinks: [{ href: framework.address }],
          })),
        ],
      },
    },
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

function result(report: Report, run: readonly string[]): object {
  const { facts, results, policies, verdict } = report;
  const checked = policies.filter(({ rows }) => rows.length > 0);
  const [tool, platform] = [uuidOf("tool", results.version), uuidOf("platform", results.version)];
  const reviewed = findable(report);
  const controls = reviewed.flatMap((framework) => framework.controls.map((control) => ({ framework: framework.framework.id, control })));
  const risks = checked.flatMap((policy) => risksOf(policy, run));
  return {
    uuid: uuidOf("result", ...run),
    title: `${results.stack}: ${verdict.outcome}`,
    description: verdict.sentence,
    start: facts.time,
    end: facts.time,
    "local-definitions": {
      "inventory-items": orAbsent(results.objects.map((object) => ({ uuid: uuidOf("object", object.id), description: object.title, props: props({ id: object.urn ?? object.id }) }))), // prettier-ignore
      "assessment-assets": {
        components: [{ uuid: tool, type: "software", title: "openshift-ai-policy", description: `Policy pack, version ${results.version}`, status: { state: "operational" } }], // prettier-ignore
        "assessment-platforms": [{ uuid: platform, "uses-components": [{ "component-uuid": tool }] }],
      },
    },
    "reviewed-controls": {
      "control-selections": reviewed.map(({ framework, controls: some }) => ({
        description: `${framework.name} ${framework.version}: controls that policies support. ${framework.claim}`,
        props: props({ framework: framework.id }),
        ...(some.length > 0 ? { "include-controls": some.map(({ control }) => ({ "control-id": tokenOf(framework.id, control.id) })) } : {}),
      })),
    },
    observations: orAbsent(checked.map((policy) => observation(policy, run, facts.time, tool))),
    risks: orAbsent(risks),
    findings: orAbsent(controls.filter(({ control }) => control.state !== "not applicable").map(({ framework, control }) => finding(framework, control, run))),
  };
}

function observation({ policy, state, rows }: PolicyReport, run: readonly string[], collected: string, tool: string): object {
  const subjects = [...new Map(rows.map(({ object }) => [object.id, object])).values()];
  return {
    uuid: uuidOf("observation", policy.name, ...run),
    title: `${policy.number} ${policy.name}`,
    description: `Required: ${policy.title}.`,
    props: props({ state, level: policy.level, severity: policy.severity, "ai-act": policy.controls.aiAct?.join(" ") ?? "" }),
    methods: ["TEST"],
    types: ["control-objective"],
    origins: [{ actors: [{ type: "tool", "actor-uuid": tool }] }],
    subjects: subjects.map(({ id, title }) => ({ "subject-uuid": uuidOf("object", id), type: "inventory-item", title })),
    "relevant-evidence": rows.map(evidence),
    collected,
  };
}

function evidence(row: Row): object {
  const { object, unit, outcome } = row;
  return {
    description: [`${object.title}${unit === "" ? "" : ` ${unit}`}: ${outcome}`, ...problemLines(row), ...evidenceLines(row)].join("\n"),
    props: props({ outcome, id: object.urn ?? object.id, unit }),
  };
}

function finding(framework: FrameworkId, { control, policies, counts, notApplicable, state }: ControlReport, run: readonly string[]): object {
  const checked = policies.filter(({ rows }) => rows.length > 0);
  const risks = checked.flatMap((policy) => risksOf(policy, run)).map(({ uuid }) => ({ "risk-uuid": uuid }));
  const token = tokenOf(framework, control.id);
  const numbers = `${counts.passed} passed, ${counts.violated} violated, ${counts.exempted} exempted, ${counts.notDecided} not decided, ${counts.errors} in error, ${notApplicable} not applicable`; // prettier-ignore
  return {
    uuid: uuidOf("finding", token, ...run),
    title: `${control.id} ${control.title}`,
    description: `${counted(policies.length, "policy supports", "policies support")} this control: ${policies.map(({ policy }) => policy.name).join(", ")}. Checks: ${numbers}.`,
    target: {
      ...(framework === "nist" ? { type: "statement-id", "target-id": `${token}_smt` } : { type: "objective-id", "target-id": token }),
      status: {
        // What is exempted or not decided is not satisfied: the remarks say which of them it is.
        state: state === "passed" ? "satisfied" : "not-satisfied",
        reason: state === "passed" ? "pass" : state === "failed" ? "fail" : "other",
        remarks: `State of the checks: ${state}. They are what a program sees of the control, and not all of it.`,
      },
    },
    "related-observations": checked.map(({ policy }) => ({ "observation-uuid": uuidOf("observation", policy.name, ...run) })),
    "related-risks": orAbsent(risks),
  };
}

function risksOf({ policy, rows }: PolicyReport, run: readonly string[]): readonly { readonly uuid: string }[] {
  const of = (outcome: Row["outcome"], status: string, told: (row: Row) => string) => {
    const some = rows.filter((row) => row.outcome === outcome);
    if (some.length === 0) return [];
    return [
      {
        uuid: uuidOf("risk", status, policy.name, ...run),
        title: `${policy.title}: ${counted(some.length, "resource")} ${outcome}`,
        description: some.map(told).join("\n"),
        statement: `Mend: ${policy.fix}.`,
        props: props({ severity: policy.severity, level: policy.level }),
        status,
      },
    ];
  };
  return [
    ...of("violated", "open", ({ object, problems }) => `${object.title}: ${problems.map(({ path, message }) => `${path} ${message}`).join("; ")}`),
    ...of("exempted", "deviation-approved", ({ object, exemption }) => `${object.title}: ${exemption?.reason ?? ""} (${exemption?.owner ?? ""}, until ${exemption?.expires ?? ""})`), // prettier-ignore
  ];
}

/** Those of which OSCAL can speak. */
const findable = ({ frameworks }: Report): readonly FrameworkReport[] => frameworks.filter(({ framework }) => framework.id !== "aiAct");

/** What makes this run's identifiers differ from another one's. */
const runOf = ({ facts, results }: Report): readonly string[] => [results.stack, facts.time, facts.commit?.hash ?? ""];

/** An identifier as OSCAL's catalogues have it: `CM-7(5)` is `cm-7.5`; others start with their framework, since a token starts with a letter. */
export function tokenOf(framework: FrameworkId, id: string): string {
  const token = id.toLowerCase().replace(/\((\d+)\)/, ".$1").replace(/\s+/g, "-"); // prettier-ignore
  return framework === "nist" ? token : `${framework}-${token}`;
}

/** A list, or nothing where it is empty: OSCAL has no empty lists. */
const orAbsent = <T>(list: readonly T[]): readonly T[] | undefined => (list.length === 0 ? undefined : list);

function props(values: Readonly<Record<string, string>>): readonly object[] | undefined {
  return orAbsent(Object.entries(values).flatMap(([name, value]) => (line(value) === "" ? [] : [{ name, ns, value: line(value) }])));
}

/** On one line, without space around: OSCAL's strings are so. */
const line = (text: string): string => text.replace(/\s+/g, " ").trim();
