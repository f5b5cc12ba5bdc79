// Waits for the end of a rollout and says how it went; run by @pulumi/command in `up`. Node's own modules and kubectl only.
// kubectl, because a kubeconfig may hold certificates, a token or a program that gets one.
import { spawn } from "node:child_process";
import { handover, hashLabel, isForgotten, podProblems, reasonsOf, serving, squeeze, verdictOf, versionName } from "./state.mjs";

const { WATCH_KUBECTL = "kubectl", WATCH_CONTEXT = "", WATCH_KUBECONFIG, WATCH_NAMESPACE = "", WATCH_ROLLOUT = "", WATCH_REPLICAS } = process.env;
const seconds = Number(process.env.WATCH_SECONDS ?? 1800);
/** How long the controller may leave a change unseen, or a spec unaccepted: it looks again at what it refused every 20 s. Milliseconds. */
const patience = Number(process.env.WATCH_PATIENCE_MS ?? 90_000);
const pause = Number(process.env.WATCH_PAUSE_MS ?? 2000);
const replicas = WATCH_REPLICAS === undefined ? undefined : Number(WATCH_REPLICAS);
const at = ["--context", WATCH_CONTEXT, ...(WATCH_KUBECONFIG ? ["--kubeconfig", WATCH_KUBECONFIG] : []), "-n", WATCH_NAMESPACE];

/** @param {readonly string[]} args @returns {Promise<{ code: number | null, out: string, error: string }>} */
function kubectl(...args) {
  return new Promise((resolve, reject) => {
    const child = spawn(WATCH_KUBECTL, [...at, ...args], { stdio: ["ignore", "pipe", "pipe"], timeout: 30_000 });
    let out = "";
    let error = "";
    child.stdout.setEncoding("utf8").on("data", (text) => (out += text));
    child.stderr.setEncoding("utf8").on("data", (text) => (error += text));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, out, error }));
  });
}

/** @param {readonly string[]} args @returns {Promise<import("./state.mjs").KubeObject[]>} what there is of it; none where the API server does not answer now */
async function list(...args) {
  const { code, out } = await kubectl("get", "--ignore-not-found", "-o", "json", ...args);
  if (code !== 0 || out.trim() === "") return [];
  const object = JSON.parse(out);
  return object.kind === "List" ? object.items : [object];
}

/** @param {string} message @param {string} fix */
function fail(message, fix) {
  process.stderr.write(`rollout: ${message}\nfix: ${fix}\n`);
  process.exit(1);
}

const say = (/** @type {string} */ text) => process.stdout.write(`${text}\n`);

/** What the analyses of the newest version found. */
async function findings(/** @type {import("./state.mjs").KubeObject} */ rollout) {
  const { prePromotionAnalysisRunStatus: before, postPromotionAnalysisRunStatus: after } = rollout.status.blueGreen ?? {};
  const lines = [];
  for (const { name } of [before, after].filter(Boolean)) {
    for (const run of await list("analysisruns.argoproj.io", name)) {
      /** @type {Map<string, string>} */
      const messages = new Map();
      for (const result of run.status?.metricResults ?? []) {
        const job = result.measurements?.at(-1)?.metadata?.["job-name"];
        if (job) messages.set(job, lastWords(await list("pods", "-l", `batch.kubernetes.io/job-name=${job}`)));
      }
      lines.push(...reasonsOf(run, (job) => messages.get(job)).map((line) => `${name}: ${line}`));
    }
  }
  return lines;
}

/** What a Job's pods said when they ended. */
function lastWords(/** @type {readonly import("./state.mjs").KubeObject[]} */ pods) {
  const texts = pods.map(({ status }) => status?.containerStatuses?.[0]?.state?.terminated?.message?.trim()).filter(Boolean);
  return texts.at(-1) ?? "";
}

const labels = (/** @type {import("./state.mjs").KubeObject} */ rollout) =>
  Object.entries(rollout.spec.selector?.matchLabels ?? {})
    .map(([key, value]) => `${key}=${value}`)
    .join(",");

const ofVersion = async (/** @type {import("./state.mjs").KubeObject} */ rollout) =>
  list("pods", "-l", `${labels(rollout)},${hashLabel}=${rollout.status?.currentPodHash}`);

const start = Date.now();
let said = "";
let squeezed = false;
let stuckSince;
/** What kept the version's pods from being ready when they were last seen: those of one that is given up go. */
let problems = [];
for (;;) {
  const both = await list(`rollout.argoproj.io/${WATCH_ROLLOUT}`, `deployment.apps/${WATCH_ROLLOUT}`).catch((error) => {
    if (error.code === "ENOENT") fail(`${WATCH_KUBECTL}: no such program`, "install kubectl, or name it in openshift-ai-platform:cluster.kubectl");
    throw error;
  });
  const rollout = both.find(({ kind }) => kind === "Rollout");
  const deployment = both.find(({ kind }) => kind === "Deployment");
  const { state, text } = verdictOf(rollout, deployment);

  if (rollout && deployment) {
    const sets = await list("replicasets.apps", "-l", labels(rollout));
    const version = versionName(sets, rollout.status?.currentPodHash) ?? "the first version";
    const line = `${WATCH_ROLLOUT}: ${version}: ${text}`;
    if (line !== said && state === "wait") say((said = line));

    const left = handover(rollout, deployment);
    if (left !== undefined) {
      say(`${WATCH_ROLLOUT}: Rollout takes over from the Deployment, which keeps ${left} pods`);
      await kubectl("scale", `deployment.apps/${WATCH_ROLLOUT}`, `--replicas=${left}`);
    }
    const pods = await ofVersion(rollout);
    const staying = pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    if (staying.length > 0) problems = podProblems(staying);
    const fewer = squeeze(rollout, sets, pods);
    if (fewer !== undefined && replicas === undefined && !squeezed) {
      squeezed = true;
      say(`${WATCH_ROLLOUT}: no room for as many new pods as there are old ones: the switch waits until the load needs ${fewer} pods or fewer`);
    } else if (fewer !== undefined && replicas !== undefined) {
      squeezed = true;
      say(`${WATCH_ROLLOUT}: no room for ${rollout.spec.replicas} new pods beside the old ones: ${fewer} of each until the switch`);
      await kubectl("scale", `rollout.argoproj.io/${WATCH_ROLLOUT}`, `--replicas=${fewer}`);
    }
    const restore = replicas !== undefined && rollout.spec.replicas !== replicas && (state === "given-up" || state === "serves");
    if (restore) {
      say(`${WATCH_ROLLOUT}: back to ${replicas} pods`);
      await kubectl("scale", `rollout.argoproj.io/${WATCH_ROLLOUT}`, `--replicas=${replicas}`);
      if (state === "serves") continue;
    }

    if (state === "wait" && isForgotten(rollout, Date.now())) {
      say(`${WATCH_ROLLOUT}: ${version} is past its ${rollout.spec.progressDeadlineSeconds} s, and the controller leaves it there: it is given up now`);
      const abort = ["--subresource=status", "--type=merge", "-p", '{"status":{"abort":true}}'];
      const { code, error } = await kubectl("patch", `rollout.argoproj.io/${WATCH_ROLLOUT}`, ...abort);
      if (code !== 0) fail(`pool ${WATCH_ROLLOUT}: ${version} could not be given up: ${error.trim()}`, `aictl rollout abort ${WATCH_ROLLOUT}`);
    }

    const serves = serving(rollout, sets);
    if (state === "serves" && left === undefined) {
      say(`${WATCH_ROLLOUT}: ${serves}: serves`);
      break;
    }
    if (state === "awaits") {
      say(`${WATCH_ROLLOUT}: ${version} passed and is not promoted yet: users are still served by ${serves}`);
      say(`promote it: aictl rollout promote ${WATCH_ROLLOUT} (in this repository: make aictl ARGS="rollout promote ${WATCH_ROLLOUT}")`);
      say(`give it up: aictl rollout abort ${WATCH_ROLLOUT}`);
      break;
    }
    if (state === "held") {
      say(`${WATCH_ROLLOUT}: ${version} is paused by hand; users are served by ${serves}`);
      break;
    }
    if (state === "given-up" || state === "undecided") {
      const reasons = [...(await findings(rollout)), ...problems];
      fail(
        [
          `pool ${WATCH_ROLLOUT}: ${version} ${state === "undecided" ? "could not be measured" : "was given up"}: ${text}`,
          ...reasons.map((reason) => `  ${reason}`),
          `  users are served by ${serves}`,
        ].join("\n"),
        state === "undecided"
          ? `see to what could not be measured, then aictl rollout promote ${WATCH_ROLLOUT} measures again; aictl rollout abort ${WATCH_ROLLOUT} gives it up (docs/rollouts.md)`
          : `put right what the pool is made from and run up again; what serves goes on serving (docs/rollouts.md)`,
      );
    }
  }

  // A spec that is not accepted, or a change that nobody sees.
  const isStuck = /^(is not accepted|waits for)/.test(text);
  stuckSince = isStuck ? (stuckSince ?? Date.now()) : undefined;
  if (stuckSince !== undefined && Date.now() - stuckSince > patience) {
    fail(`pool ${WATCH_ROLLOUT}: ${text}`, "see that the controller of Argo Rollouts runs: kubectl get deployments -A -l app.kubernetes.io/name=argo-rollouts");
  }
  if (Date.now() - start > seconds * 1000) {
    fail(
      [`pool ${WATCH_ROLLOUT}: not at its end after ${seconds} s: ${text}`, ...problems.map((line) => `  ${line}`)].join("\n"),
      `aictl rollout status ${WATCH_ROLLOUT} shows what it waits for; what serves goes on serving`,
    );
  }
  await new Promise((resolve) => setTimeout(resolve, pause));
}
