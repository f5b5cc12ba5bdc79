/** The results of one run as plain data: what the pack writes, the command line prints, and reports are made from. */
import { levelIn, pageOf, type Configuration } from "./configuration";
import { isApplicable, type Result } from "./evaluate";
import type { Exemptions } from "./exemptions";
import type { KubeObject } from "./objects";
import type { Policy } from "./policy";
import { told } from "./redact";
import type { ObjectEntry, PolicyEntry, ResultEntry, Results } from "./report/input";
import { version } from "./version";

export type { Excuse, ExemptionEntry, ObjectEntry, PolicyEntry, ResultEntry, Results } from "./report/input";

export interface Run {
  /** Of the stack, or the name of what was read. */
  readonly stack: string;
  readonly policies: readonly Policy[];
  readonly objects: readonly KubeObject[];
  readonly results: readonly Result[];
  readonly configuration: Configuration;
  readonly exemptions: Exemptions;
}

/** Applies the exemptions and leaves out what is secret. Objects and results keep their order. */
export function resultsOf(run: Run): Results {
  const { stack, policies, objects, configuration, exemptions } = run;
  const results = run.results.map((result) => resultEntry(result, exemptions));
  return {
    version,
    stack,
    settings: configuration.settings,
    policies: policies.map((policy) => policyEntry(policy, configuration)),
    objects: objects.map(objectEntry),
    results,
    // After the results, which use them up.
    exemptions: exemptions.states(),
  };
}

export function policyEntry(policy: Policy, configuration: Configuration): PolicyEntry {
  const { number, name, title, group, severity, controls, layer, fix } = policy;
  const level = levelIn(policy, configuration);
  return {
    ...{ number, name, title, group, severity, level, controls },
    ...(layer === undefined ? {} : { layer }),
    fix,
    page: pageOf(name, configuration),
    applicable: level !== "disabled" && isApplicable(policy, configuration.settings),
  };
}

function objectEntry({ source: { id }, title }: KubeObject): ObjectEntry {
  return { id, ...(id.startsWith("urn:pulumi:") ? { urn: id } : {}), title };
}

function resultEntry({ policy, object, unit, outcome, problems, evidence }: Result, exemptions: Exemptions): ResultEntry {
  const exemption = outcome === "violated" ? exemptions.of(policy.name, object) : undefined;
  return {
    policy: policy.name,
    object: object.source.id,
    unit,
    outcome: exemption === undefined ? outcome : "exempted",
    problems: problems.map(({ path, value, message, object: other }) => ({ path, value: told(other ?? object, path, value), message })),
    ...(evidence === undefined ? {} : { evidence: [...evidence].map(([path, value]) => ({ path, value: told(object, path, value) })) }),
    ...(exemption === undefined ? {} : { exemption: { reason: exemption.reason, owner: exemption.owner, expires: exemption.expires } }),
  };
}
