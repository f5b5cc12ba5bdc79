/** A dev stack with real containers in a copy of the clone, whose configuration and sources a drill changes, and a client that asks without a pause. */
import { expect } from "chai";
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parse, stringify } from "yaml";
import { root } from "../../tools/lib/paths";
import { clientPod } from "../support/clientPod";

export const namespace = "ai-development";
export const model = "tiny:0.1m-v1.0-random";
const clients = "ai-development-ml";
const prompt = "once upon a time";

interface Analysis {
  readonly intervalSeconds: number;
  readonly count: number;
  readonly gpuCount: number;
  readonly firstTokenSeconds?: number;
}

export class PoolDrill {
  private readonly dir = mkdtempSync(join(tmpdir(), "oap-drill-"));
  readonly clone = join(this.dir, "clone");
  private readonly state = join(this.dir, "state");
  private answer = "";

  /** @param analysis limits with short times; @param settings for make: PLATFORM, ADDONS */
  constructor(
    private readonly settings: { readonly ADDONS: string; readonly PLATFORM?: "openshift" | "kubernetes" },
    private readonly analysis: Analysis,
  ) {}

  private run(...args: readonly string[]) {
    const env = { ...process.env, ...this.settings, OAP_STATE_DIR: this.state, MAKEFLAGS: "", MAKELEVEL: "", NO_COLOR: "1" };
    return spawnSync("make", ["--no-print-directory", ...args], { cwd: this.clone, env, encoding: "utf8", maxBuffer: 2 ** 26 });
  }
  make(...args: readonly string[]): { readonly code: number; readonly output: string } {
    const { status, stdout, stderr } = this.run(...args);
    return { code: status ?? -1, output: stdout + stderr };
  }
  /** Runs make. @returns what it printed */
  good(...args: readonly string[]): string {
    const { code, output } = this.make(...args);
    expect(code, output).to.equal(0);
    return output;
  }
  kubectl(...args: readonly string[]): string {
    const { status, stdout, stderr } = this.run("kubectl", `ARGS=${args.join(" ")}`);
    if (status !== 0) throw new Error(`kubectl ${args.join(" ")}: ${stderr}`);
    return stdout;
  }
  read<T>(...args: readonly string[]): T {
    return JSON.parse(this.kubectl("get", ...args, "-o", "json")) as T;
  }

  /** Copies the clone, with its packages. */
  copy(): void {
    const left = ["node_modules", ".git", ".state", ".cache", "tests"];
    // With its times, by which make sees that the packages are installed; these are links to the files, never the folder itself, which `npm ci` would empty.
    cpSync(root, this.clone, { recursive: true, preserveTimestamps: true, filter: (path) => path === root || !left.includes(basename(path)) });
    const packages = [join(root, "node_modules"), this.clone];
    const linked = spawnSync("cp", ["-al", ...packages]).status === 0;
    expect(linked || spawnSync("cp", ["-a", ...packages]).status === 0, "a copy of the packages").to.equal(true);
  }
  remove(): void {
    if (existsSync(this.state)) this.make("clean");
    rmSync(this.dir, { recursive: true, force: true });
  }

  /** Changes the pool in the configuration, with promotion by measurement alone. */
  configure(pool: object, analysis: Partial<Analysis> = {}): void {
    const document = parse(readFileSync(join(root, "Pulumi.dev.yaml"), "utf8")) as { config: Record<string, { pools: object[] }> };
    const key = "openshift-ai-platform:serving";
    const serving = document.config[key];
    const rollout = {
      promotion: "automatic",
      analysis: { ...this.analysis, ...analysis },
      scaleDownDelaySeconds: 5,
      ...(this.answer === "" ? {} : { prompts: [{ model, prompt, maxTokens: 24, seed: 0, expect: { kind: "exact", text: this.answer } }] }),
    };
    document.config[key] = { ...serving, pools: (serving?.pools ?? []).map((one) => ({ ...one, ...pool, rollout })) };
    writeFileSync(join(this.clone, "Pulumi.dev.yaml"), stringify(document));
  }

  /** Does something while a source of the clone reads otherwise. */
  with<T>(file: string, from: string | RegExp, to: string, act: () => T): T {
    const path = join(this.clone, file);
    const text = readFileSync(path, "utf8");
    expect(text, `${file} has no ${from}`).to.match(typeof from === "string" ? new RegExp(from.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")) : from);
    writeFileSync(path, text.replace(from, to));
    try {
      return act();
    } finally {
      writeFileSync(path, text);
    }
  }

  /** Hash of the version that users get. */
  revision(): string {
    return this.kubectl("-n", namespace, "get", "service", "ollama-active", "-o", "jsonpath={.spec.selector.rollouts-pod-template-hash}").trim();
  }

  /** Asks the pool what its analyses then ask, and takes the answer for the right one. */
  learnAnswer(): void {
    const body = join(this.dir, "body.json");
    writeFileSync(body, JSON.stringify({ model, prompt, stream: false, options: { temperature: 0, seed: 0, num_predict: 24 } }));
    const path = `/api/v1/namespaces/${namespace}/services/http:ollama:http/proxy/api/generate`;
    this.answer = (JSON.parse(this.kubectl("create", "--raw", path, "-f", body)) as { response: string }).response;
    expect(this.answer).not.to.equal("");
  }

  /** Starts a client that asks one question after another, until it is told to stop. */
  async startClient(): Promise<void> {
    const image = this.kubectl("-n", namespace, "get", "deployment", "ollama", "-o", "jsonpath={.spec.template.spec.containers[0].image}").trim();
    const body = JSON.stringify({ model, prompt: "hello", options: { num_predict: 30 } });
    const head = `POST /api/generate HTTP/1.0\\r\\nHost: ollama\\r\\nContent-Length: ${Buffer.byteLength(body)}\\r\\n\\r\\n`;
    const script = `
      for ((all = bad = 0; ; all++)); do
        [[ -e /tmp/enough ]] && break
        answer=$(exec 3<>/dev/tcp/ollama.${namespace}.svc/11434 && printf '${head}%s' '${body}' >&3 && cat <&3)
        [[ $answer == HTTP*' 200 '* && $answer == *'"done":true'* ]] || { ((bad++)); echo "bad: \${answer:0:300}"; }
      done
      echo "$bad of $all failed"`;
    const pod = clientPod("client", clients, image, script);
    // OpenShift gives each project its own.
    const user = this.settings.PLATFORM === "kubernetes" ? { runAsUser: 10001 } : {};
    const file = join(this.dir, "object.json");
    writeFileSync(file, JSON.stringify({ ...pod, spec: { ...pod.spec, securityContext: { ...pod.spec.securityContext, ...user } } }));
    this.kubectl("apply", "-f", file);
    await this.eventually("the client to run", () => this.phase() === "Running");
  }
  /** Ends the client. @returns how many requests it sent, none of which failed */
  async endClient(): Promise<number> {
    this.kubectl("-n", clients, "exec", "client", "--", "touch", "/tmp/enough");
    await this.eventually("the client to end", () => /Succeeded|Failed/.test(this.phase()));
    const log = this.kubectl("-n", clients, "logs", "client");
    expect(log).to.match(/^0 of [1-9]\d{2,} failed$/m);
    return Number(/^0 of (\d+) failed$/m.exec(log)?.[1]);
  }
  private phase(): string {
    return this.kubectl("-n", clients, "get", "pod", "client", "-o", "jsonpath={.status.phase}").trim();
  }

  async eventually(what: string, ask: () => boolean, seconds = 60): Promise<void> {
    for (const deadline = Date.now() + seconds * 1000; Date.now() < deadline; await sleep(1000)) if (ask()) return;
    throw new Error(`${what}: not within ${seconds} s`);
  }
}
