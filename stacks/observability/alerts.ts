/** All alerts: names, runbooks, and what they have in common. Each can fire where it is made: what it needs is asked before. Pure. */
import type { AlertingRule, Monitored, MonitoredPool, Severity } from "./types";

/** Every alert that there is, with its runbook: docs/runbooks/NAME.md. */
export const alertNames = [
  "ModelFirstTokenBudgetBurns",
  "ModelAvailabilityBudgetBurns",
  "ModelRequestsRefused",
  "ModelPoolHasNoReplica",
  "ModelReplicaDrainsForever",
  "ModelNotLoaded",
  "ModelLoadFailed",
  "ModelMetricsMissing",
  "ModelRolloutAborted",
  "GpuMemoryNearlyFull",
  "GpuIdleWhileRequestsWait",
  "GpuXidError",
  "GpuTooHot",
  "GpuMetricsMissing",
] as const;
export type AlertName = (typeof alertNames)[number];

export interface AlertText {
  readonly severity: Severity;
  readonly expr: string;
  /** @default at once */
  readonly for?: string;
  /** One line: what is wrong, where. */
  readonly summary: string;
  /** What it means for users, and what was measured. */
  readonly description: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/** An alert. Its project and its pool are on it, whatever the expression leaves. @param pool undefined: of the whole project */
export function alert(
  { namespace, runbooks }: Pick<Monitored, "namespace" | "runbooks">,
  pool: Pick<MonitoredPool, "name"> | undefined,
  name: AlertName,
  text: AlertText,
): AlertingRule {
  return {
    alert: name,
    expr: text.expr,
    ...(text.for === undefined ? {} : { for: text.for }),
    labels: { severity: text.severity, namespace, ...(pool === undefined ? {} : { pool: pool.name }), ...text.labels },
    annotations: { summary: text.summary, description: text.description, runbook_url: `${runbooks.replace(/\/+$/, "")}/${name}.md` },
  };
}
