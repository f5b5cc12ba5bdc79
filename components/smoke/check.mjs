// Asks each model of a Service for one token, through the API server's proxy; run by @pulumi/command after `up`. Node's own modules and kubectl only.
// kubectl, because a kubeconfig may hold certificates, a token or a program that gets one.
import { spawn } from "node:child_process";

const { SMOKE_KUBECTL = "kubectl", SMOKE_CONTEXT = "", SMOKE_KUBECONFIG, SMOKE_NAMESPACE = "", SMOKE_SERVICE = "", SMOKE_MODELS = "" } = process.env;
/** How long a model may take to answer, milliseconds; the Service may need a moment to know its pods. */
const patience = Number(process.env.SMOKE_PATIENCE_MS ?? 120_000);
const path = `/api/v1/namespaces/${SMOKE_NAMESPACE}/services/http:${SMOKE_SERVICE}:http/proxy/v1/completions`;

/** @param {string} model @returns {Promise<{ code: number | null, out: string, error: string }>} */
function ask(model) {
  const args = ["--context", SMOKE_CONTEXT, ...(SMOKE_KUBECONFIG ? ["--kubeconfig", SMOKE_KUBECONFIG] : []), "create", "--raw", path, "-f", "-"];
  return new Promise((resolve, reject) => {
    const child = spawn(SMOKE_KUBECTL, args, { stdio: ["pipe", "pipe", "pipe"], timeout: patience });
    let out = "";
    let error = "";
    child.stdout.setEncoding("utf8").on("data", (text) => (out += text));
    child.stderr.setEncoding("utf8").on("data", (text) => (error += text));
    child.stdin.on("error", () => undefined);
    child.stdin.end(JSON.stringify({ model, prompt: "Hello", max_tokens: 1 }));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, out, error }));
  });
}

/** @param {string} out @returns {number} tokens of the answer */
function tokens(out) {
  try {
    return JSON.parse(out).usage?.completion_tokens ?? 0;
  } catch {
    return 0;
  }
}

/** @param {string} message @param {string} fix */
function fail(message, fix) {
  process.stderr.write(`smoke check: ${message}\nfix: ${fix}\n`);
  process.exit(1);
}

const deadline = Date.now() + patience;
for (const model of SMOKE_MODELS.split(" ").filter(Boolean)) {
  for (;;) {
    let answer;
    try {
      answer = await ask(model);
    } catch (error) {
      if (error.code === "ENOENT") fail(`${SMOKE_KUBECTL}: no such program`, "install kubectl, or name it in openshift-ai-platform:cluster.kubectl");
      throw error;
    }
    if (answer.code === 0 && tokens(answer.out) > 0) break;
    if (Date.now() > deadline) {
      const reason = (answer.error || answer.out || "no answer").trim().slice(0, 500);
      fail(
        `model ${model} does not answer through the Service ${SMOKE_NAMESPACE}/${SMOKE_SERVICE}: ${reason}`,
        `kubectl --context ${SMOKE_CONTEXT} -n ${SMOKE_NAMESPACE} get pods,events shows what is wrong`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 2000));
  }
  process.stdout.write(`${model} answers\n`);
}
