/** The report to read: one file, nothing from outside, no script. The verdict comes first. */
import type { ExemptionEntry } from "./input";
import { controlsSection, policiesSection, sourcesSection } from "./htmlControls";
import { findingsSection, notApplicableSection, notDecidedSection } from "./htmlFindings";
import { html, Markup, table, type Part } from "./markup";
import type { Report } from "./model";
import { style } from "./style";

const verdicts = { failed: ["✗", "Failed"], open: ["?", "Open"], passed: ["✓", "Passed"] } as const;

export function htmlPage(report: Report): string {
  const { results } = report;
  const title = `Compliance report: ${results.stack}`;
  const sections: readonly (readonly [id: string, title: string, body: Markup])[] = [
    ["findings", "Findings", findingsSection(report)],
    ["controls", "Controls", controlsSection(report)],
    ["exemptions", "Exemptions", exemptionsSection(report.exemptions)],
    ["not-decided", "Not decided", notDecidedSection(report)],
    ["not-applicable", "Not applicable", notApplicableSection(report)],
    ["policies", "Policies and evidence", policiesSection(report)],
    ["sources", "Sources, and what this report does not say", sourcesSection(report)],
  ];
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${title}</title>
<style>${new Markup(style)}</style>
</head>
<body>
<a class="skip" href="#main">To the report</a>
<header>
<h1>${title}</h1>
<p class="soft">Environment ${results.settings.environment}, platform ${results.settings.platform}</p>
</header>
<main id="main">
${verdictOf(report)}
${factsOf(report)}
<nav aria-label="Sections"><ul>${sections.map(([id, name]) => html`<li><a href="#${id}">${name}</a></li>`)}</ul></nav>
${sections.map(([id, name, body]) => html`<section aria-labelledby="${id}"><h2 id="${id}">${name}</h2>
${body}</section>
`)}</main>
<footer><p>Made by openshift-ai-policy ${results.version} from ${report.rows.length} results.</p></footer>
</body>
</html>
`; // prettier-ignore
  return page.text;
}

function verdictOf({ verdict, counts, policies }: Report): Markup {
  const [sign, name] = verdicts[verdict.outcome];
  const notApplicable = policies.filter(({ state }) => state === "not applicable").length;
  const numbers: readonly (readonly [string, number])[] = [
    ["passed", counts.passed],
    ["violated", counts.violated],
    ["exempted", counts.exempted],
    ["not decided", counts.notDecided],
    ["policy errors", counts.errors],
    ["policies not applicable", notApplicable],
  ];
  return html`<div class="verdict ${verdict.outcome}"><strong><span aria-hidden="true">${sign} </span>${name}</strong><p>${verdict.sentence}</p></div>
<ul class="numbers" aria-label="Checks by outcome">${numbers.map(([what, number]) => html`<li><b>${number}</b> ${what}</li>`)}</ul>
`; // prettier-ignore
}

function factsOf({ facts, results, policies }: Report): Markup {
  const commit = facts.commit === undefined ? "not known" : `${facts.commit.hash}${facts.commit.changed ? ", with changes that are not committed" : ""}`;
  const list: readonly (readonly [string, Part])[] = [
    ["Checked", html`<time datetime="${facts.time}">${facts.time.replace("T", " ").replace(/(\.\d+)?Z$/, " UTC")}</time>`],
    ["By", facts.by ?? "not said"],
    ["Commit", html`<code>${commit}</code>`],
    ["Policy pack", `${results.version}, ${policies.length} policies`],
    ["Objects", results.objects.length],
    ...Object.entries(facts.versions).map(([name, version]) => [`Version of ${name}`, version] as const),
  ];
  return html`<dl class="facts">${list.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
`; // prettier-ignore
}

function exemptionsSection(exemptions: readonly ExemptionEntry[]): Markup {
  if (exemptions.length === 0) return html`<p>There are none: no violation is excused.</p>`;
  return html`<p>A violation that somebody answers for, until a day. One that has expired, or that nothing needs any more, fails the report.</p>
${table(
  "Exemptions",
  ["Policy", "Resource", "Reason", "Owner", "Until", "State"],
  exemptions.map((one) => [
    one.policy,
    html`<span class="path">${one.resource}</span>`,
    one.reason,
    one.owner,
    one.expires,
    html`<span class="badge ${one.state === "used" ? "open" : "failed"}">${one.state}</span>`,
  ]),
)}`; // prettier-ignore
}
