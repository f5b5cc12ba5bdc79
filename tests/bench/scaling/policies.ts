/** What scales a pool in the comparison: each row of the table. */
import { guideBehavior, requestBehavior, type ScalingBehavior } from "../../../stacks/scaling/behavior";
import { Autoscaler } from "./autoscaler";
import type { Observed, PoolModel, Replica, Scaler } from "./pool";
import { averageValueReplicas, proposedReplicas, resourceReplicas, valueReplicas, type PodSample } from "./replicas";

/** How the CPU of a pod is modelled, in thousandths of its request. */
export type CpuModel = "gpuServer" | "followsLoad";

export interface Policy {
  readonly name: string;
  readonly scaler: (model: PoolModel) => Scaler;
}

interface Autoscaled {
  readonly cpu: CpuModel;
  readonly behavior: ScalingBehavior;
  /** @default CPU and memory only */
  readonly requests?: {
    readonly perReplica?: number;
    readonly queueWaitSeconds?: number;
    /** Age of what a cache returns, in looks. */ readonly staleLooks?: number;
  };
}

const cpuPercent = 70;
const memoryPercent = 80;
/** Weights and caches are there from the start and stay: a constant share of the request, below the target. */
const memoryUse = 600;
const request = 1000;
/** metrics-server's window. */
const windowSeconds = 15;

/** A number of pods that nothing changes. */
export function fixed(replicas: number): Policy {
  return { name: `always ${replicas}`, scaler: () => () => replicas };
}

/** @param name as the table has it */
export function autoscaled(name: string, { cpu, behavior, requests }: Autoscaled): Policy {
  return {
    name,
    scaler: (model) => {
      const autoscaler = new Autoscaler(behavior, model.replicas.min, model.replicas.max);
      const meter = new CpuMeter(cpu, model.slots);
      const seen: Observed[] = [];
      return (now, replicas, observed) => {
        const pods = replicas.map((one) => meter.sample(one, now));
        seen.push(observed);
        const { inFlight, queueWaitP95 } = seen.at(-1 - (requests?.staleLooks ?? 0)) ?? observed;
        const current = replicas.length;
        return autoscaler.decide(now, current, () =>
          proposedReplicas(current, [
            resourceReplicas("cpu", current, cpuPercent, pods, now),
            resourceReplicas(
              "memory",
              current,
              memoryPercent,
              pods.map((pod) => ({ ...pod, ...(pod.usage ? { usage: { ...pod.usage, value: memoryUse } } : {}) })),
              now,
            ),
            ...(requests === undefined
              ? []
              : [
                  averageValueReplicas(current, requests.perReplica ?? model.slots, inFlight),
                  valueReplicas(current, requests.queueWaitSeconds ?? 2, queueWaitP95, pods.filter(({ ready }) => ready).length),
                ]),
          ]),
        );
      };
    },
  };
}

/**
 * `gpuServer`: what a server is taken to do whose layers are all on the GPU. One core waits for it as long as it computes, for one request as for four; the request of the
 * guide is 2 CPU, so that is half of it, and a tenth of a core per request for tokens and HTTP. `followsLoad`: the best that CPU could be as a measure, 100 % when
 * all slots are in use, as where the CPU computes.
 */
class CpuMeter {
  private readonly last = new Map<Replica, { readonly at: number; readonly used: number }>();

  constructor(
    private readonly model: CpuModel,
    private readonly slots: number,
  ) {}

  sample(one: Replica, now: number): PodSample {
    const used = this.model === "followsLoad" ? (one.slotSeconds / this.slots) * request : one.activeSeconds * 500 + one.slotSeconds * 50;
    const before = this.last.get(one);
    this.last.set(one, { at: now, used });
    const ready = one.readyAt <= now;
    return {
      phase: "Running",
      startedAt: one.createdAt,
      ready,
      readyChangedAt: ready ? one.readyAt : one.createdAt,
      request,
      ...(before === undefined ? {} : { usage: { at: now, windowSeconds, value: (used - before.used) / (now - before.at) } }),
    };
  }
}

const server = "gpuServer";

/** What is compared: the guide's autoscaling, the same in the best case, ours, and what is around it. */
export const policies = {
  fewest: fixed(2),
  guide: autoscaled("CPU and memory: the guide", { cpu: server, behavior: guideBehavior }),
  bestCpu: autoscaled("CPU and memory, if CPU followed the load", { cpu: "followsLoad", behavior: guideBehavior }),
  guideBehavior: autoscaled("with requests, but the guide's 300 s", { cpu: server, behavior: guideBehavior, requests: {} }),
  ours: autoscaled("**with requests, at once: ours**", { cpu: server, behavior: requestBehavior, requests: {} }),
  keda: autoscaled("ours, with metrics 30 s older", { cpu: server, behavior: requestBehavior, requests: { staleLooks: 2 } }),
  headroom: autoscaled("ours with `requestsPerReplica: 3`", { cpu: server, behavior: requestBehavior, requests: { perReplica: 3 } }),
  sameHours: fixed(4),
  most: fixed(6),
} as const satisfies Readonly<Record<string, Policy>>;
