/** Between which requests a VerticalPodAutoscaler recommends, and what it may do with it. GPUs are none of its business. Pure. */
import { formatBytes, formatCpu, parseBytes, parseCpu, smallest } from "../quantities";
import type { ContainerSize } from "../sizing";

export interface VerticalPolicy {
  /** `Off`: it only recommends. `Initial`: new pods get what it recommends; running ones stay. */
  readonly updateMode: "Off" | "Initial";
  readonly minAllowed: Requests;
  readonly maxAllowed: Requests;
  /** `RequestsOnly` leaves limits alone; `RequestsAndLimits` lets them grow with the requests. */
  readonly controlledValues: "RequestsOnly" | "RequestsAndLimits";
}

interface Requests {
  readonly cpu: string;
  readonly memory: string;
}

/** The guide lets 2 CPU and 8 GiB grow to 8 and 32. */
const growth = 4n;

/**
 * Where the number of pods follows CPU and memory, their requests must not follow them too: it recommends only, from the size of today up to four times as much
 * (as the guide has it), as long as the limit that would grow with it stays within `max`. Else new pods start with what is recommended, down to a quarter and
 * never more than today: the capacity plan and the quota reckon with that, and a pod beyond the quota would not start at all. What it would take beyond that
 * stands in the autoscaler's status as `uncappedTarget`.
 * @param size of the container @param max the most that one container may have as limit
 */
export function verticalPolicy(size: ContainerSize, max: Requests, scaled: boolean): VerticalPolicy {
  const cpu = { request: parseCpu(size.requests.cpu), limit: parseCpu(size.limits.cpu), max: parseCpu(max.cpu) };
  const memory = { request: parseBytes(size.requests.memory), limit: parseBytes(size.limits.memory), max: parseBytes(max.memory) };
  const requests = (of: (one: typeof cpu) => bigint): Requests => ({ cpu: formatCpu(of(cpu)), memory: formatBytes(of(memory)) });
  const today = requests(({ request }) => request);
  return scaled
    ? {
        updateMode: "Off",
        minAllowed: today,
        maxAllowed: requests(({ request, limit, max }) => smallest(request * growth, (max * request) / limit)),
        controlledValues: "RequestsAndLimits",
      }
    : { updateMode: "Initial", minAllowed: requests(({ request }) => request / growth), maxAllowed: today, controlledValues: "RequestsOnly" };
}
