import { expect } from "chai";
import { holdAnnotation, poolAnnotation } from "../../../components/serving/poolAnnotations";
import type { JsonOperation } from "../../../cli/types";
import { tiny } from "../support/config";
import { aictl, changes, dev, generated, json, stackText, type Given } from "./support";
import { deployment, job, ns, paths, paused, plainSets, previewing, previewSets, quota, rollout, set, template, twoVersions } from "./pool";

const answering = { [paths.generate]: generated() };
const hold = { revision: "hasha", by: "alice", since: "2026-02-03T04:05:06Z", reason: "undone from revision 2" };
const operations = (body: unknown): readonly JsonOperation[] => body as readonly JsonOperation[];

/** The cluster of two versions that goes back when it is told to. */
function goesBack(change: Record<string, unknown> = {}): Given {
  const answers: Record<string, unknown> = { ...twoVersions, ...change };
  return {
    answers,
    proxied: answering,
    onPatch: () => {
      answers[paths.deployment] = deployment("a");
      answers[paths.sets] = [set(3, "a", { replicas: 2 }), set(2, "b")];
    },
  };
}

describe("aictl rollout status", () => {
  it("tells what serves, what is wanted and what comes next", async () => {
    const done = await aictl(dev("rollout", "status", "ollama"), { answers: previewing });
    expect(done.code).to.equal(0);
    expect(done.out)
      .to.match(/wanted: +revision 2 \(hashb\)/)
      .and.match(/state: +awaits/)
      .and.match(/served by: +revision 1 \(hasha\): 2 of 2 pods ready/);
    expect(done.out).to.contain("aictl rollout promote ollama, or aictl rollout abort ollama");
  });

  it("gives the same as JSON", async () => {
    const data = json<Record<string, unknown>>(await aictl(dev("-o", "json", "rollout", "status", "ollama"), { answers: twoVersions }));
    expect(data).to.deep.include({ pool: "ollama", namespace: ns, madeBy: "deployment", state: "serves", wanted: { revision: 2, hash: "hashb" } });
    expect(data.active).to.deep.equal([{ revision: 2, hash: "hashb", ready: 2 }]);
  });

  it("fails where a version was given up, and says what the analysis found", async () => {
    const run = {
      metadata: { name: "ollama-hashb-2-pre" },
      spec: { metrics: [{ name: "first-token", count: 10, successCondition: "result[0] <= 2" }] },
      status: { phase: "Failed", metricResults: [{ name: "first-token", phase: "Failed", failed: 3, measurements: [{ value: "[4.2]" }] }] },
    };
    const status = {
      abort: true,
      phase: "Degraded",
      message: "RolloutAborted",
      blueGreen: { activeSelector: "hasha", prePromotionAnalysisRunStatus: { name: run.metadata.name, status: "Failed" } },
    };
    const answers = { ...previewing, [paths.rollout]: rollout("b", "a", status), [`${paths.runs}/${run.metadata.name}`]: run };
    const done = await aictl(dev("rollout", "status", "ollama"), { answers });
    expect(done.code).to.equal(1);
    expect(done.out).to.contain("first-token: measured 4.2; wanted <= 2").and.contain("aictl rollout undo ollama");
  });

  it("has what the Job of an analysis said last", async () => {
    const name = "ollama-hashb-2-pre";
    const run = {
      metadata: { name },
      spec: { metrics: [{ name: "answers", provider: { job: {} } }] },
      status: { metricResults: [{ name: "answers", phase: "Failed", measurements: [{ metadata: { "job-name": "job-1" } }] }] },
    };
    const status = { abort: true, blueGreen: { activeSelector: "hasha", prePromotionAnalysisRunStatus: { name, status: "Failed" } } };
    const pods = `/api/v1/namespaces/${ns}/pods?labelSelector=${encodeURIComponent("batch.kubernetes.io/job-name=job-1")}`;
    const pod = {
      metadata: { name: "p" },
      spec: { containers: [] },
      status: { phase: "Failed", containerStatuses: [{ name: "analyze", state: { terminated: { message: "answered xx, wanted yy" } } }] },
    };
    const answers = { ...previewing, [paths.rollout]: rollout("b", "a", status), [`${paths.runs}/${name}`]: run, [pods]: [pod] };
    const done = await aictl(dev("rollout", "status", "ollama"), { answers });
    expect(done.out).to.contain(`${name}: answers: answered xx, wanted yy`);
  });

  it("waits with --wait until it serves, and ends with 4 where that takes too long", async () => {
    let looks = 0;
    const answers = { ...twoVersions, [paths.deployment]: () => deployment("b", { settled: ++looks > 2 }) };
    const done = await aictl(dev("rollout", "status", "ollama", "--wait"), { answers });
    expect(done.code, done.notes).to.equal(0);
    expect(looks).to.equal(3);
    expect(done.notes).to.contain("waits for the cluster to see it");
    const late = await aictl(dev("--timeout", "10s", "rollout", "status", "ollama", "--wait"), {
      answers: { ...twoVersions, [paths.deployment]: deployment("b", { settled: false }) },
    });
    expect(late.code).to.equal(4);
    expect(late.notes).to.contain("not within 10 s; last: waits for the cluster to see it");
  });

  it("lists the pools where there is none of that name", async () => {
    const done = await aictl(dev("rollout", "status", "olama"), { answers: { [paths.deployments]: [deployment("a")] } });
    expect(done.code).to.equal(2);
    expect(done.notes).to.contain("there is no pool olama").and.contain("fix: one of ollama");
  });
});

describe("aictl rollout history", () => {
  it("has the versions, newest first, with what is known of each", async () => {
    const run = { metadata: { name: "pre", labels: { "rollouts-pod-template-hash": "hashb" } }, status: { phase: "Successful" } };
    const data = json<{ versions: Record<string, unknown>[] }>(
      await aictl(dev("-o", "json", "rollout", "history", "ollama"), { answers: { ...previewing, [paths.runs]: [run] } }),
    );
    expect(data.versions.map(({ revision, state }) => [revision, state])).to.deep.equal([
      [2, "preview"],
      [1, "serves"],
    ]);
    expect(data.versions[0]).to.deep.include({ models: [tiny], images: ["ollama:b"], analysis: [{ name: "pre", phase: "Successful" }], configuration: false });
  });

  it("leaves out ReplicaSets of others, and marks what is held", async () => {
    const stranger = { ...set(9, "z"), metadata: { ...set(9, "z").metadata, ownerReferences: [] } };
    const answers = {
      ...twoVersions,
      [paths.sets]: [...plainSets, stranger],
      [paths.deployment]: deployment("b", { hold: { ...hold, revision: "hashb" } }),
    };
    const done = await aictl(dev("rollout", "history", "ollama"), { answers });
    expect(done.out)
      .to.match(/2 +hashb +serves, held +60 m/)
      .and.match(/1 +hasha/);
    expect(done.out).to.not.contain("hashz");
  });
});

describe("aictl rollout promote", () => {
  const settled = (line: readonly string[], before: object = previewing) => {
    const answers: Record<string, unknown> = { ...before };
    return aictl(line, { answers, proxied: answering, onPatch: () => (answers[paths.rollout] = rollout("b", "b")) });
  };

  it("ends the pause after the analysis, waits for the switch and asks the models", async () => {
    const done = await settled(dev("rollout", "promote", "ollama"));
    expect(done.code, done.notes).to.equal(0);
    expect(changes(done)).to.deep.equal([{ verb: "patch", path: paths.rolloutStatus, body: { status: { pauseConditions: null } }, dryRun: false }]);
    expect(done.calls.filter(({ verb }) => verb === "post").map(({ path }) => path)).to.deep.equal([paths.generate]);
    expect(done.out).to.contain("served by revision 2 (hashb)");
  });

  it("goes on where somebody paused it by hand", async () => {
    const done = await settled(dev("rollout", "promote", "ollama"), { ...previewing, [paths.rollout]: rollout("b", "a", {}, { paused: true }) });
    expect(changes(done).map(({ path, body }) => [path, body])).to.deep.equal([[paths.rollout, { spec: { paused: false } }]]);
  });

  it("skips the analysis with --full only", async () => {
    const running = { ...previewing, [paths.rollout]: rollout("b", "a", { message: "waiting for analysis" }) };
    const early = await settled(dev("rollout", "promote", "ollama"), running);
    expect(early.code).to.equal(3);
    expect(early.notes).to.contain("not ready to be promoted: waiting for analysis");
    expect(changes(early)).to.deep.equal([]);
    const full = await settled(dev("rollout", "promote", "ollama", "--full"), running);
    expect(changes(full).map(({ body }) => body)).to.deep.equal([{ status: { promoteFull: true } }]);
  });

  it("refuses where nothing waits, and where there is no Rollout", async () => {
    const none = await aictl(dev("rollout", "promote", "ollama"), { answers: { ...previewing, [paths.rollout]: rollout("b", "b") } });
    expect(none.code).to.equal(3);
    expect(none.notes).to.contain("nothing waits to be promoted");
    const plain = await aictl(dev("rollout", "promote", "ollama"), { answers: twoVersions });
    expect(plain.code).to.equal(3);
    expect(plain.notes).to.contain("has no Rollout");
  });

  it("makes room where the quota has none for as many new pods as there are old ones, and gives it back", async () => {
    const full = {
      ...set(2, "b", { replicas: 2, owner: "rollout" }),
      status: { replicas: 2, availableReplicas: 2, conditions: [{ type: "ReplicaFailure", status: "True" }] },
    };
    const at = (replicas: number) => rollout("b", "a", { promoteFull: true }, { replicas });
    const answers: Record<string, unknown> = {
      ...previewing,
      [paths.rollout]: rollout("b", "a", {}, { replicas: 6 }),
      [paths.sets]: [full, set(1, "a", { replicas: 6, owner: "rollout" })],
    };
    const done = await aictl(dev("rollout", "promote", "ollama", "--full"), {
      answers,
      proxied: answering,
      onPatch: (path, { body }) => {
        const { replicas } = (body as { spec?: { replicas?: number } }).spec ?? {};
        answers[paths.rollout] = path === paths.rolloutStatus ? at(6) : rollout("b", "b", {}, { replicas });
      },
    });
    expect(done.code, done.notes).to.equal(0);
    expect(changes(done).map(({ body }) => body)).to.deep.equal([{ status: { promoteFull: true } }, { spec: { replicas: 4 } }, { spec: { replicas: 6 } }]);
    expect(done.notes).to.contain("no room for 6 new pods beside the old ones: 4 of each until the switch");
  });

  it("fails where a model does not answer afterwards", async () => {
    const answers: Record<string, unknown> = { ...previewing };
    const done = await aictl(dev("rollout", "promote", "ollama"), { answers, onPatch: () => (answers[paths.rollout] = rollout("b", "b")) });
    expect(done.code).to.equal(1);
    expect(done.notes).to.contain(`model ${tiny} does not answer through Service ${ns}/ollama: no endpoints available (503)`);
  });
});

describe("aictl rollout abort", () => {
  it("gives the new version up, and waits until the old one serves alone", async () => {
    const answers: Record<string, unknown> = { ...previewing };
    const done = await aictl(dev("rollout", "abort", "ollama"), {
      answers,
      onPatch: () => (answers[paths.rollout] = rollout("b", "a", { abort: true, phase: "Degraded" })),
    });
    expect(done.code, done.notes).to.equal(0);
    expect(changes(done)).to.deep.equal([{ verb: "patch", path: paths.rolloutStatus, body: { status: { abort: true } }, dryRun: false }]);
    expect(done.out).to.contain("served by revision 1 (hasha)").and.contain("run pulumi up");
  });

  it("refuses where nothing is on its way, and points to undo without Argo Rollouts", async () => {
    const done = await aictl(dev("rollout", "abort", "ollama"), { answers: { ...previewing, [paths.rollout]: rollout("b", "b") } });
    expect([done.code, changes(done).length]).to.deep.equal([3, 0]);
    expect((await aictl(dev("rollout", "abort", "ollama"), { answers: twoVersions })).notes).to.contain("aictl rollout undo ollama");
  });
});

describe("aictl rollout validate", () => {
  const validate = async (change: Record<string, unknown>, given: Given = {}) => {
    const done = await aictl(dev("-o", "json", "rollout", "validate", "ollama"), { ...given, answers: { ...twoVersions, ...change } });
    expect(changes(done)).to.deep.equal([]);
    const { valid, checks } = json<{ valid: boolean; checks: { check: string; ok: boolean; found: string }[] }>(done);
    return { code: done.code, valid, bad: checks.filter(({ ok }) => !ok).map(({ check, found }) => `${check}: ${found}`) };
  };

  it("is fine where models and quota are", async () => {
    expect(await validate({})).to.deep.equal({ code: 0, valid: true, bad: [] });
  });

  it("refuses a model whose loader did not end, or that was loaded anew under the same name", async () => {
    expect((await validate({ [paths.jobs]: [job(tiny, 0)] })).bad).to.deep.equal([`model ${tiny}: its Job load-tiny-0-1m-v1-0-random did not end well`]);
    expect((await validate({ [paths.jobs]: [job(tiny, 1, "load-other")] })).bad[0]).to.contain("another version under this name");
  });

  it("asks a running replica what the store has where the Job is gone", async () => {
    const tags = (names: readonly string[]) => ({
      proxied: { [paths.tags]: { status: 200, text: JSON.stringify({ models: names.map((name) => ({ name })) }) } },
    });
    expect((await validate({ [paths.jobs]: [] }, tags([tiny]))).valid).to.equal(true);
    expect((await validate({ [paths.jobs]: [] }, tags([]))).bad[0]).to.contain("no longer in the store");
    expect((await validate({ [paths.jobs]: [] })).bad[0]).to.contain("no replica could be asked");
  });

  it("refuses what the quota has no room for", async () => {
    expect((await validate({ [paths.quotas]: [quota("8")] })).bad).to.deep.equal([
      "quota platform: no room for 1 more: requests.nvidia.com/gpu: 1 needed, 0 left of 8",
    ]);
  });

  it("counts the preview that goes as room for the one that comes", async () => {
    // One preview pod of `b` is there; that of `a` would take its place: `a` has two pods already.
    const done = await aictl(dev("rollout", "validate", "ollama"), { answers: { ...previewing, [paths.quotas]: [quota("8")] } });
    expect(done.code, done.out).to.equal(0);
  });

  it("names the revisions there are", async () => {
    const done = await aictl(dev("rollout", "validate", "ollama", "--to-revision", "7"), { answers: twoVersions });
    expect(done.code).to.equal(2);
    expect(done.notes).to.contain("revision 2 (hashb); revision 1 (hasha)");
    expect((await aictl(dev("rollout", "validate", "ollama"), { answers: { ...twoVersions, [paths.sets]: [set(2, "b", { replicas: 2 })] } })).notes).to.contain(
      "no earlier version",
    );
  });
});

describe("aictl rollout undo", () => {
  it("patches the template as one, writes the hold, waits, and asks every model", async () => {
    const done = await aictl(dev("rollout", "undo", "ollama"), goesBack());
    expect(done.code, done.notes).to.equal(0);
    const [patch, write, ...rest] = changes(done);
    expect(rest).to.deep.equal([]);
    expect(patch).to.include({ path: paths.deployment, dryRun: false });
    expect(operations(patch?.body)).to.deep.equal([
      { op: "test", path: "/metadata/resourceVersion", value: "77" },
      { op: "replace", path: "/spec/template", value: template("a") },
      { op: "add", path: `/metadata/annotations/${holdAnnotation.replace("/", "~1")}`, value: JSON.stringify(hold) },
      { op: "add", path: "/metadata/annotations/argocd.argoproj.io~1hook", value: "Skip" },
    ]);
    expect(write).to.deep.equal({ verb: "write", path: "Pulumi.dev.yaml" });
    const text = done.files.get("Pulumi.dev.yaml") ?? "";
    expect(text).to.contain("# how this stack is").and.contain("revision: hasha").and.contain("by: alice");
    expect(done.notes).to.contain("pool ollama: revision 2 (hashb) → revision 1 (hasha)").and.contain("+          reason: undone from revision 2");
    expect(done.out).to.contain(`${tiny} answers`).and.contain("Pulumi.dev.yaml was written: commit it");
  });

  it("changes nothing in a dry run, but has the server check the patch", async () => {
    const done = await aictl(dev("--dry-run", "rollout", "undo", "ollama"), { answers: twoVersions });
    expect(done.code, done.notes).to.equal(0);
    expect(changes(done).map(({ verb, dryRun }) => [verb, dryRun])).to.deep.equal([["patch", true]]);
  });

  it("refuses a target that can't be gone back to, unless it is forced", async () => {
    const full = { [paths.quotas]: [quota("8")] };
    const done = await aictl(dev("rollout", "undo", "ollama"), goesBack(full));
    expect(done.code).to.equal(3);
    expect(done.notes).to.contain("can't be gone back to").and.contain("requests.nvidia.com/gpu: 1 needed, 0 left");
    expect(changes(done)).to.deep.equal([]);
    expect((await aictl(dev("rollout", "undo", "ollama", "--force"), goesBack(full))).code).to.equal(0);
  });

  it("writes nothing with --no-config, and says what that means", async () => {
    const done = await aictl(dev("rollout", "undo", "ollama", "--no-config"), goesBack());
    expect(done.code, done.notes).to.equal(0);
    expect(changes(done).map(({ verb }) => verb)).to.deep.equal(["patch"]);
    expect(operations(changes(done)[0]?.body).map(({ path }) => path)).to.deep.equal(["/metadata/resourceVersion", "/spec/template"]);
    expect(done.out).to.contain("the next pulumi up undoes this");
  });

  it("needs a stack to write into", async () => {
    const done = await aictl(["--context", "x", "-n", ns, "rollout", "undo", "ollama"], goesBack());
    expect(done.code).to.equal(2);
    expect(done.notes).to.contain("--no-config");
    expect(changes(done)).to.deep.equal([]);
  });

  it("writes that version's own configuration back with --config restore", async () => {
    const old = { pool: { name: "ollama", models: [tiny], replicas: 9, parallel: 2, contextLength: 512 }, models: [] };
    const done = await aictl(
      dev("rollout", "undo", "ollama", "--config", "restore"),
      goesBack({ [paths.sets]: [set(2, "b", { replicas: 2 }), set(1, "a", { made: old })] }),
    );
    expect(done.code, done.notes).to.equal(0);
    const text = done.files.get("Pulumi.dev.yaml") ?? "";
    expect(text).to.contain("parallel: 2").and.contain("contextLength: 512").and.contain("replicas: 2");
    expect(text).to.not.contain("hold:");
    expect(operations(changes(done)[0]?.body).find(({ path }) => path.includes("~1pool"))?.value).to.equal(JSON.stringify(old));
    expect(poolAnnotation).to.equal("openshift-ai-platform/pool");
    const unknown = await aictl(dev("rollout", "undo", "ollama", "--config", "restore"), goesBack());
    expect(unknown.code).to.equal(3);
    expect(unknown.notes).to.contain("nobody wrote down");
  });

  it("commits on a branch of its own, and refuses a file with other changes before it touches anything", async () => {
    const line = dev("rollout", "undo", "ollama", "--commit", "--reason", "answers got worse");
    const done = await aictl(line, goesBack());
    expect(done.code, done.notes).to.equal(0);
    expect(done.calls.filter(({ verb }) => verb === "git").map(({ path }) => path)).to.deep.equal([
      "status --porcelain -- Pulumi.dev.yaml",
      "status --porcelain -- Pulumi.dev.yaml",
      "switch --create aictl/undo-ollama-hasha",
      "commit --quiet --only --message ollama: back to revision 1 (hasha)\n\nanswers got worse -- Pulumi.dev.yaml",
    ]);
    const dirty = await aictl(line, { ...goesBack(), git: () => ({ code: 0, stdout: " M Pulumi.dev.yaml\n", stderr: "" }) });
    expect(dirty.code).to.equal(3);
    expect(changes(dirty).filter(({ verb }) => verb !== "git")).to.deep.equal([]);
  });

  it("asks no model where nodes are simulated, as the configuration says", async () => {
    const done = await aictl(dev("rollout", "undo", "ollama"), { ...goesBack(), files: { "Pulumi.dev.yaml": stackText({ smokeCheck: false }) } });
    expect(done.code, done.notes).to.equal(0);
    expect(done.calls.filter(({ verb }) => verb === "post")).to.deep.equal([]);
    expect(done.notes).to.contain("smokeCheck is false");
  });

  it("is refused where it is there already", async () => {
    const done = await aictl(dev("rollout", "undo", "ollama", "--to-revision", "2"), goesBack());
    expect([done.code, changes(done).length]).to.deep.equal([2, 0]);
  });

  it("goes to the version that serves where another one was given up", async () => {
    const answers: Record<string, unknown> = {
      ...previewing,
      [paths.deployment]: deployment("c", { replicas: 0 }),
      [paths.rollout]: rollout("c", "a", { abort: true, phase: "Degraded" }),
      [paths.sets]: [set(3, "c", { owner: "rollout" }), set(2, "b", { owner: "rollout" }), set(1, "a", { replicas: 2, owner: "rollout" })],
    };
    const done = await aictl(dev("rollout", "undo", "ollama"), {
      answers,
      proxied: answering,
      onPatch: () => {
        answers[paths.deployment] = deployment("a", { replicas: 0 });
        answers[paths.rollout] = rollout("a", "a");
      },
    });
    expect(done.code, done.notes).to.equal(0);
    expect(done.out).to.contain("serves revision 1 (hasha)");
    // What serves already needs no promotion.
    expect(changes(done).map(({ path }) => path)).to.deep.equal([paths.deployment, "Pulumi.dev.yaml"]);
  });

  describe("without a number", () => {
    const measured = { strategy: { blueGreen: { previewReplicaCount: 1, prePromotionAnalysis: {} } } };
    const analysis = (image: string, phase: string, created: string, kind = "pre") => ({
      metadata: { name: `ollama-hash${image}-${kind}`, creationTimestamp: created, labels: { "rollouts-pod-template-hash": `hash${image}` } },
      status: { phase },
    });
    const versions = ["a", "b", "c", "d", "e"].map((image, i) => set(i + 1, image, { owner: "rollout", replicas: image === "e" ? 2 : 0 })).reverse();
    const undo = (runs: readonly object[], sets: readonly object[] = versions) =>
      aictl(dev("--dry-run", "rollout", "undo", "ollama"), {
        answers: {
          ...previewing,
          [paths.deployment]: deployment("e", { replicas: 0 }),
          [paths.rollout]: rollout("e", "e", {}, measured),
          [paths.sets]: sets,
          [paths.runs]: runs,
        },
      });

    it("passes over versions that were given up, before or after the switch, or never ready, and names them", async () => {
      const done = await undo([
        analysis("b", "Successful", "2026-02-03T03:00:00Z"),
        analysis("c", "Successful", "2026-02-03T04:00:00Z"),
        analysis("c", "Failed", "2026-02-03T04:10:00Z", "post"),
      ]);
      expect(done.code, done.notes).to.equal(0);
      expect(done.notes)
        .to.contain("revision 5 (hashe) → revision 2 (hashb)")
        .and.contain("passed over: revision 4 (hashd), which never served (was never ready to be measured)")
        .and.contain("passed over: revision 3 (hashc), which never served (ollama-hashc-post: Failed)");
    });

    it("takes one that was measured anew after it could not be", async () => {
      const runs = [analysis("d", "Error", "2026-02-03T04:00:00Z"), analysis("d", "Successful", "2026-02-03T04:10:00Z")];
      expect((await undo(runs)).notes).to.contain("→ revision 4 (hashd)");
    });

    it("takes the first version, which was measured by nobody", async () => {
      expect((await undo([])).notes).to.contain("→ revision 1 (hasha)");
    });

    it("is refused where none of those that are kept served", async () => {
      const done = await undo([analysis("d", "Failed", "2026-02-03T04:00:00Z")], versions.slice(0, 2));
      expect(done.code).to.equal(2);
      expect(done.notes).to.contain("no earlier version that served").and.contain("revision 4 (hashd), which never served (ollama-hashd-pre: Failed)");
      expect(done.notes).to.contain("name a version by --to-revision");
    });
  });

  it("takes an older version to users at once, or measures it again with --with-analysis", async () => {
    const run = async (...more: readonly string[]) => {
      const answers: Record<string, unknown> = { ...previewing, [paths.deployment]: deployment("b", { replicas: 0 }), [paths.rollout]: rollout("b", "b") };
      const done = await aictl(dev("rollout", "undo", "ollama", ...more), {
        answers,
        proxied: answering,
        onPatch: (path) => {
          answers[paths.deployment] = deployment("a", { replicas: 0 });
          answers[paths.rollout] = path === paths.deployment ? rollout("a", "b", more.length > 0 ? paused : {}) : rollout("a", "a");
        },
      });
      expect(done.code, done.notes).to.equal(0);
      return changes(done)
        .filter(({ path }) => path === paths.rolloutStatus)
        .map(({ body }) => body);
    };
    expect(await run()).to.deep.equal([{ status: { promoteFull: true } }]);
    expect(await run("--with-analysis")).to.deep.equal([{ status: { pauseConditions: null } }]);
  });

  it("finds what a version was made from in the ReplicaSet that the Deployment keeps beside the Rollout's", async () => {
    const made = { pool: { name: "ollama", models: [tiny] }, models: [] };
    const sets = [...previewSets, { ...set(1, "a", { made }), metadata: { ...set(1, "a", { made }).metadata, name: "empty" } }];
    const data = json<{ versions: { hash: string; configuration: boolean }[] }>(
      await aictl(dev("-o", "json", "rollout", "history", "ollama"), { answers: { ...previewing, [paths.sets]: sets } }),
    );
    expect(data.versions.map(({ hash, configuration }) => [hash, configuration])).to.deep.equal([
      ["hashb", false],
      ["hasha", true],
    ]);
  });
});

describe("aictl hold release", () => {
  const held = { "Pulumi.dev.yaml": stackText({ serving: { pools: [{ name: "ollama", models: [tiny], hold }] } }) };

  it("takes the hold out of the file, and asks no cluster", async () => {
    const done = await aictl(dev("hold", "release", "ollama"), { files: held });
    expect(done.code, done.notes).to.equal(0);
    expect(done.files.get("Pulumi.dev.yaml")).to.not.contain("hold");
    expect(done.notes).to.contain("-        hold:");
    expect(done.connected).to.deep.equal([]);
  });

  it("says so where there is none", async () => {
    const done = await aictl(dev("hold", "release", "ollama"));
    expect([done.code, changes(done).length]).to.deep.equal([0, 0]);
    expect(done.out).to.contain("under no hold");
    expect((await aictl(dev("hold", "release", "other"))).code).to.equal(2);
  });
});
