/**
 * The whole way as a user goes it, through `make`, on a cluster of its own: up, ask, up again, drift, faults, kills, down, clean.
 * The steps build on each other; the order is that of a first day.
 */
import { expect } from "chai";
import { spawn, spawnSync } from "node:child_process";
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parse } from "yaml";
import { connectionName, connections } from "../../stacks/connections";
import { readImagesLock } from "../../stacks/images";
import { loadConfig } from "../../stacks/load";
import { projects } from "../../stacks/projects";
import type { StackConfig } from "../../stacks/schema";
import { compareFlows, whyUnseen } from "../../tools/cluster/flows";
import { root } from "../../tools/lib/paths";
import type { Recorded } from "./record";
import { firewall, hostSnapshot, killTree, kubectl, make, netnsOf, processes, start, state, type Result } from "./support";

const NAMESPACE = "ai-development";
/** A sample; `make drill-kill` takes ten. */
const KILLS = Number(process.env.KILLS ?? 1);

interface Pod {
  readonly metadata: { readonly name: string };
  readonly status: { readonly containerStatuses: readonly { readonly containerID: string }[] };
}

async function serverPod(): Promise<Pod> {
  const { items } = JSON.parse(await kubectl("-n", NAMESPACE, "get", "pods", "-l", "app.kubernetes.io/component=model-server", "-o", "json")) as {
    items: Pod[];
  };
  const [pod] = items;
  if (!pod || items.length !== 1) throw new Error(`expected one server pod, found ${items.length}`);
  return pod;
}

/** A key of alice in team ml. */
async function newKey(name: string): Promise<string> {
  const result = await make(["aictl", `ARGS=-o json keys create ${name} --user alice --team ml`]);
  expectUp(result);
  return (JSON.parse(result.stdout) as { key: string }).key;
}

/** That of the application that Pulumi.dev.yaml has, as its pods read it. */
async function applicationKey(): Promise<string> {
  const encoded = await kubectl("-n", "ai-development-ml", "get", "secret", "gateway-key-review-bot", "-o", "jsonpath={.data.key}");
  return Buffer.from(encoded, "base64").toString();
}

const gitStatus = () => spawnSync("git", ["status", "--porcelain"], { cwd: root, encoding: "utf8" }).stdout;

function expectUp(result: Result): void {
  expect(result.code, result.output).to.equal(0);
}

/** All files under a folder whose names match. */
function files(dir: string, name: RegExp): string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && name.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
}

describe("the platform on an embedded cluster", function () {
  this.timeout(900_000);
  /** Of a user, from when the gateway was first asked. */
  let key = "";
  const host = hostSnapshot();
  const tree = gitStatus();

  after("stop what is left", async () => {
    if (existsSync(state)) await make(["clean"]);
    rmSync(state, { recursive: true, force: true });
  });

  it("comes up, and shows what runs", async () => {
    const result = await make(["up"]);
    expectUp(result);
    expect(result.output)
      .to.match(/✓ node .* 4 GPUs/)
      .and.to.match(new RegExp(`✓ ${NAMESPACE}/ollama-router-\\S+: Running`))
      .and.to.match(new RegExp(`✓ ${NAMESPACE}/ollama-(?!router)\\S+: Running`));
  });

  it("leaves the work tree and the host's firewall as they were", () => {
    expect(gitStatus()).to.equal(tree);
    expect(firewall()).to.equal(host.firewall);
  });

  it("answers a question, streamed, through the Service", async () => {
    const result = await make(["ask", "PROMPT=hello"]);
    expectUp(result);
    expect(result.stdout.trim()).to.not.equal("");
    expect(result.moments.length, "pieces of the answer").to.be.greaterThan(1);
  });

  it("answers from a container of containerd, under an arbitrary UID with a read-only root", async () => {
    const pod = await serverPod();
    const id = pod.status.containerStatuses[0]?.containerID.replace("containerd://", "") ?? "";
    const server = processes().find((one) => /ollama serve/.test(one.command) && cgroupOf(one.pid).includes(id));
    expect(server, `a process in the cgroup of container ${id}`).to.not.equal(undefined);
    const pid = server?.pid ?? 0;
    expect(netnsOf(pid)).to.not.equal(netnsOf(process.pid));
    const uid = Number(/^Uid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
    const { metadata } = JSON.parse(await kubectl("get", "namespace", NAMESPACE, "-o", "json")) as { metadata: { annotations: Record<string, string> } };
    const [first = 0, size = 0] = (metadata.annotations["openshift.io/sa.scc.uid-range"] ?? "").split("/").map(Number);
    expect(uid).to.be.within(first, first + size - 1);
    const rootMount =
      readFileSync(`/proc/${pid}/mounts`, "utf8")
        .split("\n")
        .find((line) => line.split(" ")[1] === "/") ?? "";
    expect(rootMount.split(" ")[3]?.split(",")).to.include("ro");
    expect(readFileSync(`/proc/${pid}/status`, "utf8")).to.match(/^CapEff:\s+0+$/m);
  });

  it("has a sidecar before each server that lets nobody change the models", async () => {
    const body = '{"model":"tiny:0.1m-v1.0-random"}';
    const blocked = await runPod("ai-development-ml", undefined, `${bashRequest("DELETE", "/api/delete", body)}`);
    expect(blocked)
      .to.include("Succeeded")
      .and.match(/HTTP\S+ 403 /);
    expectUp(await make(["ask", "PROMPT=still there"]));
  });

  it("keeps a model in memory that a client wants out of it, and tells aictl so through the Service", async () => {
    const body = '{"model":"tiny:0.1m-v1.0-random","prompt":"x","stream":false,"keep_alive":0,"options":{"num_ctx":64,"num_predict":1}}';
    expect(await runPod("ai-development-ml", undefined, bashRequest("POST", "/api/generate", body)))
      .to.match(/HTTP\S+ 200 /)
      .and.match(/^X-Model-Proxy-Capped: keep_alive, num_ctx\r?$/m);
    const { models, notAsked } = JSON.parse((await make(["aictl", "ARGS=-o json models list"])).stdout) as {
      models: readonly { name: string; replicas: readonly string[]; bytes: number }[];
      notAsked: readonly string[];
    };
    expect(notAsked).to.deep.equal([]);
    expect(models.map(({ name, replicas }) => [name, replicas.length])).to.deep.equal([["tiny:0.1m-v1.0-random", 1]]);
    expect(models[0]?.bytes).to.be.greaterThan(100_000);
  });

  it("answers who has a key, in the team's project too, and knows what each has used", async () => {
    expect(await runPod("ai-development-ml", undefined, bashRequest("GET", "/v1/models", "", gateway))).to.match(/HTTP\S+ 401 /);
    key = await newKey("e2e");
    const answer = await runPod("ai-development-ml", undefined, chat(key));
    expect(answer)
      .to.match(/HTTP\S+ 200 /)
      .and.include('"object":"chat.completion"');
    const [, input, output] = /"prompt_tokens":(\d+),"completion_tokens":(\d+)/.exec(answer) ?? [];
    expect(await runPod("ai-development-ml", undefined, chat(await applicationKey()))).to.match(/HTTP\S+ 200 /);
    const { rows } = JSON.parse((await make(["aictl", "ARGS=-o json usage --by user"])).stdout) as { rows: readonly Record<string, string | number>[] };
    expect(rows.map(({ user, requests, inputTokens, outputTokens }) => [user, requests, inputTokens, outputTokens])).to.deep.equal([
      ["", 1, Number(input), Number(output)],
      ["alice", 1, Number(input), Number(output)],
    ]);
  });

  it("refuses a key at once when it is revoked, and who is over a budget, without an up", async () => {
    const other = await newKey("other");
    expect(await runPod("ai-development-ml", undefined, chat(other))).to.match(/HTTP\S+ 200 /);
    expectUp(await make(["aictl", "ARGS=budgets set user alice --budget-tokens 1 --period day"]));
    expect(await runPod("ai-development-ml", undefined, chat(other)))
      .to.match(/HTTP\S+ 429 /)
      .and.match(/^Retry-After: \d+\r?$/m)
      .and.include("insufficient_quota");
    expectUp(await make(["aictl", "ARGS=budgets remove user alice --period day"]));
    expectUp(await make(["aictl", `ARGS=keys revoke ${other.split("_")[1] ?? ""}`]));
    expect(await runPod("ai-development-ml", undefined, chat(other))).to.match(/HTTP\S+ 401 /);
    expect((await make(["aictl", "ARGS=audit"])).stdout)
      .to.match(/budget\.set +user\/alice/)
      .and.match(/key\.revoke/);
  });

  it("refuses while its database restarts, and knows its keys after it", async () => {
    await kubectl("-n", NAMESPACE, "delete", "pod", "postgres-0");
    await kubectl("-n", NAMESPACE, "rollout", "status", "statefulset/postgres", "--timeout=120s");
    await waitFor(async () => (await runPod("ai-development-ml", undefined, chat(key))).includes(" 200 "), 120);
  });

  it("answers on while its replicas are replaced: no stream is cut, no request fails", async () => {
    // Streams one after another and short questions beside them, so that whatever happens, happens to some.
    const asked = (tokens: number) =>
      bashRequest("POST", "/api/generate", `{"model":"tiny:0.1m-v1.0-random","prompt":"once","options":{"num_predict":${tokens}}}`);
    const count = (name: string, tokens: number) => `(
      for ((all = bad = 0, end = SECONDS + 30; SECONDS < end; all++)); do
        answer=$(${asked(tokens)})
        [[ $answer == HTTP*' 200 '* && $answer == *'"done":true'*'"eval_count":${tokens}'* ]] || { ((bad++)); echo "\${answer:0:200} … \${answer: -200}"; }
      done
      echo "${name}: $bad of $all failed"
    )`;
    const client = runPod("ai-development-ml", undefined, `${count("streams", 300)} & ${count("questions", 1)} & wait`);
    await waitFor(
      async () => (await kubectl("-n", "ai-development-ml", "get", "pod", "e2e", "--ignore-not-found", "-o", "jsonpath={.status.phase}")).trim() === "Running",
    );
    const before = (await serverPod()).metadata.name;
    await kubectl("-n", NAMESPACE, "rollout", "restart", "deployment/ollama");
    await kubectl("-n", NAMESPACE, "rollout", "status", "deployment/ollama", "--timeout=60s");
    const result = await client;
    expect((await serverPod()).metadata.name).to.not.equal(before);
    expect(result)
      .to.match(/^Succeeded /)
      .and.match(/streams: 0 of ([5-9]|\d{2,}) failed/)
      .and.match(/questions: 0 of \d{2,} failed/);
  });

  it("keeps secrets out of logs, output and state", async () => {
    const exported = await make(["pulumi", "ARGS=stack export"]);
    expectUp(exported);
    const passphrase = readFileSync(join(state, "passphrase"), "utf8");
    const secrets = [passphrase, key, await applicationKey(), ...files(state, /\.key$/).map((file) => readFileSync(file, "utf8").trim())];
    expect(secrets.length).to.be.greaterThan(5);
    const shown = [
      exported.output,
      ...files(state, /\.log$/).map((file) => readFileSync(file, "utf8")),
      ...files(join(state, "pulumi"), /\.json$/).map((file) => readFileSync(file, "utf8")),
    ];
    for (const secret of secrets) expect(shown.some((text) => text.includes(secret))).to.equal(false);
    expect(shown.some((text) => /PRIVATE KEY/.test(text))).to.equal(false);
  });

  it("changes nothing when it is run again, within 45 seconds", async () => {
    const result = await make(["up"]);
    expectUp(result);
    expect(result.output)
      .to.match(/\d+ unchanged/)
      .and.to.not.match(/[+~-]+ \d+ (created|updated|deleted|replaced)/);
    expect(result.ms).to.be.lessThan(45_000);
  });

  it("shows what was changed or deleted by hand, and puts it right", async () => {
    await kubectl("-n", NAMESPACE, "delete", "service", "ollama");
    await kubectl("-n", NAMESPACE, "scale", "deployment", "ollama", "--replicas=0");
    const preview = await make(["preview", "ARGS=--refresh"]);
    expect(preview.output)
      .to.match(/ollama/)
      .and.to.match(/replicas/);
    const result = await make(["up"]);
    expectUp(result);
    expectUp(await make(["ask", "PROMPT=again"]));
  });

  it("makes a second run wait for the first", async () => {
    const runs = [start(["up"]), start(["up"])];
    const results = await Promise.all(runs.map((run) => run.done));
    for (const result of results) expectUp(result);
    expect(results.some((result) => /waiting for another run/.test(result.output))).to.equal(true);
  });

  it("says why a pod with a missing image does not start, and repairs it", async () => {
    await kubectl("-n", NAMESPACE, "set", "image", "deployment/ollama", "ollama=docker.io/ollama/ollama:0.0.0");
    await waitFor(async () => /ErrImagePull|ImagePullBackOff|ErrImageNeverPull/.test((await make(["status"])).output));
    expect((await make(["status"])).code).to.not.equal(0);
    expectUp(await make(["up"]));
  });

  it("says which model's file is damaged, serves nothing from it, and loads it again", async () => {
    const blobs = files(join(state, "clusters/dev/var/lib/volumes"), /^sha256-[0-9a-f]{64}$/).sort((a, b) => statSync(b).size - statSync(a).size);
    const [weights = ""] = blobs;
    chmodSync(weights, 0o644);
    writeFileSync(weights, Buffer.alloc(statSync(weights).size));
    await kubectl("-n", NAMESPACE, "delete", "pod", "-l", "app.kubernetes.io/component=model-server");
    await waitFor(async () => /model tiny:0\.1m-v1\.0-random: blob sha256-.* corrupt.*Fix: /.test((await make(["status"])).output));
    expect((await make(["status"])).code).to.not.equal(0);
    expect((await make(["ask", "PROMPT=hello"])).code).to.not.equal(0);
    await kubectl("-n", NAMESPACE, "delete", "jobs", "--all");
    expectUp(await make(["up"]));
    expectUp(await make(["ask", "PROMPT=whole again"]));
  });

  it("makes no connection that its table does not have, and each that it has", async () => {
    const recorder = spawn(process.execPath, ["--import", "tsx", join(__dirname, "record.ts")], {
      cwd: root,
      env: { ...process.env, OAP_STATE_DIR: state },
      stdio: ["pipe", "pipe", "inherit"],
    });
    let output = "";
    recorder.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
    const ended = new Promise((resolve) => recorder.once("close", resolve));
    await waitFor(() => Promise.resolve(output.includes("recording\n")));
    // A router that is new makes its connections anew, and has none from before.
    for (const name of ["ollama-router", "gateway"]) {
      await kubectl("-n", NAMESPACE, "rollout", "restart", `deployment/${name}`);
      await kubectl("-n", NAMESPACE, "rollout", "status", `deployment/${name}`, "--timeout=60s");
    }
    expectUp(await make(["ask", "PROMPT=hello"]));
    expectUp(await make(["aictl", "ARGS=keys list"]));
    for (const project of ["ml", "web"]) expect(await runPod(`ai-development-${project}`, undefined, chat(key))).to.match(/HTTP\S+ 200 /);
    recorder.stdin.end();
    await ended;

    const { flows, view } = JSON.parse(output.slice(output.indexOf("{"))) as Recorded;
    const config = embeddedConfig();
    const { forbidden, unseen } = compareFlows(
      flows,
      connections(config),
      projects(config).map(({ namespace }) => namespace),
      view,
    );
    expect(forbidden).to.deep.equal([]);
    expect(unseen.filter((row) => whyUnseen(row) === undefined).map(connectionName)).to.deep.equal([]);
  });

  it("shares a volume: one project writes, another reads and cannot write", async () => {
    expect(await runPod("ai-development-ml", "workspace", "echo shared by ml > /data/note")).to.include("Succeeded");
    expect(await runPod("ai-development-web", "workspace", 'test "$(cat /data/note)" = "shared by ml"')).to.include("Succeeded");
    expect(await runPod("ai-development-web", "workspace", "touch /data/mine", true))
      .to.include("Failed")
      .and.include("Read-only file system");
  });

  it("keeps projects and volumes when it is destroyed, says how to go on, and takes them over again with what is in them", async () => {
    const uid = "get namespace ai-development-ml -o jsonpath={.metadata.uid}";
    const before = await kubectl(uid);
    const result = await make(["destroy"]);
    expectUp(result);
    expect(result.output)
      .to.include("PersistentVolumeClaim ai-development-ml/workspace")
      .and.include("Namespace ai-development")
      .and.match(/make up/)
      .and.match(/delete namespace .*ai-development-ml/);
    expect((await kubectl("get", "deployments,services,roles", "-A", "-l", "app.kubernetes.io/part-of=openshift-ai-platform", "-o", "name")).trim()).to.equal(
      "",
    );
    expectUp(await make(["up"]));
    expect(await kubectl(uid)).to.equal(before);
    expect(await runPod("ai-development-web", "workspace", 'test "$(cat /data/note)" = "shared by ml"')).to.include("Succeeded");
    expectUp(await make(["ask", "PROMPT=here again"]));
    // The database is the old one, its password a new one.
    expect(await runPod("ai-development-ml", undefined, chat(key))).to.match(/HTTP\S+ 200 /);
  });

  it(`finishes after it was killed, ${KILLS} times at random points`, async () => {
    for (let n = 0; n < KILLS; n++) {
      expectUp(await make(["destroy"]));
      const run = start(["up"]);
      await sleep(2000 + Math.random() * 14_000);
      killTree(run.child);
      await run.done;
      expectUp(await make(["pulumi", "ARGS=stack export"])); // the state is readable
      const result = await make(["up"]);
      expectUp(result);
      expectUp(await make(["ask", "PROMPT=still there"]));
    }
  });

  it("comes back after every process of the cluster was killed, with the data that was there", async () => {
    const job = "-n ai-development get jobs -o jsonpath={.items[*].metadata.uid}";
    const loaded = await kubectl(job);
    for (const { pid } of processes().filter((one) => one.command.includes(state) && one.pid !== process.pid)) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // ended already
      }
    }
    const gone = await make(["ask", "PROMPT=hello"]);
    expect(gone.code).to.not.equal(0);
    expect(gone.output).to.match(/fix: make up/);
    expectUp(await make(["up"]));
    expectUp(await make(["ask", "PROMPT=back"]));
    expect(await kubectl(job), "the model was not loaded again").to.equal(loaded);
  });

  it("stops and starts again with the data", async () => {
    expectUp(await make(["down"]));
    expect(processes().filter((one) => one.command.includes(join(state, "clusters")))).to.deep.equal([]);
    expectUp(await make(["up"]));
    expectUp(await make(["ask", "PROMPT=hello"]));
  });

  it("leaves no process, mount, interface, namespace or rule when it is removed", async () => {
    expectUp(await make(["clean"]));
    expect(processes().filter((one) => one.command.includes(state))).to.deep.equal([]);
    expect(hostSnapshot()).to.deep.equal(host);
    expect(existsSync(state)).to.equal(false);
  });
});

describe("the same program on a plain Kubernetes with simulated nodes", function () {
  this.timeout(600_000);
  const settings = { PLATFORM: "kubernetes", FLAVOR: "simulated" };
  after(() => make(["clean"], settings));

  it("comes up, changes nothing the second time, and is destroyed", async () => {
    expectUp(await make(["up"], settings));
    const again = await make(["up"], settings);
    expectUp(again);
    expect(again.output).to.match(/\d+ unchanged/);
    expectUp(await make(["destroy"], settings));
  });

  it("refuses another platform in a cluster's folder", async () => {
    const result = await make(["up"], { ...settings, PLATFORM: "openshift" });
    expect(result.code).to.not.equal(0);
    expect(result.output)
      .to.match(/error: .*kubernetes/)
      .and.to.match(/fix: /);
  });
});

/** The configuration that `make up` uses. */
function embeddedConfig(): StackConfig {
  const file = join(state, "stacks/dev/dev/Pulumi.dev.yaml");
  const { config } = parse(readFileSync(file, "utf8")) as { config: Record<string, unknown> };
  return loadConfig(
    Object.fromEntries(Object.entries(config).map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)])),
    file,
    Object.keys(readImagesLock()),
  );
}

interface Way {
  readonly service: string;
  readonly port: number;
  readonly key?: string;
}
const gateway: Way = { service: "gateway", port: 8080 };

/** A request through a Service, for bash; prints the answer with its status. HTTP/1.0, so that the server closes the connection at its end. */
function bashRequest(method: string, path: string, body = "", { service, port, key }: Way = { service: "ollama", port: 11434 }): string {
  const headers = [`Host: ${service}`, `Content-Length: ${Buffer.byteLength(body)}`, ...(key === undefined ? [] : [`Authorization: Bearer ${key}`])];
  const head = `${method} ${path} HTTP/1.0\\r\\n${headers.map((line) => `${line}\\r\\n`).join("")}\\r\\n`;
  return `exec 3<>/dev/tcp/${service}.${NAMESPACE}.svc/${port} && printf '${head}%s' '${body}' >&3 && cat <&3`;
}

/** A short question to the gateway, for bash. */
function chat(key: string): string {
  const body = '{"model":"tiny:0.1m-v1.0-random","messages":[{"role":"user","content":"hello"}],"max_tokens":4}';
  return bashRequest("POST", "/v1/chat/completions", body, { ...gateway, key });
}

/** Runs a command in a pod of a project, with a claim at /data where one is named. @returns how the pod ended, and what it printed */
async function runPod(namespace: string, claim: string | undefined, command: string, readOnly = false): Promise<string> {
  const image = await kubectl("-n", NAMESPACE, "get", "deployment", "ollama", "-o", "jsonpath={.spec.template.spec.containers[0].image}");
  const container = {
    name: "main",
    image: image.trim(),
    imagePullPolicy: "IfNotPresent",
    command: ["bash", "-c", command],
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
    ...(claim === undefined ? {} : { volumeMounts: [{ name: "data", mountPath: "/data" }] }),
  };
  const spec = {
    restartPolicy: "Never",
    securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
    containers: [container],
    ...(claim === undefined ? {} : { volumes: [{ name: "data", persistentVolumeClaim: { claimName: claim, readOnly } }] }),
  };
  const file = join(state, "pod.json");
  writeFileSync(file, JSON.stringify({ apiVersion: "v1", kind: "Pod", metadata: { name: "e2e", namespace }, spec }));
  await kubectl("apply", "-f", file);
  const phase = async () => (await kubectl("-n", namespace, "get", "pod", "e2e", "-o", "jsonpath={.status.phase}")).trim();
  try {
    await waitFor(async () => ["Succeeded", "Failed"].includes(await phase()));
    return `${await phase()} ${await kubectl("-n", namespace, "logs", "e2e")}`;
  } finally {
    await kubectl("-n", namespace, "delete", "pod", "e2e", "--wait=true");
  }
}

function cgroupOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cgroup`, "utf8");
  } catch {
    return "";
  }
}

async function waitFor(condition: () => Promise<boolean>, seconds = 60): Promise<void> {
  for (const end = Date.now() + seconds * 1000; Date.now() < end; await sleep(500)) if (await condition()) return;
  throw new Error(`not true within ${seconds} s`);
}
