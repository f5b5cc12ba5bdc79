/** Alerts on a pool's GPUs, by NVIDIA's DCGM exporter. Pure. */
import { alert } from "./alerts";
import { gpuMetrics } from "./metrics";
import { series, type Matchers } from "./promql";
import { recorded } from "./recording";
import type { AlertingRule, Monitored, MonitoredPool } from "./types";

/**
 * The GPUs that the pods of a pool hold, model servers only. The exporter's own pod and namespace take the labels `pod` and `namespace` (honorLabels is false
 * by default), so that those of the pod with the GPU are `exported_…`.
 */
export function gpusOf(namespace: string, pool: string): Matchers {
  // POOL-<hash of the template>-<five characters>: no pod of a router, nor of a pool whose name begins with this one's.
  return { exported_namespace: namespace, exported_pod: new RegExp(`${pool}-[a-z0-9]+-[a-z0-9]{5}`) };
}

/** Use of each GPU in percent: GPU_UTIL, and where that does not exist (MIG) the activity of its engine. */
export function gpuUse(own: Matchers): string {
  return `(${series(gpuMetrics.use, own)} or 100 * ${series(gpuMetrics.engine, own)})`;
}

/** Share of each GPU's memory that is taken. FB_TOTAL is not among the exporter's default counters. */
export function gpuMemory(own: Matchers): string {
  const used = series(gpuMetrics.memoryUsed, own);
  return `${used} / (${used} + ${series(gpuMetrics.memoryFree, own)})`;
}

/** What tells GPUs and their instances apart; without the exporter's own pod, which is not what is wrong. The host is `Hostname` or, since 2026, `hostname`. */
const each = (expression: string) => `max by (Hostname, hostname, gpu, GPU_I_ID, modelName, exported_pod) (${expression})`;

const gpu = "GPU {{ $labels.gpu }} of {{ $labels.Hostname }}{{ $labels.hostname }}";

export function gpuAlerts(monitored: Monitored, pool: MonitoredPool): readonly AlertingRule[] {
  const { namespace } = monitored;
  const own = gpusOf(namespace, pool.name);
  const { lastXid, temperature, use } = gpuMetrics;
  const waiting = series(recorded.waiting, { namespace, pool: pool.name });
  return [
    alert(monitored, pool, "GpuMemoryNearlyFull", {
      severity: "warning",
      for: "10m",
      expr: `${each(gpuMemory(own))} > 0.95`,
      summary: `pool ${pool.name}: memory of ${gpu} is nearly full`,
      description: "{{ $value | humanizePercentage }} is taken. A longer context or another request makes a model fall back to the CPU, or fail.",
    }),
    alert(monitored, pool, "GpuIdleWhileRequestsWait", {
      severity: "warning",
      for: "15m",
      expr: `avg(${gpuUse(own)}) < 30 and on () (sum(${waiting}) > 0)`,
      summary: `pool ${pool.name}: requests wait while its GPUs are idle`,
      description: "On average {{ $value | humanize }} % of the GPUs was used for 15 minutes, with requests in the queue.",
    }),
    alert(monitored, pool, "GpuXidError", {
      severity: "critical",
      // A gauge with the last error's number: a change is an error, unless it is the exporter's start that set it back.
      expr: `${each(`changes(${series(lastXid, own)}[15m])`)} > 0 and ${each(series(lastXid, own))} > 0`,
      summary: `pool ${pool.name}: ${gpu} reports an error (XID)`,
      description: "The driver reported {{ $value }} new errors within 15 minutes. Answers may be wrong or stop.",
    }),
    alert(monitored, pool, "GpuTooHot", {
      severity: "warning",
      for: "10m",
      expr: `${each(series(temperature, own))} > 85`,
      summary: `pool ${pool.name}: ${gpu} is too hot`,
      description: "{{ $value | humanize }} °C for 10 minutes. GPUs lower their clock at about 90 °C: tokens get slower.",
    }),
    alert(monitored, pool, "GpuMetricsMissing", {
      severity: "warning",
      for: "15m",
      expr: `absent(${series(use, own)} or ${series(gpuMetrics.engine, own)})`,
      summary: `pool ${pool.name}: no metrics of its GPUs`,
      description: "Either no pod of the pool holds a GPU, or the DCGM exporter is not read. The alerts on GPUs do not fire.",
    }),
  ];
}
