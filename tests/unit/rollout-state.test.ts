import { expect } from "chai";
import { handover, isForgotten, podProblems, reasonsOf, serving, squeeze, verdictOf, versionName } from "../../components/serving/blueGreen/state.mjs";

const deployment = { metadata: { generation: 4 }, spec: { replicas: 0 } };
const base = { observedGeneration: "7", workloadObservedGeneration: "4", currentPodHash: "new", stableRS: "old", phase: "Progressing" };
const rollout = (status: object = {}, spec: object = {}) => ({ metadata: { generation: 7 }, spec: { replicas: 3, ...spec }, status: { ...base, ...status } });
const set = (hash: string, revision: number, status: object = {}) => ({
  metadata: { labels: { "rollouts-pod-template-hash": hash }, annotations: { "rollout.argoproj.io/revision": String(revision) } },
  spec: { replicas: 3 },
  status: { readyReplicas: 3, availableReplicas: 3, ...status },
});

describe("where a rollout stands", () => {
  for (const [what, given, state, text] of [
    ["serves when healthy, and the version is the stable one", rollout({ phase: "Healthy", stableRS: "new" }), "serves", /serves/],
    ["waits while healthy is said of the version before", rollout({ phase: "Healthy" }), "wait", /starts/],
    ["awaits promotion when it paused after its analysis", rollout({ phase: "Paused", pauseConditions: [{ reason: "BlueGreenPause" }] }), "awaits", /promoted/],
    [
      "is undecided when its analysis was, whatever else it waits for",
      rollout({ phase: "Paused", pauseConditions: [{ reason: "BlueGreenPause" }, { reason: "InconclusiveAnalysisRun" }] }),
      "undecided",
      /measured/,
    ],
    ["is held when somebody paused it", rollout({ phase: "Paused" }, { paused: true }), "held", /paused/],
    ["waits when somebody has just let it go on", rollout({ phase: "Paused", controllerPause: true }), "wait", /goes on/],
    [
      "is given up when aborted, with the controller's words",
      rollout({ abort: true, phase: "Degraded", message: "RolloutAborted: x" }),
      "given-up",
      /RolloutAborted: x/,
    ],
    ["is given up when degraded", rollout({ phase: "Degraded", message: "ProgressDeadlineExceeded" }), "given-up", /ProgressDeadlineExceeded/],
    ["waits for a spec that is seen", { ...rollout({ phase: "Healthy", stableRS: "new" }), metadata: { generation: 8 } }, "wait", /waits for the controller/],
    ["waits for a template that is seen", rollout({ phase: "Healthy", stableRS: "new", workloadObservedGeneration: "3" }), "wait", /waits for the controller/],
    [
      "does not take an abort of the version before for one of this",
      rollout({ abort: true, workloadObservedGeneration: "3" }),
      "wait",
      /waits for the controller/,
    ],
    [
      "waits while its spec is refused: what it names may come",
      rollout({ conditions: [{ type: "InvalidSpec", status: "True", message: "no such Service" }] }),
      "wait",
      /not accepted: no such Service/,
    ],
    ["waits for itself", undefined, "wait", /waits for/],
  ] as const) {
    it(what, () => {
      const verdict = verdictOf(given, deployment);
      expect(verdict.state).to.equal(state);
      expect(verdict.text).to.match(text);
    });
  }

  it("is forgotten when its deadline is over by more than the controller's own delay, and the controller still waits", () => {
    const updated = Date.parse("2026-02-03T04:00:00Z");
    const progressing = { type: "Progressing", status: "True", reason: "ReplicaSetUpdated", lastUpdateTime: new Date(updated).toISOString() };
    const spec = { progressDeadlineAbort: true, progressDeadlineSeconds: 60 };
    const late = (status: object = {}, own: object = {}) =>
      isForgotten(rollout({ conditions: [progressing], ...status }, { ...spec, ...own }), updated + 81_000);
    expect(late()).to.equal(true);
    expect(isForgotten(rollout({ conditions: [progressing] }, spec), updated + 79_000)).to.equal(false);
    expect(late({ abort: true })).to.equal(false);
    expect(late({ stableRS: "new" })).to.equal(false);
    expect(late({ pauseConditions: [{ reason: "BlueGreenPause" }] })).to.equal(false);
    expect(late({ controllerPause: true })).to.equal(false);
    expect(late({}, { progressDeadlineAbort: false })).to.equal(false);
    for (const change of [{ reason: "NewReplicaSetAvailable" }, { reason: "RolloutPaused" }, { status: "False" }])
      expect(late({ conditions: [{ ...progressing, ...change }] }), JSON.stringify(change)).to.equal(false);
    expect(isForgotten(undefined, updated)).to.equal(false);
  });

  it("waits without its Deployment", () => {
    expect(verdictOf(rollout(), undefined).state).to.equal("wait");
  });
});

describe("what people read of a rollout", () => {
  const sets = [set("old", 2), set("new", 3)];

  it("names versions by revision and hash", () => {
    expect(versionName(sets, "new")).to.equal("revision 3 (new)");
    expect(versionName(sets, "gone")).to.equal("version gone");
    expect(versionName(sets, undefined)).to.equal(undefined);
  });

  it("says what users are served by", () => {
    expect(serving(rollout({ blueGreen: { activeSelector: "old" } }), [set("old", 2, { readyReplicas: 2 })])).to.equal("revision 2 (old), 2 of 3 pods ready");
    expect(serving(rollout({ stableRS: undefined }), [])).to.equal("no version yet");
  });

  it("names what an analysis measured, what was wanted, and how often", () => {
    const run = {
      spec: {
        metrics: [{ name: "error-ratio", count: 10, successCondition: "len(result) > 0 && !isNaN(result[0]) && !isInf(result[0]) && result[0] <= 0.05" }],
      },
      status: {
        metricResults: [
          {
            name: "error-ratio",
            phase: "Failed",
            failed: 3,
            count: 7,
            measurements: [{ value: "[0.01]" }, { value: "[0.2]" }, { value: "[0.3]" }, { value: "[0.4]" }],
          },
        ],
      },
    };
    expect(reasonsOf(run, () => undefined)).to.deep.equal(["error-ratio: measured 0.2, 0.3, 0.4; wanted <= 0.05 (3 failed of 10)"]);
  });

  it("gives a Job's last words, and Prometheus' error", () => {
    const run = {
      spec: {
        metrics: [
          { name: "answers", provider: { job: {} } },
          { name: "gpu", count: 5, successCondition: "result[0] >= 0.3" },
        ],
      },
      status: {
        metricResults: [
          { name: "answers", phase: "Failed", measurements: [{ metadata: { "job-name": "a.answers.1" } }] },
          { name: "gpu", phase: "Error", error: 13, measurements: [{ message: "connection refused" }] },
          { name: "first-token", phase: "Successful" },
        ],
      },
    };
    expect(reasonsOf(run, (job) => (job === "a.answers.1" ? "answered wrong" : undefined))).to.deep.equal([
      "answers: answered wrong",
      "gpu: measured nothing; wanted >= 0.3 (13 error of 5): connection refused",
    ]);
  });

  it("says what keeps pods from being ready: no place, no image, a container that ends", () => {
    const pod = (name: string, status: object) => ({ metadata: { name }, status });
    expect(
      podProblems([
        pod("a", { conditions: [{ type: "PodScheduled", status: "False", reason: "Unschedulable", message: "Insufficient nvidia.com/gpu" }] }),
        pod("b", { initContainerStatuses: [{ name: "verify", ready: false, state: { waiting: { reason: "CrashLoopBackOff" } }, restartCount: 3 }] }),
        pod("c", { containerStatuses: [{ name: "ollama", ready: false, state: { running: {} } }] }),
        pod("d", { containerStatuses: [{ name: "ollama", ready: true, state: { running: {} } }] }),
      ]),
    ).to.deep.equal(["pod a: Insufficient nvidia.com/gpu", "pod b, container verify: CrashLoopBackOff: 3 restarts", "pod c, container ollama: not ready"]);
  });
});

describe("taking over from a Deployment with pods", () => {
  const has = (replicas: number) => ({ ...deployment, spec: { replicas } });

  it("leaves it as many as the Rollout lacks, none when that is healthy, and never more than it has", () => {
    expect(handover(rollout({ readyReplicas: 0 }), has(3))).to.equal(undefined);
    expect(handover(rollout({ readyReplicas: 1 }), has(3))).to.equal(2);
    expect(handover(rollout({ phase: "Healthy" }), has(3))).to.equal(0);
    expect(handover(rollout({ readyReplicas: 0 }), has(0))).to.equal(undefined);
    expect(handover(rollout({ phase: "Healthy" }), has(0))).to.equal(undefined);
  });
});

describe("a switch without room for twice the pods", () => {
  const switching = rollout({ blueGreen: { scaleUpPreviewCheckPoint: true, activeSelector: "old" } });
  const refused = { conditions: [{ type: "ReplicaFailure", status: "True" }] };
  const ready = { status: { conditions: [{ type: "PodScheduled", status: "True" }] } };
  const homeless = { status: { conditions: [{ type: "PodScheduled", status: "False", reason: "Unschedulable" }] } };
  const sets = (available: number, status: object = {}) => [set("old", 1), set("new", 2, { availableReplicas: available, ...status })];

  it("goes down to half of what has room, when the quota refuses more", () => {
    expect(squeeze(switching, sets(2, refused), [ready, ready])).to.equal(2);
    expect(squeeze(switching, sets(1, refused), [ready])).to.equal(2);
  });

  it("does the same where no node has room", () => {
    expect(squeeze(switching, sets(1), [ready, homeless, homeless])).to.equal(2);
  });

  it("waits for pods that start", () => {
    expect(squeeze(switching, sets(1, refused), [ready, ready])).to.equal(undefined);
    expect(squeeze(switching, sets(2), [ready, ready])).to.equal(undefined);
  });

  it("does nothing before the version has passed, after the switch, and when it was given up", () => {
    const pods = [ready, homeless];
    expect(squeeze(rollout({ blueGreen: { activeSelector: "old" } }), sets(1, refused), pods)).to.equal(undefined);
    expect(squeeze(rollout({ blueGreen: { scaleUpPreviewCheckPoint: true, activeSelector: "new" } }), sets(1, refused), pods)).to.equal(undefined);
    expect(squeeze(rollout({ abort: true, blueGreen: { scaleUpPreviewCheckPoint: true } }), sets(1, refused), pods)).to.equal(undefined);
  });

  it("keeps at least one, and never asks for more than there are", () => {
    expect(
      squeeze(
        rollout({ blueGreen: { scaleUpPreviewCheckPoint: true } }, { replicas: 1 }),
        [set("old", 1, { availableReplicas: 1 }), set("new", 2, { availableReplicas: 0, ...refused })],
        [],
      ),
    ).to.equal(undefined);
  });
});
