/** Stacks for the memory plan: machines with GPUs, and models of the catalogue. */
import type { StackConfig } from "../../../stacks/schema";
import { catalogue } from "../../../stacks/serving/catalogue";
import { stack, type Fields } from "./stack";
import type { Random } from "./random";

const digest = `sha256:${"a".repeat(64)}`;

/** A model of the catalogue under its name there: `codellama:7b` → `codellama:7b-v1.0-base`. */
export const nameOf = (id: string): string => `${id}-v1.0-base`;

/** @param tag behind the size, such as `-fp16` */
export const modelOf = (id: string, tag = "", fields: Fields = {}): Fields => ({
  name: nameOf(id),
  source: { kind: "registry", name: `${id}${tag}`, digest },
  ...fields,
});

/** Equal machines with four GPUs. @param memory of each GPU */
export const machines = (gpuClass: string, memory: string, sharing?: Fields, gpus = 4): Fields => ({
  name: gpuClass.toLowerCase(),
  count: 4,
  cpu: "64",
  memory: "512Gi",
  gpus,
  gpu: { class: gpuClass, memory, ...(sharing ? { sharing } : {}) },
});

/** One pool on the machines. */
export function planned(pool: Fields, models: readonly Fields[], nodes: readonly Fields[], fields: Fields = {}): StackConfig {
  return stack({
    sizing: "guide",
    environment: "production",
    cluster: { nodes, ...(fields.cluster as Fields | undefined) },
    models,
    serving: { pools: [{ name: "chat", models: models.map(({ name }) => name), maxLoadedModels: 16, ...pool }] },
    quota: { cpu: "512", memory: "2Ti", memoryLimit: "4Ti", gpus: 64 },
  });
}

/** Pools from ones that fit easily to ones that nothing helps. */
export function anyPlan({ below, pick }: Random): StackConfig {
  const ids = [...new Set(Array.from({ length: 1 + below(3) }, () => pick(catalogue).id))];
  const sharing = pick<Fields | undefined>([
    undefined,
    undefined,
    undefined,
    { kind: "timeSlicing", replicas: 4 },
    { kind: "mig", strategy: "single", profile: "3g.40gb" },
  ]);
  return planned(
    {
      contextLength: 256 * (1 + below(256)),
      parallel: 1 + below(8),
      flashAttention: below(4) > 0,
      gpusPerReplica: sharing ? 1 : 1 + below(3),
      ...(below(2) ? { gpuClass: "A100" } : {}),
    },
    ids.map((id) => modelOf(id, pick(["", "", "-fp16", "-q8_0"]))),
    [machines("A100", pick(["40Gi", "80Gi"]), sharing), ...(below(2) ? [machines("L40S", "46068Mi")] : []), ...(below(3) ? [] : [machines("L4", "23034Mi")])],
  );
}
