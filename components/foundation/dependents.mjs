// Asks the cluster who else needs what this stack owns for all; run by @pulumi/command before the stack is destroyed. Node's own modules and kubectl only.
// Another stack counts while it has pods that are not over, and so does anybody with such pods of our priority classes. Namespaces that destroyed stacks
// left behind have none: they do not count.
import { spawn } from "node:child_process";

const { DEPENDENTS_KUBECTL = "kubectl", DEPENDENTS_CONTEXT = "", DEPENDENTS_KUBECONFIG, DEPENDENTS_OWNER = "" } = process.env;
const ownerLabel = "openshift-ai-platform/owner";
const classes = ["ai-serving", "ai-interactive", "ai-batch"];

/** @param {readonly string[]} question @returns {Promise<string>} */
function kubectl(question) {
  const args = [
    "--context",
    DEPENDENTS_CONTEXT,
    ...(DEPENDENTS_KUBECONFIG ? ["--kubeconfig", DEPENDENTS_KUBECONFIG] : []),
    "--request-timeout=30s",
    ...question,
  ];
  return new Promise((resolve, reject) => {
    const child = spawn(DEPENDENTS_KUBECTL, args, { stdio: ["ignore", "pipe", "pipe"], timeout: 90_000 });
    let out = "";
    let error = "";
    child.stdout.setEncoding("utf8").on("data", (text) => (out += text));
    child.stderr.setEncoding("utf8").on("data", (text) => (error += text));
    child.on("error", reject);
    child.on("close", (code) => (code === 0 ? resolve(out) : reject(new Error(error.trim().slice(0, 500) || `kubectl ended with ${code}`))));
  });
}

/** Rows of a table without heads; a field that is not there is `<none>`. @param {string} text */
const rows = (text) => text.split("\n").map((line) => line.trim().split(/\s+/)).filter(([first]) => first); // prettier-ignore

/** @param {string} message @param {string} fix @returns {never} */
function fail(message, fix) {
  process.stderr.write(`${message}\nfix: ${fix}\n`);
  process.exit(1);
}

/** @returns {Promise<{ owners: string[][], pods: string[][] }>} */
async function ask() {
  const columns = ["-o", "custom-columns=NAME:.metadata.name,OWNER:.metadata.labels.openshift-ai-platform/owner", "--no-headers"];
  const [namespaces, pods] = await Promise.all([
    kubectl(["get", "namespaces", "-l", `app.kubernetes.io/part-of=openshift-ai-platform,${ownerLabel}`, ...columns]),
    kubectl([
      "get",
      "pods",
      "--all-namespaces",
      "--field-selector=status.phase!=Succeeded,status.phase!=Failed",
      "-o",
      "custom-columns=NAMESPACE:.metadata.namespace,CLASS:.spec.priorityClassName",
      "--no-headers",
    ]),
  ]);
  return { owners: rows(namespaces), pods: rows(pods) };
}

let answer;
try {
  answer = await ask();
} catch (error) {
  const missing = error.code === "ENOENT";
  fail(
    missing ? `${DEPENDENTS_KUBECTL}: no such program` : `can't ask the cluster who else needs what this stack owns: ${error.message}`,
    missing
      ? "install kubectl, or name it in openshift-ai-platform:cluster.kubectl"
      : `see that kubectl --context ${DEPENDENTS_CONTEXT} get namespaces and get pods --all-namespaces work, then destroy again`,
  );
}

const ownerOf = new Map(answer.owners.map(([namespace, owner]) => [namespace, owner]));
/** @type {Map<string, number>} */
const dependents = new Map();
for (const [namespace, priorityClass] of answer.pods) {
  const owner = ownerOf.get(namespace);
  const needs = owner === undefined ? classes.includes(priorityClass) : owner !== DEPENDENTS_OWNER;
  if (needs) dependents.set(namespace, (dependents.get(namespace) ?? 0) + 1);
}
if (dependents.size > 0) {
  const list = [...dependents].sort().map(([namespace, pods]) => {
    const owner = ownerOf.get(namespace);
    return `  ${namespace}: ${pods} ${pods === 1 ? "pod" : "pods"}${owner === undefined ? ", of no stack of the platform" : ` of ${owner}`}`;
  });
  const stacks = [...new Set([...dependents.keys()].flatMap((namespace) => ownerOf.get(namespace) ?? []))].sort();
  fail(
    `${DEPENDENTS_OWNER} owns priority classes, storage classes and ai-infrastructure for the whole cluster, and others still need them:\n${list.join("\n")}`,
    stacks.length > 0
      ? `destroy ${stacks.join(", ")} first (project.stack), then this one; or keep this one`
      : `end these pods first: kubectl --context ${DEPENDENTS_CONTEXT} get pods -n NAMESPACE`,
  );
}
process.stdout.write("nobody else needs what this stack owns for the whole cluster\n");
