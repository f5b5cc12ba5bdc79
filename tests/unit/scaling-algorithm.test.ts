/** The simulated autoscaler does what Kubernetes' own does: the cases of its tests (replica_calculator_test.go, horizontal_test.go, v1.36.3), by their names there. */
import { expect } from "chai";
import { guideBehavior, type ScalingBehavior } from "../../stacks/scaling/behavior";
import { Autoscaler, rateLimited, stabilized, type Timed } from "../bench/scaling/autoscaler";
import { averageValueReplicas, proposedReplicas, resourceReplicas, valueReplicas, type PodSample } from "../bench/scaling/replicas";

const now = 100_000;

/** A pod that has run for long; usage in thousandths of a CPU, its request 1 CPU. */
function pod(usage: number | undefined, more: Partial<PodSample> = {}): PodSample {
  return {
    phase: "Running",
    startedAt: now - 3600,
    ready: true,
    readyChangedAt: now - 3600,
    request: 1000,
    ...(usage === undefined ? {} : { usage: { at: now, windowSeconds: 60, value: usage } }),
    ...more,
  };
}
const unready = { ready: false, startedAt: now - 3600, readyChangedAt: now - 3600 };
const hot = { startedAt: now, readyChangedAt: now };

describe("the replicas that CPU asks for", () => {
  const cases: readonly [name: string, current: number, target: number, pods: readonly PodSample[], expected: number | undefined][] = [
    ["ScaleUp", 3, 30, [pod(300), pod(500), pod(700)], 5],
    ["ScaleUpUnreadyLessScale", 3, 30, [pod(300, unready), pod(500), pod(700)], 4],
    ["ScaleUpHotCpuLessScale", 3, 30, [pod(300, hot), pod(500), pod(700)], 4],
    ["ScaleUpUnreadyNoScale", 3, 30, [pod(400), pod(500, unready), pod(700, unready)], 3],
    ["ScaleDown", 5, 50, [100, 300, 500, 250, 250].map((usage) => pod(usage)), 3],
    ["ScaleDownExcludeUnreadyPods", 5, 50, [...[100, 300, 500].map((usage) => pod(usage)), pod(250, unready), pod(250, unready)], 2],
    ["Tolerance", 3, 100, [pod(1010, { request: 900 }), pod(1030), pod(1020, { request: 1100 })], 3],
    ["MissingMetrics", 4, 100, [pod(400), pod(95), pod(undefined), pod(undefined)], 3],
    ["EmptyMetrics", 4, 100, [pod(undefined), pod(undefined)], undefined],
    ["MissingMetricsNoChangeEq", 2, 100, [pod(1000), pod(undefined)], 2],
    ["MissingMetricsNoChangeGt", 2, 100, [pod(1900), pod(undefined)], 2],
    ["MissingMetricsNoChangeLt", 2, 100, [pod(600), pod(undefined)], 2],
    ["MissingMetricsUnreadyChange", 3, 50, [pod(100, unready), pod(450), pod(undefined)], 3],
    ["MissingMetricsUnreadyScaleUp", 3, 50, [pod(100, unready), pod(2000), pod(undefined)], 4],
    ["MissingMetricsUnreadyScaleDown", 4, 50, [pod(100, unready), pod(100), pod(100), pod(undefined)], 3],
    ["DuringRollingUpdateWithMaxSurge", 2, 50, [pod(100), pod(100), pod(undefined)], 2],
    ["ScaleDownExcludeUnscheduledPods", 5, 50, [pod(100), ...Array.from({ length: 4 }, () => pod(undefined, { phase: "Pending" }))], 1],
  ];
  for (const [name, current, target, pods, expected] of cases) {
    it(name, () => {
      expect(resourceReplicas("cpu", current, target, pods, now)).to.equal(expected);
    });
  }

  it("counts a pod that is not ready yet for memory, but not for CPU", () => {
    const pods = [pod(900, hot), pod(900)];
    expect([resourceReplicas("memory", 2, 30, pods, now), resourceReplicas("cpu", 2, 30, pods, now)]).to.deep.equal([6, 3]);
  });
});

describe("the replicas that an External metric asks for", () => {
  it("by value for each pod: ScaleUpPerPodCMExternal, ScaleDownPerPodCMExternal, TolerancePerPodCMExternal", () => {
    expect([averageValueReplicas(3, 2150, 8600), averageValueReplicas(5, 2867, 8600), averageValueReplicas(3, 2900, 8600)]).to.deep.equal([4, 3, 3]);
  });

  it("by value: ScaleUpCMExternal, ScaleDownCMExternal, ToleranceCMExternal", () => {
    expect([valueReplicas(1, 4400, 8600, 1), valueReplicas(5, 14_334, 8600, 5), valueReplicas(3, 8888, 8600, 3)]).to.deep.equal([2, 3, 3]);
  });

  it("by value in proportion to the ready pods: ScaleUpCMExternalIgnoresUnreadyPods", () => {
    expect(valueReplicas(3, 4400, 8600, 1)).to.equal(2);
  });
});

describe("several metrics", () => {
  it("the one that asks for the most counts: ScaleUp", () => {
    expect(proposedReplicas(3, [2, 5, 4])).to.equal(5);
  });

  it("one that is missing does not stop scaling up, but down: ScaleUpOneMetricEmpty, NoScaleDownOneMetricInvalid", () => {
    expect([proposedReplicas(3, [4, undefined]), proposedReplicas(5, [3, undefined]), proposedReplicas(5, [undefined])]).to.deep.equal([
      4,
      undefined,
      undefined,
    ]);
  });
});

/** Rules as generateScalingRules(pods, period, percent, period, window) makes them. */
function rules(pods: number, podsPeriod: number, percent: number, percentPeriod: number) {
  return {
    stabilizationWindowSeconds: 0,
    policies: [
      ...(pods > 0 ? [{ type: "Pods", value: pods, periodSeconds: podsPeriod } as const] : []),
      ...(percent > 0 ? [{ type: "Percent", value: percent, periodSeconds: percentPeriod } as const] : []),
    ],
  };
}
const anything = rules(100_000, 60, 0, 0);
/** Changes within the last 120 s. */
const events = (...replicas: readonly number[]): Timed[] => replicas.map((change, at) => ({ at: now - 110 + (at * 110) / replicas.length, replicas: change }));

describe("how fast it goes: ScalingWithRules", () => {
  const up = (...of: Parameters<typeof rules>): ScalingBehavior => ({ scaleUp: rules(...of), scaleDown: anything });
  const down = (...of: Parameters<typeof rules>): ScalingBehavior => ({ scaleUp: anything, scaleDown: rules(...of) });
  const cases: readonly [
    behavior: ScalingBehavior,
    min: number,
    max: number,
    current: number,
    wanted: number,
    expected: number,
    ups?: Timed[],
    downs?: Timed[],
  ][] = [
    [up(100, 60, 0, 0), 3, 8, 5, 7, 7],
    [down(100, 60, 0, 0), 2, 8, 3, 1, 2],
    [up(1000, 60, 0, 0), 100, 150, 100, 1000, 150],
    [up(0, 0, 1, 60), 1, 2000, 3, 1000, 4],
    [down(20, 60, 0, 0), 3, 2000, 1000, 3, 980],
    [up(100, 60, 100, 60), 1, 1000, 10, 500, 110],
    [up(2, 60, 100, 60), 1, 1000, 10, 500, 20],
    [up(30, 60, 0, 0), 1, 1000, 10, 50, 40],
    [up(0, 0, 200, 60), 1, 1000, 10, 50, 30],
    [down(20, 60, 1, 60), 1, 1000, 100, 2, 80],
    [down(2, 60, 1, 60), 1, 1000, 100, 2, 98],
    [down(0, 0, 100, 60), 5, 1000, 10, 2, 5],
    [down(5, 60, 0, 0), 1, 1000, 10, 2, 5],
    [down(0, 0, 50, 60), 1, 1000, 10, 5, 5],
    [up(5, 120, 0, 0), 1, 1000, 100, 500, 100, events(1, 5, 9)],
    [up(150, 120, 0, 0), 1, 1000, 100, 500, 235, events(1, 5, 9)],
    [up(0, 0, 200, 120), 1, 1000, 100, 500, 255, events(1, 5, 9)],
    [up(0, 0, 300, 300), 1, 1000, 6, 24, 16, events(4), events(2)],
    [down(115, 120, 0, 0), 1, 1000, 100, 0, 1, [], events(1, 5, 9)],
  ];
  for (const [behavior, min, max, current, wanted, expected, ups = [], downs = []] of cases) {
    it(`${current} → ${wanted} is ${expected} within ${min}–${max}`, () => {
      expect(rateLimited(behavior, { min, max, ups, downs }, now, current, wanted)).to.equal(expected);
    });
  }
});

describe("how long it waits: NormalizeDesiredReplicasWithBehavior", () => {
  const minutesAgo = (...pairs: readonly [replicas: number, minutes: number][]): Timed[] =>
    pairs.map(([replicas, minutes]) => ({ replicas, at: now - minutes * 60 }));
  const cases: readonly [name: string, before: Timed[], current: number, recommended: number, up: number, down: number, expected: number][] = [
    ["empty recommendations for scaling down", [], 100, 5, 0, 0, 5],
    ["simple scale down stabilization", minutesAgo([4, 2], [5, 1]), 100, 3, 0, 180, 5],
    ["simple scale up stabilization", minutesAgo([4, 2], [5, 1]), 1, 7, 300, 0, 4],
    ["no scale down stabilization", minutesAgo([1, 2], [2, 1]), 100, 3, 300, 0, 3],
    ["no scale up stabilization", minutesAgo([4, 2], [5, 1]), 1, 3, 0, 300, 3],
    ["scale down stabilization, obsolete ones", minutesAgo([10, 10], [4, 1], [5, 2], [9, 9]), 100, 3, 0, 180, 5],
    ["scale up stabilization, obsolete ones", minutesAgo([10, 100], [6, 1], [5, 2], [9, 3]), 1, 100, 300, 0, 5],
    ["do not scale up when prenormalized rec goes down", minutesAgo([2, 100], [3, 3]), 2, 1, 300, 300, 2],
    ["do not scale down when prenormalized rec goes up", minutesAgo([2, 100], [1, 3]), 2, 3, 300, 300, 2],
  ];
  for (const [name, before, current, recommended, up, down, expected] of cases) {
    it(name, () => {
      const behavior = { scaleUp: { ...anything, stabilizationWindowSeconds: up }, scaleDown: { ...anything, stabilizationWindowSeconds: down } };
      expect(stabilized(behavior, before, now, current, recommended)).to.equal(expected);
    });
  }
});

describe("the guide's behaviour", () => {
  /** Pods after each look of 15 s. */
  const looks = (scaler: Autoscaler, from: number, current: number, recommended: number, count: number) =>
    Array.from({ length: count }, (_, look) => (current = scaler.decide(from + look * 15, current, () => recommended)));

  it("adds half of the pods a minute, 5 minutes after the load came", () => {
    const replicas = looks(new Autoscaler(guideBehavior, 2, 6), 0, 2, 6, 32);
    expect(replicas.indexOf(3) * 15).to.equal(300);
    expect(replicas.indexOf(5) * 15).to.equal(360);
    expect(replicas.indexOf(6) * 15).to.equal(420);
  });

  it("takes a quarter away a minute, 10 minutes after the load went, and never goes below the fewest", () => {
    const scaler = new Autoscaler(guideBehavior, 2, 6);
    expect(looks(scaler, 0, 6, 6, 1)).to.deep.equal([6]);
    const replicas = looks(scaler, 15, 6, 1, 60);
    expect([4, 3, 2].map((count) => 15 + replicas.indexOf(count) * 15)).to.deep.equal([600, 660, 720]);
    expect(replicas.at(-1)).to.equal(2);
  });

  it("goes to the bounds at once from outside them, and leaves a workload alone that was scaled to nothing", () => {
    const scaler = new Autoscaler(guideBehavior, 2, 6);
    expect([scaler.decide(0, 1, () => 1), scaler.decide(15, 9, () => 9), scaler.decide(30, 0, () => 4)]).to.deep.equal([2, 6, 0]);
  });
});
