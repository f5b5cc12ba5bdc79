/** Controls with the policies that support them, the policies with their evidence, and the sources. */
import type { Source } from "../frameworks";
import { html, link, table, type Markup } from "./markup";
import type { Counts, FrameworkReport, PolicyReport, Report, Row, State } from "./model";
import { counted } from "./text";

const looks: Readonly<Record<State, readonly [sign: string, style: string]>> = {
  failed: ["✗", "failed"],
  "not decided": ["?", "open"],
  exempted: ["!", "open"],
  passed: ["✓", "passed"],
  "not applicable": ["–", "none"],
};

export function badge(state: State): Markup {
  const [sign, style] = looks[state];
  return html`<span class="badge ${style}"><span aria-hidden="true">${sign} </span>${state}</span>`;
}

export function controlsSection({ frameworks, unconfirmed }: Report): Markup {
  return html`<p>“Passed” says that every check of the policies that support a control passed. It does not say that the control is met.</p>
${frameworks.map(frameworkPart)}${
    unconfirmed.length === 0
      ? undefined
      : html`<p class="soft">Left out, since a source confirms them not, or not for what the policy checks: ${unconfirmed.join(", ")}.</p>`
  }`; // prettier-ignore
}

function frameworkPart({ framework, controls, unsupported }: FrameworkReport): Markup {
  const aiAct = framework.id === "aiAct";
  return html`<h3>${framework.name}</h3>
<p class="soft">${framework.version}. ${framework.claim}</p>
${
  controls.length === 0
    ? undefined
    : table(
        `${framework.name}: ${counted(controls.length, aiAct ? "article" : "control")} that policies support`,
        [aiAct ? "Article" : "Control", "State", "Checks", "Supported by"],
        controls.map(({ control, state, counts, policies, notApplicable }) => [
          framework.id === "nsa" ? control.title : html`${control.id} <span class="soft">${control.title}</span>`,
          badge(state),
          countsText(counts, notApplicable),
          html`<ul class="plain">${policies.map(({ policy, state }) => html`<li><a href="#policy-${policy.number}">${policy.number} ${policy.name}</a>${state === "not applicable" ? " (not applicable)" : ""}</li>`)}</ul>`,
        ]),
      )
}${
    aiAct && unsupported.length > 0
      ? html`<p class="soft">No policy supports ${unsupported.map(({ id, title }) => `Article ${id} (${title})`).join(", ")}.</p>`
      : undefined
  }`; // prettier-ignore
}

function countsText(counts: Counts, notApplicable = 0): string {
  const parts: readonly (readonly [number, string])[] = [
    [counts.passed, "passed"],
    [counts.violated, "violated"],
    [counts.exempted, "exempted"],
    [counts.notDecided, "not decided"],
    [counts.errors, "in error"],
  ];
  const said = parts.filter(([number]) => number > 0).map(([number, what]) => `${number} ${what}`);
  return [...said, ...(notApplicable > 0 ? [`${counted(notApplicable, "policy", "policies")} not applicable`] : [])].join(", ") || "none";
}

export function policiesSection({ policies, frameworks }: Report): Markup {
  return html`<p>Each policy with what it read of each resource. The values are as the check saw them; long ones are cut.</p>
${policies.map((one) => policyPart(one, frameworks))}`; // prettier-ignore
}

function policyPart({ policy, state, counts, rows, reason }: PolicyReport, frameworks: readonly FrameworkReport[]): Markup {
  const supports = frameworks.flatMap(({ framework, controls }) =>
    controls.filter((one) => one.policies.some((other) => other.policy.name === policy.name)).map(({ control }) => `${framework.name} ${control.id}`),
  );
  return html`<details id="policy-${policy.number}"><summary><b>${policy.number} ${policy.name}</b> ${badge(state)} <span class="soft">${reason ?? countsText(counts)}</span></summary>
<p>Required: ${policy.title}. Mend: ${policy.fix}.</p>
<p class="soft">${policy.level}, severity ${policy.severity}. Page: ${link(policy.page)}. ${supports.length > 0 ? `Supports ${supports.join("; ")}.` : "Supports no control of these frameworks."}</p>
${rows.length === 0 ? undefined : table(`Evidence of ${policy.name}`, ["Resource", "Outcome", "Read"], rows.map(evidence))}</details>
`; // prettier-ignore
}

function evidence({ object, unit, outcome, problems, exemption, evidence: { fields, more } }: Row): readonly Markup[] {
  return [
    html`${object.title}${unit === "" ? "" : `, ${unit}`}<br /><span class="path soft">${object.urn ?? object.id}</span>`,
    html`<b>${outcome}</b>${problems.map(({ path, message }) => html`<br />${path} ${message}`)}${
        exemption === undefined ? undefined : html`<br />${exemption.reason} (${exemption.owner}, until ${exemption.expires})`
      }`,
    html`<ul class="plain">
      ${fields.map(({ path, value }) => html`<li><code>${below(unit, path)}</code>: <code>${value}</code></li>`)}${
        more > 0 ? html`<li class="soft">and ${counted(more, "more field")}</li>` : undefined
      }
    </ul>`,
  ];
}

/** Fields of a container are named from there on: the row says which container it is. */
function below(unit: string, path: string): string {
  return unit !== "" && path.startsWith(`${unit}.`) ? path.slice(unit.length + 1) : path;
}

export function sourcesSection({ frameworks }: Report): Markup {
  return html`<p>This report is what a program sees of a stack: the settings of its objects, before they are made. It does not look at the cluster itself, at people, at
processes, at the content of images and models, or at what was changed by hand. It is evidence for a review, and no certificate.</p>
${frameworks.map(
  ({ framework }) => html`<h3>${framework.name}</h3>
<p>Published at ${link(framework.address)}.</p>
<ul>${sourcesOf(framework.controls.map(({ source }) => source)).map(({ document, version, read }) => html`<li>${document}, ${version}; read in ${link(read)}</li>`)}</ul>
`,
)}`; // prettier-ignore
}

function sourcesOf(sources: readonly Source[]): readonly Source[] {
  return [...new Map(sources.map((source) => [source.read, source])).values()];
}
