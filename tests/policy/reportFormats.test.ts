/** The files of a report: what they hold, that they hold the same each time, and that nothing in them gets out of its place. */
import { expect } from "chai";
import fc from "fast-check";
import { formats } from "../../policy/src/report";
import { csvField, uuidOf } from "../../policy/src/report/text";
import type { Report } from "../../policy/src/report/model";
import { all, parsed, textOf } from "./markup";
import { excuse, facts, mixed, report, result, resultsOf } from "./reportResults";

const write = (file: string, from: Report = report(mixed)): string => {
  const format = formats.find((one) => one.file === file);
  if (format === undefined) throw new Error(`no ${file}`);
  return format.write(from);
};
const attack = `</script><script>alert(1)</script><b title='x' on="y">&amp;]]>\u0000\u001b`;
const attacked = report(
  [
    result("not-privileged", "web", "violated", { unit: attack, problems: [{ path: attack, value: attack, message: attack }], evidence: [{ path: attack, value: attack }] }), // prettier-ignore
    result("image-pinned", "web", "exempted", { unit: attack, exemption: { reason: attack, owner: attack, expires: attack } }),
    result("image-pinned", "api", "not decided", { unit: attack, problems: [{ path: attack, value: attack, message: attack }] }),
    result("job-limits", "api", "error", { unit: attack, problems: [{ path: attack, value: attack, message: attack }] }),
    result("replicas-spread", "api", "violated", { problems: [{ path: attack, value: attack, message: attack }] }),
  ],
  { stack: attack, version: attack, settings: { environment: attack, platform: attack }, exemptions: [{ policy: attack, resource: attack, ...excuse, reason: attack, state: "used" }] }, // prettier-ignore
  { by: attack, commit: { hash: attack, changed: true }, versions: { node: attack } },
);

describe("each file of a report", () => {
  for (const { file, write: text } of formats) {
    it(`${file}: is the same byte by byte for the same results, in whatever order they came`, () => {
      const { policies, objects } = resultsOf([]);
      const other = report([...mixed].reverse(), { policies: [...policies].reverse(), objects: [...objects].reverse() });
      expect(text(other)).to.equal(text(report(mixed)));
    });
    it(`${file}: differs where the results, the time or the author do`, () => {
      const other = report(mixed, {}, { time: "2026-11-25T19:00:00Z", by: "B. Reviewer" });
      if (file !== "report.csv") expect(text(other)).to.not.equal(text(report(mixed)));
      expect(text(report(mixed.slice(1)))).to.not.equal(text(report(mixed)));
    });
    it(`${file}: ends with a line end, and holds text that can be written as UTF-8`, () => {
      for (const from of [report([]), report(mixed), attacked]) {
        expect(text(from)).to.match(/\n$/);
        expect(text(from).isWellFormed()).to.equal(true);
      }
    });
  }
  it("of 5,000 results is written within five seconds, and is no larger than a browser takes", () => {
    const outcomes = ["passed", "passed", "passed", "violated", "not decided"] as const;
    const evidence = Array.from({ length: 5 }, (_, i) => ({ path: `spec.containers[${i}].image`, value: `"registry.example.org/team/image-${i}:1.0"` }));
    const many = Array.from({ length: 5000 }, (_, i) => result("job-limits", ["web", "api", "worker"][i % 3] ?? "", outcomes[i % 5] ?? "passed", { unit: `spec.x[${i}]`, evidence })); // prettier-ignore
    const start = performance.now();
    const sizes = formats.map(({ write: text }) => text(report(many)).length);
    expect(performance.now() - start).to.be.lessThan(5000);
    expect(Math.max(...sizes)).to.be.lessThan(8_000_000);
    expect(all(parsed(write("report.html", report(many))), "article")).to.have.length(50);
  });
});

describe("report.html", () => {
  const page = (from?: Report) => parsed(write("report.html", from));

  it("is one well-formed page, with the verdict before everything else", () => {
    const [main] = all(page(), "main");
    const first = main?.children.find((child) => typeof child !== "string");
    expect(first).to.have.nested.property("attributes.class", "verdict failed");
    expect(typeof first === "string" || first === undefined ? "" : textOf(first)).to.contain("Failed1 mandatory violation, 1 policy that failed itself");
  });

  it("has no script, and loads nothing", () => {
    const text = write("report.html");
    expect(text).to.not.match(/<script|<link|<img|<iframe|@import|url\(|javascript:/i);
    expect(text).to.contain(`content="default-src 'none'; style-src 'unsafe-inline'"`);
    expect(all(page(), "a").map(({ attributes }) => attributes.href)).to.satisfy((links: string[]) => links.every((link) => /^(#|https:\/\/)/.test(link)));
  });

  it("has every section, and every link in the page leads somewhere", () => {
    const root = page();
    const ids = [...write("report.html").matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).to.equal(ids.length);
    const targets = all(root, "a").flatMap(({ attributes: { href = "" } }) => (href.startsWith("#") ? [href.slice(1)] : []));
    expect(targets.filter((target) => !ids.includes(target))).to.deep.equal([]);
    expect(all(root, "h2").map(textOf)).to.deep.equal([
      "Findings",
      "Controls",
      "Exemptions",
      "Not decided",
      "Not applicable",
      "Policies and evidence",
      "Sources, and what this report does not say",
    ]);
  });

  it("shows who, when, of which commit and with which versions", () => {
    const text = textOf(page());
    for (const part of ["A. Reviewer", "2026-11-24 19:00:00 UTC", "0d2dc3d1f4c1f4a5c0b6", "3.259.0", "Environment production, platform openshift"])
      expect(text).to.contain(part);
    expect(textOf(page(report(mixed, {}, { commit: { hash: "abc", changed: true } })))).to.contain("abc, with changes that are not committed");
  });

  it("shows each finding with its field, value, mend and resource", () => {
    const [finding] = all(page(), "article");
    const text = finding === undefined ? "" : textOf(finding);
    for (const part of ["Deployment shop/web", "spec.template.spec.containers[0].securityContext.privileged must not be true", "true", "mend not-privileged", "urn:pulumi:production::shop"])
      expect(text).to.contain(part); // prettier-ignore
  });

  it("says of the EU AI Act that policies support it, and of nothing that it complies or is satisfied", () => {
    const text = textOf(page());
    expect(text).to.contain("nothing here says that a system complies");
    expect(text.replace("nothing here says that a system complies", "")).to.not.match(/\b(compl(y|ies|iant)|satisfied|certified)\b/i);
  });

  it("holds names and values as text, whatever they are", () => {
    const root = page(attacked);
    expect(all(root, "script")).to.deep.equal([]);
    expect(all(root, "b").filter(({ attributes }) => "title" in attributes)).to.deep.equal([]);
    expect(textOf(root)).to.contain("</script><script>alert(1)</script>");
  });

  it("of any results is well-formed", () => {
    const text = fc.string({ unit: "binary", maxLength: 12 });
    const outcome = fc.constantFrom("passed", "violated", "not decided", "error", "exempted");
    fc.assert(
      fc.property(fc.array(fc.tuple(outcome, text, text, text), { maxLength: 6 }), text, (list, by) => {
        const results = list.map(([what, unit, path, value]) => result("job-limits", "web", what, { unit, problems: [{ path, value, message: value }], evidence: [{ path, value }] })); // prettier-ignore
        const from = report(results, {}, { by });
        parsed(write("report.html", from));
        parsed(write("report.junit.xml", from));
        expect(csvRows(write("report.csv", from))).to.have.length(results.length + 1);
      }),
      { numRuns: 30 },
    );
  });
});

describe("report.csv", () => {
  it("has a row per result, and each row a field per column", () => {
    const [head = [], ...rows] = csvRows(write("report.csv"));
    expect(rows).to.have.length(mixed.length);
    expect(rows.every((row) => row.length === head.length)).to.equal(true);
    const first = Object.fromEntries(head.map((name, i) => [name, rows[0]?.[i]]));
    expect(first).to.include({ outcome: "passed", number: "11", policy: "not-privileged", object: "Deployment shop/api", "NIST SP 800-53": "CM-7 · AC-6" });
    const violated = Object.fromEntries(head.map((name, i) => [name, rows[1]?.[i]]));
    expect(violated).to.include({ outcome: "violated", messages: "must not be true", values: "true", fix: "mend not-privileged" });
    expect(violated.evidence).to.equal("spec.template.spec.containers[0].securityContext.privileged = true");
    const exempted = rows.find(([outcome]) => outcome === "exempted");
    expect(exempted?.[head.indexOf("exemption")]).to.equal("the mirror has no digest yet (platform team, until 2027-01-31)");
  });

  it("has no field that a spreadsheet takes for a formula", () => {
    for (const text of ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "＝1", '=HYPERLINK("x")']) {
      const [[field = ""] = []] = csvRows(`${csvField(text)}\r\n`);
      expect(field, JSON.stringify(text)).to.equal(`'${text}`);
    }
    for (const text of ["a=1", "1-1", "", "x@y", " a"]) expect(csvRows(`${csvField(text)}\r\n`)[0]?.[0]).to.equal(text);
    expect(csvField(-5)).to.equal("-5");
  });
});

describe("report.junit.xml", () => {
  const suites = (from?: Report) => all(parsed(write("report.junit.xml", from)), "testsuite");

  it("has a suite per policy, with the counts of its cases", () => {
    const root = parsed(write("report.junit.xml"));
    expect(root.attributes).to.include({ tests: "8", failures: "1", errors: "1", skipped: "3" });
    for (const { attributes, children } of suites()) expect(Number(attributes.tests)).to.equal(children.filter((child) => typeof child !== "string").length);
    for (const key of ["tests", "failures", "errors", "skipped"])
      expect(suites().reduce((sum, { attributes }) => sum + Number(attributes[key]), 0)).to.equal(Number(root.attributes[key]));
  });

  it("fails what is violated and mandatory only; the rest says why it was skipped", () => {
    const root = parsed(write("report.junit.xml"));
    expect(all(root, "failure").map(({ attributes }) => attributes)).to.deep.equal([{ message: "must not be true", type: "critical" }]);
    expect(all(root, "error").map(textOf)).to.deep.equal(["(the object): the policy itself failed: boom (is: not set)"]);
    expect(all(root, "system-out").map(textOf)[0]).to.match(/^advisory: spec.replicas: must be 2 or more/);
    expect(all(root, "skipped").map(({ attributes }) => attributes.message)).to.deep.equal([
      "exempted: the mirror has no digest yet (platform team, until 2027-01-31)",
      "not applicable: layer not built: data",
      "not decided before up: spec.replicas is known only after up",
    ]);
  });

  it("holds names and values as text, whatever they are", () => {
    const [failure] = all(parsed(write("report.junit.xml", attacked)), "failure");
    expect(failure === undefined ? "" : textOf(failure)).to.contain("</script><script>alert(1)</script>");
  });
});

describe("report.sarif", () => {
  const run = (from?: Report) => (JSON.parse(write("report.sarif", from)) as { runs: [Sarif] }).runs[0];

  it("has a rule per policy, and each result points at its own", () => {
    const { tool, results } = run();
    expect(tool.driver.rules.map(({ id }) => id))
      .to.have.length(6)
      .and.include("database-tls");
    for (const { ruleId, ruleIndex } of results) expect(tool.driver.rules[ruleIndex]?.id).to.equal(ruleId);
  });

  it("keeps every outcome apart: failures, advice, exemptions, what is open and what passed", () => {
    const { results, invocations } = run();
    const kinds = results.map(({ ruleId, kind, level, suppressions }) => [ruleId, kind, level, suppressions?.[0]?.justification].filter(Boolean).join(" "));
    expect(kinds).to.deep.equal([
      "not-privileged pass none",
      "not-privileged fail error",
      "no-privilege-escalation pass none",
      "image-pinned fail error the mirror has no digest yet (platform team, until 2027-01-31)",
      "replicas-spread fail warning",
      "replicas-spread open none",
    ]);
    const [invocation] = invocations;
    expect(invocation?.executionSuccessful).to.equal(false);
    expect(invocation?.toolExecutionNotifications.map(({ message }) => message.text)).to.deep.equal(["Deployment shop/worker: the policy itself failed: boom"]);
  });

  it("names the resource and the field, and the file where it comes from one", () => {
    const { results } = run();
    const [{ logicalLocations: [logical] = [] } = {}] = results[1]?.locations ?? [];
    expect(logical?.fullyQualifiedName).to.match(/^urn:pulumi:.*web#spec.template.spec.containers\[0\].securityContext.privileged$/);
    const objects = [{ id: "charts/web app.yaml#3", title: "Deployment web" }];
    const ofFile = run(report([{ ...result("job-limits", "web", "violated"), object: "charts/web app.yaml#3" }], { objects }));
    expect(ofFile.results[0]?.locations[0]?.physicalLocation?.artifactLocation.uri).to.equal("charts/web%20app.yaml");
  });

  it("tells the same result of the next run by the same fingerprint", () => {
    const fingerprints = (from: Report) => run(from).results.map(({ partialFingerprints }) => Object.values(partialFingerprints)[0]);
    expect(new Set(fingerprints(report(mixed))).size).to.equal(6);
    expect(fingerprints(report(mixed, {}, { time: "2027-01-01T00:00:00Z" }))).to.deep.equal(fingerprints(report(mixed)));
  });
});

describe("report.oscal.json", () => {
  const document = (from?: Report) => (JSON.parse(write("report.oscal.json", from)) as { "assessment-results": Oscal })["assessment-results"];
  const findings = (from?: Report) => document(from).results[0].findings ?? [];

  it("finds per control; satisfied is only what passed in full", () => {
    const states = findings().map(({ target: t }) => `${t["target-id"]} ${t.status.state} ${t.status.reason}`);
    expect(states).to.deep.equal([
      "cis-5.2.2 not-satisfied fail",
      "cis-5.2.6 satisfied pass",
      "nsa-pod-security not-satisfied fail",
      "ac-6_smt not-satisfied fail",
      "cm-7_smt not-satisfied fail",
      "sc-6_smt not-satisfied fail",
      "si-7_smt not-satisfied other",
      "si-13.5_smt not-satisfied fail",
    ]);
    const undecided = findings(report([result("job-limits", "web", "passed"), result("job-limits", "api", "not decided")]));
    expect(undecided.map(({ target }) => target.status.state)).to.deep.equal(["not-satisfied"]);
  });

  it("has no finding of a law, and none of what is not applicable", () => {
    expect(write("report.oscal.json")).to.not.contain("aiact");
    expect(findings().map(({ target }) => target["target-id"])).to.not.include("sc-8_smt");
  });

  it("refers only to what it holds", () => {
    const text = write("report.oscal.json");
    const refs = [...text.matchAll(/"(?:observation|risk|subject|actor|component)-uuid": "([^"]+)"|"href": "#([^"]+)"/g)].map(([, uuid, href]) => uuid ?? href);
    const uuids = [...text.matchAll(/"uuid": "([^"]+)"/g)].map(([, uuid]) => uuid);
    expect(refs).to.have.length.greaterThan(20);
    expect(refs.filter((ref) => !uuids.includes(ref))).to.deep.equal([]);
    expect(new Set(uuids).size).to.equal(uuids.length);
  });

  it("takes an exemption for a deviation that was approved", () => {
    const risks = document().results[0].risks ?? [];
    expect(risks.map(({ status, title }) => `${status} ${title}`)).to.include("deviation-approved image-pinned is as required: 1 resource exempted");
  });

  it("has identifiers that are UUIDs of version 5, made from what they are of", () => {
    expect(uuidOf("a", "b")).to.match(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(uuidOf("a", "b")).to.equal(uuidOf("a", "b"));
    expect(uuidOf("a", "b")).to.not.equal(uuidOf("ab"));
    expect(document(report(mixed, {}, { time: "2027-01-01T00:00:00Z" })).uuid).to.not.equal(document().uuid);
  });
});

describe("report.json", () => {
  it("has the verdict, the controls with where they were read, and all results", () => {
    const document = JSON.parse(write("report.json")) as { verdict: { outcome: string }; facts: unknown; results: { results: unknown[] }; frameworks: { controls: { id: string; state: string; source: { read: string } }[] }[] }; // prettier-ignore
    expect(document.verdict.outcome).to.equal("failed");
    expect(document.facts).to.deep.equal(facts);
    expect(document.results.results).to.have.length(mixed.length);
    expect(document.frameworks[0]?.controls[0]).to.include({ id: "5.2.2", state: "failed" });
    expect(document.frameworks[0]?.controls[0]?.source.read).to.contain("cfg/cis-1.8/policies.yaml");
  });
});

/** Reads a CSV file as RFC 4180 has it. */
function csvRows(text: string): readonly (readonly string[])[] {
  const rows: string[][] = [[]];
  for (const [, quoted, plain = "", end = ""] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
    rows.at(-1)?.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === "\r\n") rows.push([]);
  }
  expect(rows.pop()).to.deep.equal([]);
  return rows;
}

interface Sarif {
  readonly tool: { readonly driver: { readonly rules: readonly { readonly id: string }[] } };
  readonly invocations: readonly {
    readonly executionSuccessful: boolean;
    readonly toolExecutionNotifications: readonly { readonly message: { readonly text: string } }[];
  }[];
  readonly results: readonly {
    readonly ruleId: string;
    readonly ruleIndex: number;
    readonly kind: string;
    readonly level: string;
    readonly suppressions?: readonly { readonly justification: string }[];
    readonly partialFingerprints: Readonly<Record<string, string>>;
    readonly locations: readonly {
      readonly physicalLocation?: { readonly artifactLocation: { readonly uri: string } };
      readonly logicalLocations?: readonly { readonly fullyQualifiedName: string }[];
    }[];
  }[];
}

interface Oscal {
  readonly uuid: string;
  readonly results: readonly [
    {
      readonly risks?: readonly { readonly status: string; readonly title: string }[];
      readonly findings?: readonly {
        readonly target: { readonly "target-id": string; readonly status: { readonly state: string; readonly reason: string } };
      }[];
    },
  ];
}
