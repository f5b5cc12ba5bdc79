import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { exec } from "../../../tools/lib/exec";
import { root } from "../../../tools/lib/paths";
import { ensurePrograms } from "../../../tools/toolchain";
import type { Cluster } from "../../../tools/cluster";
import { cliEnvironment, standIns, testCluster } from "./support";

const program = `
const pulumi = require("@pulumi/pulumi"), k8s = require("@pulumi/kubernetes"), random = require("@pulumi/random"), { local } = require("@pulumi/command");
const provider = new k8s.Provider("cluster", { kubeconfig: process.env.OAP_EMBEDDED_KUBECONFIG, enableConfigMapMutable: true, enableSecretMutable: true, enablePatchForce: true });
const options = { provider };
const space = new k8s.core.v1.Namespace("cli", {}, options);
const namespace = space.metadata.name;
const password = new random.RandomPassword("password", { length: 20, special: false });
const settings = new k8s.core.v1.ConfigMap("settings", { metadata: { namespace }, data: { value: process.env.VALUE ?? "1" } }, options);
const secret = new k8s.core.v1.Secret("secret", { metadata: { name: "secret", namespace }, stringData: { password: password.result } }, options);
const imported = process.env.IMPORT ? [new k8s.core.v1.ConfigMap("imported", { metadata: { name: "by-hand", namespace: "default" }, data: { a: "1" } }, { provider, import: "default/by-hand", retainOnDelete: true })] : [];
const stuck = process.env.STUCK ? new k8s.core.v1.Pod("stuck", { metadata: { name: "stuck", namespace, annotations: { "pulumi.com/skipAwait": String(process.env.STUCK === "placeable") } }, spec: { nodeSelector: { nowhere: "true" }, terminationGracePeriodSeconds: 0, containers: [{ name: "main", image: "example/app:1" }] } }, options) : undefined;
const command = new local.Command("command", { create: pulumi.interpolate\`echo made \${settings.metadata.name}\` });
exports.namespace = namespace; exports.settings = settings.metadata.name; exports.said = command.stdout; exports.data = secret.data;
`;

describe("the Pulumi CLI with the stand-ins", function () {
  this.timeout(600_000);
  let cluster: Cluster;
  let home: Awaited<ReturnType<typeof standIns>>;
  let folder: string;
  let cli: string;

  const environment = (more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({
    ...cliEnvironment(home, join(folder, "state"), cluster),
    ...more,
  });
  const pulumi = async (args: readonly string[], env: NodeJS.ProcessEnv = {}, allowFailure = false) =>
    exec(cli, [...args, "--non-interactive"], {
      cwd: folder,
      allowFailure,
      env: environment(env),
    });
  /** Starts an `up` that comes to a pod that no node takes, and waits there. */
  const upUntilStuck = async () => {
    const env = environment({ VALUE: "2", IMPORT: "1", STUCK: "1" });
    const child = spawn(cli, ["up", "--yes", "--skip-preview", "--non-interactive"], { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
    let text = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (data: Buffer) => (text += data.toString()));
    const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
    while (!text.includes("nodes are available")) {
      if (child.exitCode !== null) throw new Error(text);
      await sleep(50);
    }
    return { child, ended, said: () => text };
  };
  const outputs = async () => JSON.parse((await pulumi(["stack", "output", "--json"])).stdout) as Record<string, string>;

  before(async function prepare() {
    this.timeout(600_000);
    [cluster, home] = await Promise.all([testCluster(), standIns()]);
    cli = (await ensurePrograms(["pulumi"])).pulumi.path("pulumi");
    folder = mkdtempSync(join(tmpdir(), "oap-cli-"));
    mkdirSync(join(folder, "state"));
    symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
    writeFileSync(join(folder, "Pulumi.yaml"), "name: standins\nruntime: { name: nodejs, options: { typescript: false } }\n");
    writeFileSync(join(folder, "package.json"), '{"name":"standins","main":"index.js"}');
    writeFileSync(join(folder, "index.js"), program);
    await pulumi(["stack", "init", "dev"]);
  });
  after(() => {
    home.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  it("brings a stack up; secrets are encrypted in the state and hidden in the output", async () => {
    const { stdout } = await pulumi(["up", "--yes"]);
    expect(stdout)
      .to.match(/\+ 7 created/)
      .and.include("data     : [secret]")
      .and.not.match(/exited prematurely|error:/);
    const { said, settings } = await outputs();
    expect(said).to.equal(`made ${settings}`);
    expect((await pulumi(["stack", "export"])).stdout).not.to.match(/"result": "/);
  });
  it("changes nothing the second time, also after a refresh", async () => {
    expect((await pulumi(["up", "--yes", "--expect-no-changes", "--refresh"])).stdout).to.include("7 unchanged");
  });
  it("updates in place what changed", async () => {
    const before = await outputs();
    expect((await pulumi(["up", "--yes"], { VALUE: "2" })).stdout).to.include("~ 1 updated");
    expect(await outputs()).to.deep.equal(before);
  });
  it("shows in a refresh what was changed by hand, and `up` repairs it", async () => {
    const { namespace = "", settings = "" } = await outputs();
    await cluster.kubectl(["patch", "configmap", settings, "-n", namespace, "-p", '{"data":{"value":"by hand"}}']);
    expect((await pulumi(["refresh", "--yes"], { VALUE: "2" })).stdout).to.match(/~ 1 updated/);
    expect((await pulumi(["up", "--yes"], { VALUE: "2" })).stdout).to.match(/~ 1 updated/);
    expect((await cluster.kubectl(["get", "configmap", settings, "-n", namespace, "-o", "jsonpath={.data.value}"])).stdout).to.equal("2");
  });
  it("imports an object by its id", async () => {
    await cluster.kubectl(["create", "configmap", "by-hand", "-n", "default", "--from-literal=a=1"]);
    expect((await pulumi(["up", "--yes"], { VALUE: "2", IMPORT: "1" })).stdout).to.match(/= 1 imported/);
  });
  it("is interrupted while it waits; the state then has what was made, and the next `up` goes on from there", async () => {
    const { child, ended, said } = await upUntilStuck();
    child.kill("SIGINT");
    expect(await ended).not.to.equal(0);
    expect(said()).to.include("cancelled while waiting for Pod").and.not.include("exited prematurely");
    expect((await pulumi(["stack", "export"])).stdout).to.match(/"kubernetes:core\/v1:Pod"/);
    expect((await pulumi(["up", "--yes"], { VALUE: "2", IMPORT: "1" })).stdout).to.match(/- 1 deleted/);
  });
  it("is killed while it creates: the next `up` names what is there already, and takes it over when it is told to", async () => {
    const { child, ended } = await upUntilStuck();
    child.kill("SIGKILL");
    await ended;
    await pulumi(["cancel", "--yes"]); // the lock of the killed run
    const placeable = { VALUE: "2", IMPORT: "1", STUCK: "placeable" };
    const refused = await pulumi(["up", "--yes"], placeable, true);
    expect(refused.code).not.to.equal(0);
    expect(refused.stdout)
      .to.match(/Pod .*\/stuck failed: pods "stuck" already exists/)
      .and.include("PULUMI_K8S_UPSERT_EXISTING_OBJECTS");
    expect((await pulumi(["up", "--yes"], { ...placeable, PULUMI_K8S_UPSERT_EXISTING_OBJECTS: "true" })).stdout).to.match(/\+ 1 created/);
    await pulumi(["up", "--yes"], placeable); // the SDK keeps that variable in the provider's state
    expect((await pulumi(["preview", "--expect-no-changes"], placeable)).stdout).to.include("unchanged");
    expect((await pulumi(["up", "--yes"], { VALUE: "2", IMPORT: "1" })).stdout).to.match(/- 1 deleted/);
  });
  it("takes everything down but what is retained", async () => {
    const { namespace = "" } = await outputs();
    await pulumi(["destroy", "--yes"], { VALUE: "2", IMPORT: "1" });
    expect((await cluster.kubectl(["get", "namespace", namespace], { allowFailure: true })).stderr).to.include("not found");
    expect((await cluster.kubectl(["get", "configmap", "by-hand", "-n", "default"])).code).to.equal(0);
  });
});
