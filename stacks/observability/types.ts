import type { PoolConfig } from "../schema";

/** What of a pool the rules go by. */
export type MonitoredPool = Pick<PoolConfig, "name" | "models" | "slo" | "gpusPerReplica" | "drainSeconds" | "loadTimeoutSeconds">;

export interface Monitored {
  /** The project of the pools. */
  readonly namespace: string;
  readonly pools: readonly MonitoredPool[];
  /** Address or path of the folder that holds a runbook for each alert. */
  readonly runbooks: string;
  /** Whether rules of the project see the series of NVIDIA's DCGM exporter. */
  readonly gpus: boolean;
  /** Whether rules of the project see the series of Argo Rollouts' controller. */
  readonly rollouts: boolean;
  /** Whether kube-state-metrics are read. */
  readonly jobs: boolean;
}

export type Severity = "critical" | "warning";

export interface RecordingRule {
  readonly record: string;
  readonly expr: string;
}

export interface AlertingRule {
  readonly alert: string;
  readonly expr: string;
  /** How long it must be so. @default at once */
  readonly for?: string;
  readonly labels: Readonly<Record<string, string>> & { readonly severity: Severity };
  readonly annotations: { readonly summary: string; readonly description: string; readonly runbook_url: string };
}

export interface RuleGroup {
  readonly name: string;
  readonly rules: readonly (RecordingRule | AlertingRule)[];
}
