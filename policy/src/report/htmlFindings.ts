/** What is wrong, what is not known, and what was not looked at. */
import { html, link, table, type Markup } from "./markup";
import { isAdvice, isFailure, type Report, type Row } from "./model";
import { counted } from "./text";

/** Of more rows than these of one policy, the rest is counted; the other files have all. */
const most = 50;

export function findingsSection({ rows }: Report): Markup {
  const failures = rows.filter(isFailure);
  const advice = rows.filter(isAdvice);
  if (failures.length + advice.length === 0) return html`<p>None: no violation, and no policy failed itself.</p>`;
  return html`${group("Mandatory", failures, "finding")}${group("Advisory: told, and fails nothing in this environment", advice, "finding advice")}`;
}

function group(title: string, rows: readonly Row[], style: string): Markup | undefined {
  if (rows.length === 0) return undefined;
  const byPolicy = [...Map.groupBy(rows, ({ policy }) => policy.name).values()];
  return html`<p><b>${title}</b> (${rows.length})</p>
${byPolicy.map((some) => html`${some.slice(0, most).map((row) => finding(row, style))}${more(some.length)}`)}`; // prettier-ignore
}

function finding({ policy, object, unit, outcome, problems }: Row, style: string): Markup {
  return html`<article class="${style}"><h3>${object.title}${unit === "" ? "" : `, ${unit}`}</h3>
<p>${outcome === "error" ? "The policy itself failed" : "Required"}: ${policy.title} <span class="soft">(<a href="#policy-${policy.number}">${policy.number} ${policy.name}</a>, ${policy.severity})</span></p>
<dl>
${problems.map(({ path, value, message }) => html`<dt>Field</dt><dd><code>${path === "" ? "(the object)" : path}</code> ${message}. It is: <code>${value}</code></dd>
`)}<dt>Mend</dt><dd>${policy.fix}</dd>
<dt>Resource</dt><dd><code>${object.urn ?? object.id}</code></dd>
<dt>Page</dt><dd>${link(policy.page)}</dd>
</dl></article>
`; // prettier-ignore
}

export function notDecidedSection({ rows }: Report): Markup {
  const open = rows.filter(({ outcome }) => outcome === "not decided");
  if (open.length === 0) return html`<p>None: every value that a policy read was known.</p>`;
  return html`<p>These depend on values that are known only after an update. They are neither passed nor violated; the controls that they belong to are not decided.</p>
${table(
  counted(open.length, "check"),
  ["Resource", "Policy", "What is not known"],
  open.slice(0, most * 4).map(({ object, unit, policy, problems }) => [
    `${object.title}${unit === "" ? "" : `, ${unit}`}`,
    html`<a href="#policy-${policy.number}">${policy.number} ${policy.name}</a>`,
    problems.map(({ message }) => message).join("; "),
  ]),
)}${more(open.length, most * 4)}`; // prettier-ignore
}

export function notApplicableSection({ policies }: Report): Markup {
  const some = policies.filter(({ state }) => state === "not applicable");
  if (some.length === 0) return html`<p>None: every policy had something to look at.</p>`;
  return table(
    counted(some.length, "policy", "policies"),
    ["Policy", "Required", "Why it is not applicable"],
    some.map(({ policy, reason }) => [`${policy.number} ${policy.name}`, policy.title, reason]),
  );
}

export function more(count: number, shown = most): Markup | undefined {
  return count > shown ? html`<p class="soft">And ${count - shown} more of these: the table of all is in the CSV file.</p>` : undefined;
}
