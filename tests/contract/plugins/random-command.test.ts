import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { at, isSecret, makeSecret, plainMap, UNKNOWN, type ValueMap } from "../../../tools/plugins/lib/values";
import { errorOf, Plugin, standIns, urnOf } from "./support";

describe("the stand-ins of the random and command plugins", function () {
  this.timeout(120_000);
  let home: Awaited<ReturnType<typeof standIns>>;
  let random: Plugin;
  let command: Plugin;
  let folder: string;
  const made = async (plugin: Plugin, urn: string, news: ValueMap) => {
    const { inputs, failures } = await plugin.check(urn, news);
    expect(failures).to.deep.equal([]);
    return { inputs, ...(await plugin.create(urn, inputs)) };
  };

  before(async () => {
    home = await standIns();
    folder = mkdtempSync(join(tmpdir(), "oap-command-"));
    [random, command] = await Promise.all([Plugin.start(home.plugins, "random"), Plugin.start(home.plugins, "command")]);
    await Promise.all([random.configure(), command.configure()]);
  });
  after(async () => {
    await Promise.all([random.stop(), command.stop()]);
    home.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  describe("a password", () => {
    const urn = urnOf("random:index/randomPassword:RandomPassword", "password");
    it("is secret, keeps its value while nothing changes, and is made anew when a keeper does", async () => {
      const { state, inputs, id } = await made(random, urn, { length: 24, special: false, keepers: { round: "1" } });
      expect(id).to.equal("none");
      expect(isSecret(state.result)).to.equal(true);
      expect(plainMap(state).result).to.match(/^[A-Za-z0-9]{24}$/);
      const same = await random.check(urn, { length: 24, special: false, keepers: { round: "1" } }, inputs);
      expect((await random.diff(urn, state, same.inputs, inputs)).changed).to.equal(false);
      const next = await random.check(urn, { length: 24, special: false, keepers: { round: "2" } }, inputs);
      expect((await random.diff(urn, state, next.inputs, inputs)).replaces).to.deep.equal(["keepers"]);
      expect((await random.read(urn, id, state, inputs)).state).to.deep.equal(state);
    });
    it("is not known in a preview", async () => {
      const { state } = await random.create(urn, (await random.check(urn, { length: 8 })).inputs, { preview: true });
      expect(plainMap(state).result).to.equal(UNKNOWN);
    });
    it("is refused where no value can follow the rules, naming the field", async () => {
      expect((await random.check(urn, { length: 2, minUpper: 3 })).failures[0]).to.match(/length: .*2 is less than the 3 characters/);
    });
    it("can be imported", async () => {
      const { state, inputs, id } = await random.read(urn, "opensesame");
      expect({ id, length: inputs.length, result: plainMap(state).result, secret: isSecret(state.result) }).to.deep.equal({
        id: "none",
        length: 10,
        result: "opensesame",
        secret: true,
      });
    });
  });

  it("a RandomId has the same bytes in all its forms", async () => {
    const { id, state } = await made(random, urnOf("random:index/randomId:RandomId", "id"), { byteLength: 4, prefix: "p-" });
    const hex = Buffer.from(id, "base64url").toString("hex");
    expect(state).to.deep.include({ hex: `p-${hex}`, b64Url: `p-${id}`, dec: `p-${parseInt(hex, 16)}` });
  });

  describe("a command", () => {
    const urn = urnOf("command:local:Command", "c");
    it("runs with its environment, directory, stdin and interpreter, and logs what it prints", async () => {
      const { state } = await made(command, urn, {
        create: 'echo "$WHO $PWD $(cat)"',
        environment: { WHO: "me" },
        dir: folder,
        stdin: "in",
        interpreter: ["/bin/bash", "-c"],
      });
      expect(state.stdout).to.equal(`me ${folder} in`);
      expect(command.messages.map((message) => message.text)).to.include(`me ${folder} in`);
    });
    it("hands its output on to update and delete", async () => {
      const { state, inputs, id } = await made(command, urn, {
        create: "echo one",
        update: 'echo "after $PULUMI_COMMAND_STDOUT"',
        delete: `echo "$PULUMI_COMMAND_STDOUT" > ${folder}/gone`,
      });
      const next = await command.check(urn, { ...inputs, environment: { X: "1" } }, inputs);
      expect(await command.diff(urn, state, next.inputs, inputs)).to.deep.include({ paths: ["environment"], replaces: [] });
      const updated = await command.update(urn, id, state, next.inputs);
      expect(updated.stdout).to.equal("after one");
      await command.delete(urn, id, updated);
      expect(readFileSync(join(folder, "gone"), "utf8")).to.equal("after one\n");
    });
    it("is replaced when a trigger changes", async () => {
      const { state, inputs } = await made(command, urn, { create: "true", triggers: ["1"] });
      expect((await command.diff(urn, state, { ...inputs, triggers: ["2"] }, inputs)).replaces).to.deep.equal(["triggers"]);
    });
    it("is not run in a preview", async () => {
      const { state } = await command.create(urn, { create: `touch ${folder}/never` }, { preview: true });
      expect(state.stdout).to.equal(UNKNOWN);
      expect(existsSync(join(folder, "never"))).to.equal(false);
    });
    it("shows its output when it fails, but not when an input is secret", async () => {
      expect((await errorOf(command.create(urn, { create: "echo broken; exit 3" }))).message)
        .to.include("exit status 3")
        .and.include("broken");
      const before = command.messages.length;
      const error = await errorOf(command.create(urn, { create: "echo $KEY; exit 3", environment: { KEY: makeSecret("hunter2") } }));
      expect(error.message).to.include("exit status 3").and.not.include("hunter2");
      expect(JSON.stringify(command.messages.slice(before))).not.to.include("hunter2");
    });
    it("has secret outputs where an input is secret", async () => {
      const { state } = await made(command, urn, { create: "echo $KEY", environment: { KEY: makeSecret("hunter2") } });
      expect(isSecret(state.stdout)).to.equal(true);
      expect(isSecret(at(state, "environment", "KEY"))).to.equal(true);
    });
    it("refuses assets and other machines by name", async () => {
      expect((await command.check(urn, { create: "true", assetPaths: ["*"] })).failures[0]).to.include("assetPaths");
      expect((await errorOf(command.check(urnOf("command:remote:Command", "r"), {}))).message)
        .to.include("command:remote:Command")
        .and.include("official plugin");
    });
    it("can be run as a function", async () => {
      expect((await command.invoke("command:local:run", { command: "echo hi" })).stdout).to.equal("hi");
    });
    it("is interrupted with all that it started", async () => {
      const interrupted = await Plugin.start(home.plugins, "command");
      await interrupted.configure();
      const running = errorOf(interrupted.create(urn, { create: `echo $$ > ${folder}/pid; sleep 600; echo never` }));
      while (!existsSync(join(folder, "pid"))) await sleep(20);
      await interrupted.cancel();
      expect((await running).message).to.include("interrupted");
      await interrupted.stop();
    });
  });
});
