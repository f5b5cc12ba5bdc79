/** Results for people: failed first, the fix in a line, the page, and the counts. */
import { complaint } from "../exemptions";
import type { PolicyEntry, ResultEntry, Results } from "../results";

/** Of the same violation, the first objects show what it is about. */
const most = 5;

export function table(results: Results): string {
  const { policies, results: all, objects, exemptions } = results;
  const titles = new Map(objects.map(({ id, title }) => [id, title]));
  const places = new Map(objects.map(({ id, urn }) => [id, urn === undefined ? ` (${id})` : ""]));
  const of = (policy: PolicyEntry, outcome: ResultEntry["outcome"]) => all.filter((one) => one.policy === policy.name && one.outcome === outcome);
  const line = ({ object, unit, problems }: ResultEntry) =>
    `    ${titles.get(object) ?? object}${places.get(object) ?? ""}\n${problems.slice(0, 3).map(({ path, value, message }) => `      ${path || unit || "it"} is ${value}: ${message}`).join("\n")}`; // prettier-ignore

  const section = (mark: string, policy: PolicyEntry, found: readonly ResultEntry[]) => [
    `${mark} ${policy.name}: ${policy.title} (${found.length})`,
    ...found.slice(0, most).map(line),
    ...(found.length > most ? [`    and ${found.length - most} more`] : []),
    `    fix: ${policy.fix}`,
    `    page: ${policy.page}`,
  ];
  const failed = policies.flatMap((policy) => {
    const violated = of(policy, "violated");
    return policy.level !== "mandatory" || violated.length === 0 ? [] : section("✗", policy, violated);
  });
  const advice = policies.flatMap((policy) => {
    const violated = of(policy, "violated");
    return policy.level === "mandatory" || violated.length === 0 ? [] : section("!", policy, violated);
  });
  const errors = policies.flatMap((policy) =>
    of(policy, "error").map(
      ({ object, problems }) =>
        `✗ ${policy.name}: ${titles.get(object) ?? object}: ${problems[0]?.message ?? "it failed itself"}. This is a defect of the pack.`,
    ),
  );
  const stale = exemptions.map(complaint).filter((one) => one !== undefined).map((one) => `✗ exemptions: ${one}`); // prettier-ignore
  const open = policies.flatMap((policy) => {
    const found = of(policy, "not decided");
    return found.length === 0
      ? []
      : [`? ${policy.name}: ${found.length} not decided, first ${titles.get(found[0]?.object ?? "") ?? ""}: ${found[0]?.problems[0]?.message ?? ""}`];
  });
  const exempted = policies.flatMap((policy) => {
    const found = of(policy, "exempted");
    return found.length === 0
      ? []
      : [`- ${policy.name}: ${found.length} exempted, until ${[...new Set(found.map(({ exemption }) => exemption?.expires))].sort().join(", ")}`];
  });
  return [...errors, ...failed, ...stale, ...advice, ...exempted, ...open, countsLine(results), ""].join("\n");
}

/** `production (openshift): 1204 passed, 2 violated, …` */
export function countsLine({ stack, settings, results, policies }: Results): string {
  const count = (outcome: ResultEntry["outcome"]) => results.filter((one) => one.outcome === outcome).length;
  const notApplicable = policies.filter(({ applicable }) => !applicable).length;
  const errors = count("error");
  return [
    `${stack} (${settings.environment}, ${settings.platform}): ${count("passed")} passed, ${count("violated")} violated, ${count("exempted")} exempted, ${count("not decided")} not decided`,
    ...(errors > 0 ? [`, ${errors} ${errors === 1 ? "policy" : "policies"} failed itself`] : []),
    notApplicable > 0 ? `; ${notApplicable} of ${policies.length} policies not applicable: layer not built, or disabled` : `; ${policies.length} policies`,
  ].join("");
}
