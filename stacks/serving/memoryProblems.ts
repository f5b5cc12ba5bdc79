/** Pools whose models can't fit, with the sum and the nearest change that does. Pure. */
import { textOf } from "../capacityFix";
import type { Problem } from "../problems";
import type { StackConfig } from "../schema";
import { planPools, type Place, type PlacePlan, type PoolPlan } from "./memory";
import { isKnown, type ModelMemory } from "./modelMemory";
import { nearestFit } from "./proposals";

const gib = 2 ** 30;

export function memoryProblems(config: StackConfig): readonly Problem[] {
  return planPools(config).flatMap((plan, p) => {
    const worst = plan.places.filter(({ fits }) => !fits).sort((a, b) => a.place.memory * a.place.gpus - b.place.memory * b.place.gpus)[0];
    return worst === undefined ? [] : [tooLarge(config, plan, worst, p)];
  });
}

function tooLarge(config: StackConfig, plan: PoolPlan, { place, needed }: PlacePlan, p: number): Problem {
  const known = plan.models.filter(isKnown);
  const parts = known.map((model) => `${model.name}: ${partsOf(model)}`);
  const least = plan.models.flatMap((model) => (isKnown(model) || model.atLeast === 0 ? [] : [`${model.name}: at least ${readable(model.atLeast)}`]));
  const changes = nearestFit(config, p);
  return {
    field: `serving.pools[${p}].models`,
    value: `${readable(needed)} for each replica`,
    // The parts stand here: a long value is cut in messages.
    allowed: `at most ${sizeOf(place)}${place.group === "" ? "" : `, machines ${place.group}`} (${[...parts, ...least].join("; ")}${place.gpus > 1 ? "; graph and CUDA on each GPU" : ""})`,
    fix: changes ? textOf(changes) : plan.models.length > 1 ? "split the pool, or take smaller models" : "take a smaller model, or larger GPUs",
  };
}

/** `3.5 GiB of weights, 2 GiB of cache (4 × 4096 tokens, f16), 0.5 GiB of graph, 0.4 GiB of CUDA` */
function partsOf({ weights, cache, graph, overhead, load }: ModelMemory): string {
  return [
    `${readable(weights)} of weights`,
    `${readable(cache)} of cache (${load.parallel} × ${load.context} tokens, ${load.cacheType})`,
    `${readable(graph)} of graph`,
    `${readable(overhead)} of CUDA`,
  ].join(", ");
}

/** `22.4 GiB, L4`, `22.4 GiB each, 2 × L4`: rounded down. */
export function sizeOf({ memory, gpus, name }: Place): string {
  const tenths = Math.floor((memory * 10) / gib);
  const size = tenths < 10 ? `${Math.floor(memory / 2 ** 20)} MiB` : `${tenths / 10} GiB`;
  return `${size}${gpus > 1 ? " each" : ""}, ${name}`;
}

/** GiB with one decimal, rounded up, MiB below one: more than is there is never shown as less. */
export function readable(bytes: number): string {
  return bytes < gib ? `${Math.ceil(bytes / 2 ** 20)} MiB` : `${Math.ceil((bytes * 10) / gib) / 10} GiB`;
}
