/** The report for programs: the verdict, the controls, and the results as they came. */
import type { Report } from "./model";

export function json({ facts, verdict, counts, policies, frameworks, unconfirmed, results }: Report): string {
  const document = {
    format: "openshift-ai-policy/report/1",
    facts,
    verdict,
    counts,
    policies: policies.map(({ policy, state, counts, reason }) => ({ name: policy.name, state, ...counts, ...(reason === undefined ? {} : { reason }) })),
    frameworks: frameworks.map(({ framework, controls, unsupported }) => ({
      id: framework.id,
      name: framework.name,
      version: framework.version,
      claim: framework.claim,
      controls: controls.map(({ control, state, counts, notApplicable, policies }) => ({
        ...control,
        state,
        ...counts,
        notApplicable,
        policies: policies.map(({ policy }) => policy.name),
      })),
      unsupported: unsupported.map(({ id }) => id),
    })),
    unconfirmed,
    results,
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}
