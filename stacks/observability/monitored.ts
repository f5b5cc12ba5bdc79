/** What of a stack is watched, by its configuration. Pure. */
import { namespaceOf } from "../projects";
import type { StackConfig } from "../schema";
import type { Monitored } from "./types";

/** @param rulesSeeOtherProjects where the configuration does not say: what the platform does */
export function monitoredOf(
  { cluster, environment, observability, serving }: Pick<StackConfig, "cluster" | "environment" | "observability" | "serving">,
  rulesSeeOtherProjects: boolean,
): Monitored {
  const { runbooks, otherProjects = rulesSeeOtherProjects, gpuMetrics = cluster.capabilities.gpuOperator, jobMetrics } = observability;
  return {
    namespace: namespaceOf(environment, "platform"),
    pools: serving.pools,
    runbooks,
    gpus: gpuMetrics && otherProjects,
    rollouts: cluster.capabilities.argoRollouts && otherProjects,
    jobs: jobMetrics,
  };
}
