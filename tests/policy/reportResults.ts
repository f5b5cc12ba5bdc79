/** Results that reports are made from in tests: a stack of three objects, with every outcome once. */
import type { ObjectEntry, PolicyEntry, ResultEntry, Results } from "../../policy/src/report/input";
import { reportOf, type Facts, type Report } from "../../policy/src/report";

const policy = (number: number, name: string, rest: Partial<PolicyEntry> = {}): PolicyEntry => ({
  number,
  name,
  title: `${name} is as required`,
  group: "workload",
  severity: "high",
  level: "mandatory",
  controls: {},
  fix: `mend ${name}`,
  page: `https://example.org/policies/${name}`,
  applicable: true,
  ...rest,
});

export const policies: readonly PolicyEntry[] = [
  policy(49, "replicas-spread", { group: "reliability", level: "advisory", severity: "medium", controls: { nist: ["SI-13(5)"] } }),
  policy(11, "not-privileged", { severity: "critical", controls: { cis: ["5.2.2"], nsa: ["pod security"], nist: ["CM-7", "AC-6"] } }),
  policy(12, "no-privilege-escalation", { controls: { cis: ["5.2.6"], nsa: ["pod security"], nist: ["AC-6"] } }),
  policy(25, "image-pinned", { group: "images", controls: { nist: ["SI-7"], aiAct: ["15"] } }),
  policy(48, "database-tls", { group: "data", layer: "data", applicable: false, controls: { nist: ["SC-8"] } }),
  policy(54, "job-limits", { controls: { nist: ["SC-6"] } }),
];

const urn = (name: string) => `urn:pulumi:production::shop::kubernetes:apps/v1:Deployment::${name}`;
export const objects: readonly ObjectEntry[] = ["web", "api", "worker"].map((name) => ({ id: urn(name), urn: urn(name), title: `Deployment shop/${name}` }));

export const excuse = { reason: "the mirror has no digest yet", owner: "platform team", expires: "2027-01-31" };

export function result(name: string, object: string, outcome: ResultEntry["outcome"], rest: Partial<ResultEntry> = {}): ResultEntry {
  const told = { path: "spec.replicas", value: "1", message: "must be 2 or more" };
  return { policy: name, object: urn(object), unit: "", outcome, problems: outcome === "passed" ? [] : [told], ...rest };
}

export const facts: Facts = {
  time: "2026-11-24T19:00:00Z",
  by: "A. Reviewer",
  commit: { hash: "0d2dc3d1f4c1f4a5c0b6", changed: false },
  versions: { pulumi: "3.259.0" },
};

export function resultsOf(results: readonly ResultEntry[], rest: Partial<Results> = {}): Results {
  return { version: "0.1.0", stack: "production", settings: { environment: "production", platform: "openshift" }, policies, objects, results, exemptions: [], ...rest }; // prettier-ignore
}

/** A report of some results. */
export function report(results: readonly ResultEntry[], rest: Partial<Results> = {}, other: Partial<Facts> = {}): Report {
  return reportOf(resultsOf(results, rest), { ...facts, ...other });
}

/** One of each outcome, with evidence. */
export const mixed: readonly ResultEntry[] = [
  result("not-privileged", "web", "violated", {
    unit: "spec.template.spec.containers[0]",
    problems: [{ path: "spec.template.spec.containers[0].securityContext.privileged", value: "true", message: "must not be true" }],
    evidence: [
      { path: "spec.template.spec.containers[0].securityContext", value: '{"privileged":true}' },
      { path: "spec.template.spec.containers[0].securityContext.privileged", value: "true" },
    ],
  }),
  result("not-privileged", "api", "passed", { unit: "spec.template.spec.containers[0]" }),
  result("no-privilege-escalation", "web", "passed"),
  result("replicas-spread", "api", "violated"),
  result("replicas-spread", "web", "not decided", { problems: [{ path: "spec.replicas", value: "known only after up", message: "spec.replicas is known only after up" }] }), // prettier-ignore
  result("image-pinned", "worker", "exempted", { exemption: excuse }),
  result("job-limits", "worker", "error", { problems: [{ path: "", value: "not set", message: "the policy itself failed: boom" }] }),
];
