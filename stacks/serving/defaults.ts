/** What a pool has where its configuration says nothing and the answer depends on something else. Pure. */
import type { PoolConfig, StackConfig } from "../schema";

/** Who switches to a new version that passed its analysis. */
export function promotionOf({ rollout }: Pick<PoolConfig, "rollout">, { environment }: Pick<StackConfig, "environment">): "manual" | "automatic" {
  return rollout.promotion ?? (environment === "production" ? "manual" : "automatic");
}

/** Requests in flight for each pod above which pods are added: as many as a model answers at the same time. */
export function requestsPerReplica({ scale, parallel }: Pick<PoolConfig, "scale" | "parallel">): number {
  return scale?.requestsPerReplica ?? parallel;
}
