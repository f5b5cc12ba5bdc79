/** The rules of a stack's pools: what PrometheusRule is made from. Pure. */
import { budgetAlerts } from "./budgetAlerts";
import { burnWindows, slowShare } from "./burnRate";
import { gpuAlerts } from "./gpuAlerts";
import { loadFailed, poolAlerts } from "./poolAlerts";
import { poolLabels, recorded, recordingRules } from "./recording";
import type { Monitored, RuleGroup } from "./types";

export function ruleGroups(monitored: Monitored): readonly RuleGroup[] {
  const { namespace, pools } = monitored;
  return [
    { name: "model-pools", rules: recordingRules(namespace) },
    // The promise is the pool's, and with it the bound that is counted.
    ...pools.map(({ name, slo }) => ({
      name: `model-pool-${name}-promise`,
      rules: burnWindows.map((window) => ({
        record: recorded.slow(window),
        expr: slowShare(namespace, name, slo.firstTokenSeconds, poolLabels, window),
      })),
    })),
    ...pools.map((pool) => ({
      name: `model-pool-${pool.name}-alerts`,
      rules: [
        ...budgetAlerts(monitored, pool),
        ...poolAlerts(monitored, pool),
        ...(monitored.gpus && pool.gpusPerReplica > 0 ? gpuAlerts(monitored, pool) : []),
      ],
    })),
    ...(monitored.jobs ? [{ name: "model-store-alerts", rules: [loadFailed(monitored)] }] : []),
  ];
}
