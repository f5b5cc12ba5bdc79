/** What watches the platform, with the capability monitoring. */
import { z } from "zod";
import { text } from "./fields";

export const observability = z.strictObject({
  runbooks: text(/^[^\s"{}]+$/, "an address or a path without spaces", "https://git.example.com/ai-platform/blob/main/docs/runbooks")
    .default("docs/runbooks")
    .describe("folder with a runbook for each alert (NAME.md), which alerts point to"),
  otherProjects: z
    .boolean()
    .optional()
    .describe(
      "rules of the platform's project see series of other projects: alerts on GPUs (DCGM exporter) and on rollouts; default: true on kubernetes, false on OpenShift, where the project must stand under namespacesWithoutLabelEnforcement of user-workload-monitoring-config",
    )
    .meta({ examples: [true] }),
  gpuMetrics: z
    .boolean()
    .optional()
    .describe("NVIDIA's DCGM exporter is read, with its default counters; default: as the capability gpuOperator, which brings it")
    .meta({ examples: [true] }),
  jobMetrics: z
    .boolean()
    .default(true)
    .describe("kube-state-metrics are read, as OpenShift and kube-prometheus-stack do: alerts on Jobs that load models")
    .meta({ examples: [true] }),
});
