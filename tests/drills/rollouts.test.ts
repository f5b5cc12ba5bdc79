/**
 * New versions of a pool in real containers under the real Argo Rollouts, through `make up`, in a copy of the clone whose configuration and model the test
 * changes: a good one is promoted, a slow and a wrong one are given up, the way back is one `up`; and a client that keeps asking notices nothing.
 */
import { expect } from "chai";
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parse, stringify } from "yaml";
import { root } from "../../tools/lib/paths";
import { clientPod } from "../support/clientPod";

const namespace = "ai-development";
const clients = "ai-development-ml";
const model = "tiny:0.1m-v1.0-random";
const prompt = "once upon a time";

describe("new versions of a pool in real containers", function () {
  this.timeout(300_000);
  const dir = mkdtempSync(join(tmpdir(), "oap-e2e-rollouts-"));
  const [clone, state] = [join(dir, "clone"), join(dir, "state")];
  const env = { ...process.env, OAP_STATE_DIR: state, ADDONS: "rollouts", MAKEFLAGS: "", MAKELEVEL: "", NO_COLOR: "1" };
  let answer = "";

  function make(...args: readonly string[]): { code: number; output: string } {
    const { status, stdout, stderr } = spawnSync("make", ["--no-print-directory", ...args], { cwd: clone, env, encoding: "utf8", maxBuffer: 2 ** 26 });
    return { code: status ?? -1, output: stdout + stderr };
  }
  function kubectl(...args: readonly string[]): string {
    const { status, stdout, stderr } = spawnSync("make", ["--no-print-directory", "kubectl", `ARGS=${args.join(" ")}`], { cwd: clone, env, encoding: "utf8" });
    if (status !== 0) throw new Error(`kubectl ${args.join(" ")}: ${stderr}`);
    return stdout;
  }
  /** Applies a file of objects. */
  function apply(object: object): void {
    const file = join(dir, "object.json");
    writeFileSync(file, JSON.stringify(object));
    kubectl("apply", "-f", file);
  }
  /** Changes the pool in the configuration; a second between measurements. */
  function configure(pool: object, analysis: object = {}): void {
    const file = join(clone, "Pulumi.dev.yaml");
    const document = parse(readFileSync(join(root, "Pulumi.dev.yaml"), "utf8")) as { config: Record<string, { pools: object[] }> };
    const key = "openshift-ai-platform:serving";
    const serving = document.config[key];
    const rollout = {
      promotion: "automatic",
      analysis: { intervalSeconds: 2, count: 3, gpuCount: 1, ...analysis },
      scaleDownDelaySeconds: 5,
      ...(answer === "" ? {} : { prompts: [{ model, prompt, maxTokens: 24, seed: 0, expect: { kind: "exact", text: answer } }] }),
    };
    document.config[key] = { ...serving, pools: (serving?.pools ?? []).map((one) => ({ ...one, ...pool, rollout })) };
    writeFileSync(file, stringify(document));
  }
  const revision = () => kubectl("-n", namespace, "get", "service", "ollama-active", "-o", "jsonpath={.spec.selector.rollouts-pod-template-hash}").trim();

  before("bring it up", function () {
    this.timeout(900_000);
    const left = ["node_modules", ".git", ".state", ".cache", "tests"];
    // With its times, by which make sees that the packages are installed; these are links to the files, never the folder itself, which `npm ci` would empty.
    cpSync(root, clone, { recursive: true, preserveTimestamps: true, filter: (path) => path === root || !left.includes(basename(path)) });
    const packages = [join(root, "node_modules"), clone];
    const linked = spawnSync("cp", ["-al", ...packages]).status === 0;
    expect(linked || spawnSync("cp", ["-a", ...packages]).status === 0, "a copy of the packages").to.equal(true);
    configure({});
    const { code, output } = make("up");
    expect(code, output).to.equal(0);
    expect(output).to.match(/revision 1 \([a-z0-9]+\), 1 of 1 pods ready: serves/);
  });
  after("stop what is left", function () {
    this.timeout(300_000);
    if (existsSync(state)) make("clean");
    rmSync(dir, { recursive: true, force: true });
  });

  it("has one pod, of the Rollout, that answers", () => {
    expect(kubectl("-n", namespace, "get", "deployment", "ollama", "-o", "jsonpath={.spec.replicas}").trim()).to.equal("0");
    const body = join(dir, "body.json");
    writeFileSync(body, JSON.stringify({ model, prompt, stream: false, options: { temperature: 0, seed: 0, num_predict: 24 } }));
    const path = `/api/v1/namespaces/${namespace}/services/http:ollama:http/proxy/api/generate`;
    answer = (JSON.parse(kubectl("create", "--raw", path, "-f", body)) as { response: string }).response;
    expect(answer).not.to.equal("");
  });

  it("promotes a good version while a client keeps asking", async () => {
    client();
    await eventually("the client to run", () => kubectl("-n", clients, "get", "pod", "client", "-o", "jsonpath={.status.phase}").trim() === "Running");
    const before = revision();
    configure({ keepAlive: "23h" });
    const { code, output } = make("up");
    expect(code, output).to.equal(0);
    expect(output).to.match(/revision 2 \([a-z0-9]+\), 1 of 1 pods ready: serves/);
    expect(revision()).not.to.equal(before);
  });

  it("gives up a version that is too slow, and says so", () => {
    const before = revision();
    // Nothing is slow here, so that the limit is what no version keeps.
    configure({ keepAlive: "22h" }, { firstTokenSeconds: 0.001 });
    const { code, output } = make("up");
    expect(code, output).not.to.equal(0);
    expect(output)
      .to.match(/revision 3 \([a-z0-9]+\) was given up/)
      .and.match(/first token after [0-9.e+-]+ s \(95th percentile\), wanted <= 0\.001 s/);
    expect(revision()).to.equal(before);
  });

  it("gives up a version whose model is another, by its answers", () => {
    const before = revision();
    const recipe = join(clone, "images/recipes/tiny-model.ts");
    const text = readFileSync(recipe, "utf8");
    writeFileSync(recipe, text.replace("modelFiles(0)", "modelFiles(1)"));
    const lock = join(clone, "images/images.lock");
    const images = readFileSync(lock, "utf8");
    writeFileSync(lock, images.replace(/(image: localhost\/openshift-ai-platform\/model-tiny\n\s+tag: )1\.0\.0/, "$11.0.1"));
    configure({ keepAlive: "23h" });
    const { code, output } = make("up");
    writeFileSync(recipe, text);
    writeFileSync(lock, images);
    expect(code, output).not.to.equal(0);
    expect(output)
      .to.match(/was given up/)
      .and.match(/answers: model tiny\S+, prompt "once upon a time": answered ".*", wanted exact/);
    expect(revision()).to.equal(before);
  });

  it("is back with one up, at once, and no request of the client failed", async () => {
    const before = revision();
    configure({ keepAlive: "23h" });
    const { code, output } = make("up");
    expect(code, output).to.equal(0);
    expect(revision()).to.equal(before);
    kubectl("-n", clients, "exec", "client", "--", "touch", "/tmp/enough");
    await eventually("the client to end", () => /Succeeded|Failed/.test(kubectl("-n", clients, "get", "pod", "client", "-o", "jsonpath={.status.phase}")));
    expect(kubectl("-n", clients, "logs", "client")).to.match(/^0 of [1-9]\d{2,} failed$/m);
  });

  /** Asks one question after another, until it is told to stop. */
  function client(): void {
    const image = kubectl("-n", namespace, "get", "deployment", "ollama", "-o", "jsonpath={.spec.template.spec.containers[0].image}").trim();
    const body = JSON.stringify({ model, prompt: "hello", options: { num_predict: 30 } });
    const head = `POST /api/generate HTTP/1.0\\r\\nHost: ollama\\r\\nContent-Length: ${Buffer.byteLength(body)}\\r\\n\\r\\n`;
    const script = `
      for ((all = bad = 0; ; all++)); do
        [[ -e /tmp/enough ]] && break
        answer=$(exec 3<>/dev/tcp/ollama.${namespace}.svc/11434 && printf '${head}%s' '${body}' >&3 && cat <&3)
        [[ $answer == HTTP*' 200 '* && $answer == *'"done":true'* ]] || { ((bad++)); echo "bad: \${answer:0:300}"; }
      done
      echo "$bad of $all failed"`;
    apply(clientPod("client", clients, image, script));
  }

  async function eventually(what: string, ask: () => boolean, seconds = 60): Promise<void> {
    for (const deadline = Date.now() + seconds * 1000; Date.now() < deadline; await sleep(1000)) if (ask()) return;
    throw new Error(`${what}: not within ${seconds} s`);
  }
});
