/** What the engine shows of a violation: where, what stands there, which state is required, how to get there, and the page. */
import type { Configuration } from "../configuration";
import { pageOf } from "../configuration";
import type { Result } from "../evaluate";
import { told } from "../redact";

/** Of many problems of one unit the first ones tell what it is about. */
const most = 5;

export function messageOf({ policy, object, unit, outcome, problems }: Result, configuration: Configuration): string {
  if (outcome === "error")
    return `${object.title}${unit === "" ? "" : `, ${unit}`}: ${problems[0]?.message ?? "the policy itself failed"}. This is a defect of the pack.`;
  const lines = problems.slice(0, most).map(({ path, value, message, object: other }) => {
    const at = `${other === undefined || other === object ? object.title : other.title}${path === "" ? "" : `: ${path}`}`;
    return `${at} is ${told(other ?? object, path, value)}: ${message}`;
  });
  const more = problems.length > most ? [`and ${problems.length - most} more`] : [];
  return [...lines, ...more, `Fix: ${policy.fix}`, `Page: ${pageOf(policy.name, configuration)}`].join("\n");
}

/** How many checks of each policy were not decided: `gpu-capacity (3)`; undefined where all were. */
export function notDecidedLine(results: readonly Result[], releases: number): string | undefined {
  const open = new Map<string, number>();
  for (const { policy, outcome } of results) if (outcome === "not decided") open.set(policy.name, (open.get(policy.name) ?? 0) + 1);
  const total = [...open.values()].reduce((sum, count) => sum + count, 0);
  const lines = [
    ...(total === 0
      ? []
      : [
          `${total} policy × object ${total === 1 ? "pair" : "pairs"} not decided before up: ${[...open].map(([name, count]) => `${name} (${count})`).join(", ")}`,
        ]),
    ...(releases === 0
      ? []
      : [
          `${releases} Helm ${releases === 1 ? "release" : "releases"} not looked into. Fix: helm template … | openshift-ai-policy check -, or a Chart in place of a Release`,
        ]),
  ];
  return lines.length === 0 ? undefined : lines.join("\n");
}
