import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { ensureImages, readImagesLock } from "../../../images/ensure";
import { parseClusterLock } from "../../../images/lock";
import { makeImage } from "../../../images/make";
import { modelFiles } from "../../../images/tiny-model/model";
import { freePort } from "../../support/ports";
import { startContainerd, type Containerd } from "./containerd";

const image = "docker.io/ollama/ollama:0.17.4";
/** As OpenShift assigns them. */
const user = "1000650000:0";

describe("Ollama's image and the tiny model", function () {
  this.timeout(600_000); // where nothing is cached, Ollama is built first
  let containerd: Containerd;
  let port: number;
  const container = "ollama-test";

  before(async () => {
    containerd = await startContainerd();
    await ensureImages(["ollama"], containerd);
    port = await freePort();
    const models = join(containerd.dir, "models");
    for (const [name, seed] of [
      ["right", 0],
      ["wrong", 1],
    ] as const) {
      mkdirSync(join(models, name), { recursive: true });
      for (const [file, content] of Object.entries(modelFiles(seed))) writeFileSync(join(models, name, file), content);
    }
    for (const name of ["data", "tmp"]) {
      mkdirSync(join(containerd.dir, name));
      chmodSync(join(containerd.dir, name), 0o2770); // group 0, as a volume with fsGroup
    }
    const mounts = ["--mount", `type=bind,src=${models},dst=/models,options=rbind:ro`];
    for (const name of ["data", "tmp"]) mounts.push("--mount", `type=bind,src=${join(containerd.dir, name)},dst=/${name},options=rbind:rw`);
    const environment = Object.entries({ HOME: "/data", OLLAMA_MODELS: "/data/models", OLLAMA_HOST: `127.0.0.1:${port}`, OLLAMA_NO_CLOUD: "1" });
    await containerd.ctr([
      ...["run", "--detach", "--net-host", "--read-only", "--user", user],
      ...capabilities.flatMap((name) => ["--cap-drop", name]),
      ...environment.flatMap(([name, value]) => ["--env", `${name}=${value}`]),
      ...mounts,
      ...[image, container],
    ]);
    await serving();
    for (const name of ["right", "wrong"]) await inside(name, ["ollama", "create", name, "-f", `/models/${name}/Modelfile`]);
  });

  after(async () => {
    await containerd.ctr(["tasks", "kill", "--signal", "SIGKILL", container], { allowFailure: true });
    await containerd.ctr(["tasks", "delete", "--force", container], { allowFailure: true });
    await containerd.ctr(["containers", "delete", container], { allowFailure: true });
    await containerd.stop();
  });

  const inside = (id: string, command: readonly string[]) => containerd.ctr(["tasks", "exec", "--exec-id", id, "--user", user, container, ...command]);
  const post = async (path: string, body: object): Promise<Record<string, unknown>> => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { method: "POST", body: JSON.stringify(body) });
    const text = await response.text();
    expect(response.status, text).to.equal(200);
    return JSON.parse(text) as Record<string, unknown>;
  };
  const serving = async () => {
    for (const end = Date.now() + 30_000; Date.now() < end; await sleep(100)) {
      const version = await fetch(`http://127.0.0.1:${port}/api/version`)
        .then((response) => response.json())
        .catch(() => undefined);
      if (version !== undefined) return;
    }
    throw new Error("Ollama did not answer within 30 s");
  };
  const greedy = async (model: string, prompt: string) => (await post("/api/generate", { model, prompt, stream: false })).response;

  it("serves under an arbitrary UID with a read-only root and no capability", async () => {
    const { stdout } = await inside("look", ["bash", "-c", "id -u; id -g; grep CapEff /proc/self/status; touch /x 2>&1; touch /data/x /tmp/x && echo written"]);
    expect(stdout).to.match(/^1000650000\n0\nCapEff:\s+0+\n.*Read-only file system\nwritten\n$/);
    const version = await (await fetch(`http://127.0.0.1:${port}/api/version`)).json();
    expect(version).to.deep.equal({ version: "0.17.4" });
  });

  it("answers from the tiny model, printable, bounded, and the same each time", async () => {
    const answer = await greedy("right", "hello");
    expect(answer).to.match(/^[ -~]{40,64}$/);
    expect(await greedy("right", "hello")).to.equal(answer);
    expect(await greedy("right", "good morning")).not.to.equal(answer);
  });

  it("tells the right model from the wrong one", async () => {
    expect(await greedy("wrong", "hello")).not.to.equal(await greedy("right", "hello"));
  });

  it("answers OpenAI's chat completions, streamed", async () => {
    const body = { model: "right", messages: [{ role: "user", content: "hello" }], stream: true };
    const response = await fetch(`http://127.0.0.1:${port}/v1/chat/completions`, { method: "POST", body: JSON.stringify(body) });
    const events = (await response.text()).split("\n").filter((line) => line.startsWith("data: "));
    expect(events.length).to.be.greaterThan(10);
    expect(events.at(-1)).to.equal("data: [DONE]");
  });

  it("is made anew from the same programs and packages with the same digest", async () => {
    const entry = readImagesLock().ollama;
    if (!entry) throw new Error("no ollama in images.lock");
    const again = await makeImage("ollama", entry, { directory: join(containerd.dir, "again") });
    const lock = parseClusterLock(readFileSync(join(containerd.dir, "images.lock"), "utf8")).images;
    expect(again.digest).to.equal(lock?.ollama?.digest);
    expect(again.size).to.be.lessThan(150e6);
  });

  it("is recorded for the program with the digest that runs", async () => {
    const lock = parseClusterLock(readFileSync(join(containerd.dir, "images.lock"), "utf8")).images;
    const { stdout } = await containerd.ctr(["images", "ls", `name==${image}`]);
    expect(stdout).to.contain(lock?.ollama?.digest);
  });
});

/** What containerd gives a container by default. */
const capabilities = [
  ...[
    "CHOWN",
    "DAC_OVERRIDE",
    "FSETID",
    "FOWNER",
    "MKNOD",
    "NET_RAW",
    "SETGID",
    "SETUID",
    "SETFCAP",
    "SETPCAP",
    "NET_BIND_SERVICE",
    "SYS_CHROOT",
    "KILL",
    "AUDIT_WRITE",
  ],
].map((name) => `CAP_${name}`);
