/** The nearest change with which a pool's models fit: each candidate is planned before it is said. Pure. */
import { capacityProblems } from "../capacity";
import { changed, type Change } from "../capacityFix";
import type { StackConfig } from "../schema";
import { quantizeTypes } from "../schema/serving";
import { quantizedCache } from "./graph";
import { planPool } from "./memory";
import { factsOf } from "./modelFacts";

interface Proposal {
  readonly changes: readonly Change[];
  /** How much it takes away from users and from the cluster; the least is proposed. */
  readonly cost: number;
}

/** Undefined: no change of settings is enough. @param p index of the pool */
export function nearestFit(config: StackConfig, p: number): readonly Change[] | undefined {
  const before = capacityProblems(config).length;
  const fits = ({ changes }: Proposal): boolean => {
    const other = changed(config, changes);
    const pool = other.serving.pools[p];
    if (pool === undefined || planPool(pool, other).verdict === "too large") return false;
    // Other GPUs, or more of them, may not be there.
    return !changes.some(({ field }) => /\.gpu/.test(field)) || capacityProblems(other).length <= before;
  };
  const firsts = single(config, p).map((make) => make(fits));
  const best = cheapest(firsts.filter((one) => one !== undefined));
  if (best) return best.changes;
  // Two at once: the smallest of one, and the other as far as it has to go.
  const pairs = starts(config, p).flatMap((start) =>
    single(changed(config, start.changes), p)
      .map((make) => make(({ changes, cost }) => fits({ changes: [...start.changes, ...changes], cost: start.cost + cost })))
      .flatMap((one) => (one === undefined ? [] : [{ changes: merged([...start.changes, ...one.changes]), cost: start.cost + one.cost }])),
  );
  return cheapest(pairs)?.changes;
}

function cheapest(proposals: readonly Proposal[]): Proposal | undefined {
  return [...proposals].sort((a, b) => a.cost - b.cost)[0];
}

/** The last value of each field. */
function merged(changes: readonly Change[]): readonly Change[] {
  return changes.filter(({ field }, i) => changes.findLastIndex((other) => other.field === field) === i);
}

type Fits = (proposal: Proposal) => boolean;
type Maker = (fits: Fits) => Proposal | undefined;

/** Each knob by itself: the change that is just enough. */
function single(config: StackConfig, p: number): readonly Maker[] {
  const pool = config.serving.pools[p];
  if (pool === undefined) return [];
  const field = (name: string) => `serving.pools[${p}].${name}`;
  const halvings = (from: number, to: number) => Math.log2(from / to);
  const first =
    (proposals: readonly Proposal[]): Maker =>
    (fits) =>
      proposals.find(fits);
  const lower =
    (name: "parallel" | "contextLength", step: number, least: number): Maker =>
    (fits) => {
      const to = (steps: number): Proposal => ({ changes: [{ field: field(name), value: steps * step }], cost: 2 * halvings(pool[name], steps * step) });
      let [low, high] = [Math.ceil(least / step), Math.ceil(pool[name] / step)];
      if (low >= high || !fits(to(low))) return undefined;
      while (high - low > 1) {
        const middle = Math.floor((low + high) / 2);
        if (fits(to(middle))) low = middle;
        else high = middle;
      }
      return to(low);
    };
  return [
    first(smallerCache(config, p)),
    lower("parallel", 1, 1),
    lower("contextLength", 256, 2048),
    first(requantized(config, p)),
    first(otherClasses(config, p)),
    first(
      pool.gpusPerReplica === 0
        ? []
        : Array.from({ length: 16 - pool.gpusPerReplica }, (_, i) => pool.gpusPerReplica + 1 + i).map((value) => ({
            changes: [{ field: field("gpusPerReplica"), value }],
            cost: 1 + 2 * halvings(value, pool.gpusPerReplica),
          })),
    ),
  ];
}

/** What a second change is tried with. */
function starts(config: StackConfig, p: number): readonly Proposal[] {
  const pool = config.serving.pools[p];
  if (pool === undefined) return [];
  const field = (name: string) => `serving.pools[${p}].${name}`;
  const oneRequest: Proposal[] = pool.parallel > 1 ? [{ changes: [{ field: field("parallel"), value: 1 }], cost: 2 * Math.log2(pool.parallel) }] : [];
  const cache = smallerCache(config, p);
  const both = cache.flatMap((a) => oneRequest.map((b) => ({ changes: [...a.changes, ...b.changes], cost: a.cost + b.cost })));
  return [...cache, ...oneRequest, ...requantized(config, p), ...otherClasses(config, p), ...both];
}

/** Half of the cache, where all models can have it. */
function smallerCache({ serving, models }: StackConfig, p: number): readonly Proposal[] {
  const pool = serving.pools[p];
  if (pool === undefined || !pool.flashAttention || pool.kvCacheType !== "f16") return [];
  const all = models.filter(({ name }) => pool.models.includes(name)).map((model) => factsOf(model).architecture);
  if (!all.every((one) => one !== undefined && quantizedCache(one))) return [];
  return [{ changes: [{ field: `serving.pools[${p}].kvCacheType`, value: "q8_0" }], cost: 1 }];
}

/** All models of the pool whose source the loader can quantize, to the same type. */
function requantized(config: StackConfig, p: number): readonly Proposal[] {
  const names = config.serving.pools[p]?.models ?? [];
  return quantizeTypes.flatMap((type, t) => {
    const changes = config.models.flatMap((model, m): Change[] => {
      const made = factsOf(model).sourceQuantization === "F16";
      const now = model.quantize === undefined ? -1 : quantizeTypes.indexOf(model.quantize);
      // What the image holds can be anything, so it must be said to be quantizable.
      return names.includes(model.name) && made && model.fileSize === undefined && now < t ? [{ field: `models[${m}].quantize`, value: type }] : [];
    });
    return changes.length > 0 ? [{ changes, cost: 1.5 * (t + 1) }] : [];
  });
}

/** Classes of larger GPUs, smallest first. */
function otherClasses(config: StackConfig, p: number): readonly Proposal[] {
  const pool = config.serving.pools[p];
  if (pool === undefined || pool.gpusPerReplica === 0) return [];
  const classes = new Set(config.cluster.nodes.flatMap(({ gpus, gpu }) => (gpus > 0 && gpu !== undefined && gpu.class !== pool.gpuClass ? [gpu.class] : [])));
  return [...classes].map((value, i) => ({ changes: [{ field: `serving.pools[${p}].gpuClass`, value }], cost: 2 + i / 100 }));
}
