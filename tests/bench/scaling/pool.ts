/**
 * A pool that answers a day of requests: routers with one queue, replicas with slots, pods that load a model before they are ready. Deterministic: time goes from
 * event to event. Times in seconds.
 */
import { syncSeconds } from "./autoscaler";
import type { Request } from "./trace";
import { WaitHistogram } from "./window";

export interface PoolModel {
  /** Requests that a replica answers at the same time. */
  readonly slots: number;
  /** From the decision to a ready pod: scheduling, start, the model's way into memory. */
  readonly loadSeconds: number;
  /** Requests that wait; more are refused. */
  readonly maxQueue: number;
  /** Longest wait; then a request is refused. */
  readonly queueSeconds: number;
  /** Prompt tokens per second. */
  readonly prefill: number;
  /** Seconds per token of an answer. */
  readonly perToken: number;
  readonly replicas: { readonly min: number; readonly max: number };
}

export interface Replica {
  readonly createdAt: number;
  readonly readyAt: number;
  busy: number;
  leaving: boolean;
  /** Seconds of slots in use, up to `busySince`. */
  slotSeconds: number;
  /** Seconds with any slot in use. */
  activeSeconds: number;
  busySince: number;
}

/** What Prometheus and metrics-server show of a pool. */
export interface Observed {
  readonly inFlight: number;
  readonly queueWaitP95: number;
}

export interface Outcome {
  /** Seconds in the queue of the answered requests, shortest first. */
  readonly waits: Float64Array;
  readonly refused: number;
  readonly gpuHours: number;
  /** Changes of the number of pods. */
  readonly scalings: number;
}

/** @returns the number of replicas from now on @param observed what was scraped `scrapeLag` ago */
export type Scaler = (now: number, replicas: readonly Replica[], observed: Observed) => number;

/** The series are read every 15 s and asked for 10 s later; waits are those of 2 minutes, as recorded (stacks/observability/recording.ts). */
const askLag = 10;
const waitWindow = 120;

export function simulate(requests: readonly Request[], model: PoolModel, scaler: Scaler, end: number): Outcome {
  const histogram = new WaitHistogram(waitWindow);
  const waits: number[] = [];
  const finishes = new Heap();
  let replicas: Replica[] = Array.from({ length: model.replicas.min }, () => replica(-model.loadSeconds, 0));
  let queue: Request[] = [];
  let head = 0;
  let [refused, gpuSeconds, scalings, next] = [0, 0, 0, 0];
  let scraped: Observed = { inFlight: 0, queueWaitP95: 0 };

  const waiting = () => queue.length - head;
  const start = (request: Request, on: Replica, now: number) => {
    account(on, now);
    on.busy++;
    const wait = now - request.at;
    waits.push(wait);
    histogram.observe(wait);
    finishes.push({ at: now + request.contextTokens / model.prefill + request.outputTokens * model.perToken, replica: on });
  };
  const free = (now: number) => {
    let best: Replica | undefined;
    for (const one of replicas) {
      if (!one.leaving && one.readyAt <= now && one.busy < model.slots && (best === undefined || one.busy < best.busy)) best = one;
    }
    return best;
  };
  const drainQueue = (now: number) => {
    while (waiting() > 0) {
      const request = queue[head];
      if (request && now - request.at > model.queueSeconds) {
        refused++;
        histogram.observe(model.queueSeconds);
      } else {
        const on = free(now);
        if (!request || !on) break;
        start(request, on, now);
      }
      head++;
      if (head > 4096) [queue, head] = [queue.slice(head), 0];
    }
  };
  const remove = (one: Replica, now: number) => {
    gpuSeconds += now - Math.max(0, one.createdAt);
    replicas = replicas.filter((other) => other !== one);
  };
  const scaleTo = (wanted: number, now: number) => {
    const present = replicas.filter(({ leaving }) => !leaving);
    if (wanted !== present.length) scalings++;
    for (let more = present.length; more < wanted; more++) replicas.push(replica(now, now + model.loadSeconds));
    // A ReplicaSet takes away first what is not ready, then what is ready for the shortest time.
    for (const one of [...present].sort((a, b) => b.readyAt - a.readyAt).slice(0, Math.max(0, present.length - wanted))) {
      one.leaving = true;
      if (one.busy === 0) remove(one, now);
    }
  };

  for (let tick = 0; ;) {
    const arrival = requests[next]?.at ?? Infinity;
    const finish = finishes.first()?.at ?? Infinity;
    const now = Math.min(arrival, finish, tick);
    if (now >= end) break;
    if (now === finish) {
      const { replica: on } = finishes.pop();
      account(on, now);
      on.busy--;
      if (on.leaving && on.busy === 0) remove(on, now);
      drainQueue(now);
    } else if (now === arrival) {
      const request = requests[next++];
      const on = waiting() === 0 ? free(now) : undefined;
      if (request && on) start(request, on, now);
      else if (request && waiting() < model.maxQueue) queue.push(request);
      else refused++;
    } else {
      // Ticks every 5 s: pods that became ready take from the queue; every third one scrapes, the one two later asks.
      drainQueue(now);
      const phase = tick % syncSeconds;
      if (phase === 0) {
        histogram.scrape(now);
        scraped = { inFlight: replicas.reduce((sum, { busy }) => sum + busy, waiting()), queueWaitP95: histogram.quantile(0.95) };
      } else if (phase === askLag) {
        const present = replicas.filter(({ leaving }) => !leaving);
        for (const one of present) account(one, now);
        scaleTo(scaler(now, present, scraped), now);
      }
      tick += 5;
    }
  }
  for (const one of replicas) gpuSeconds += end - Math.max(0, one.createdAt);
  return { waits: Float64Array.from(waits).sort(), refused: refused + waiting(), gpuHours: gpuSeconds / 3600, scalings };
}

function replica(createdAt: number, readyAt: number): Replica {
  return { createdAt, readyAt, busy: 0, leaving: false, slotSeconds: 0, activeSeconds: 0, busySince: createdAt };
}

function account(one: Replica, now: number): void {
  one.slotSeconds += one.busy * (now - one.busySince);
  if (one.busy > 0) one.activeSeconds += now - one.busySince;
  one.busySince = now;
}

interface Finish {
  readonly at: number;
  readonly replica: Replica;
}

/** The earliest first. */
class Heap {
  private readonly items: Finish[] = [];

  first(): Finish | undefined {
    return this.items[0];
  }

  push(item: Finish): void {
    const { items } = this;
    let at = items.push(item) - 1;
    for (let up = (at - 1) >> 1; at > 0 && before(item, items[up]); at = up, up = (at - 1) >> 1) [items[at], items[up]] = [items[up] as Finish, item];
  }

  /** @throws Error when it is empty */
  pop(): Finish {
    const { items } = this;
    const top = items[0];
    const last = items.pop();
    if (!top || !last) throw new Error("nothing is being answered");
    if (items.length === 0) return top;
    items[0] = last;
    for (let at = 0; ;) {
      const [left, right] = [2 * at + 1, 2 * at + 2];
      let least = at;
      if (before(items[left], items[least])) least = left;
      if (before(items[right], items[least])) least = right;
      if (least === at) return top;
      [items[at], items[least]] = [items[least] as Finish, items[at] as Finish];
      at = least;
    }
  }
}

const before = (a: Finish | undefined, b: Finish | undefined) => a !== undefined && b !== undefined && a.at < b.at;
