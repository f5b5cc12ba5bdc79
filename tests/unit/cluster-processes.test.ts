import { expect } from "chai";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assertRunning, endProcesses, ensureProcess, pidOf, processesOf, stopProcess, type Component } from "../../tools/cluster/processes";
import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../../tools/lib/errors";

describe("processes of an embedded cluster", function () {
  this.timeout(20_000);
  let dir: string;
  let id: string;
  const sleeper = (extra: Partial<Component> = {}): Component => ({
    name: "sleeper",
    command: "sleep",
    args: ["1000"],
    env: { PATH: process.env.PATH },
    ...extra,
  });
  const pid = (): number => pidOf(dir, "sleeper") ?? 0;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "oap-processes-"));
    id = dir.slice(-6);
  });
  afterEach(async () => {
    await endProcesses(processesOf(id), 0);
    rmSync(dir, { recursive: true });
  });

  it("start once, and again after they were killed", async () => {
    expect(await ensureProcess(dir, id, sleeper())).to.equal(true);
    const first = pid();
    expect(await ensureProcess(dir, id, sleeper())).to.equal(false);
    expect(pid()).to.equal(first);
    process.kill(first, "SIGKILL");
    await endProcesses([first], 0);
    expect(pidOf(dir, "sleeper")).to.equal(undefined);
    expect(await ensureProcess(dir, id, sleeper())).to.equal(true);
    expect(pid()).to.not.equal(first);
  });

  it("start anew when their arguments or what they read has changed", async () => {
    const input = join(dir, "input");
    writeFileSync(input, "a");
    await ensureProcess(dir, id, sleeper({ inputs: [input] }));
    const first = pid();
    writeFileSync(input, "b");
    expect(await ensureProcess(dir, id, sleeper({ inputs: [input] }))).to.equal(true);
    const second = pid();
    expect(second).to.not.equal(first);
    expect(await ensureProcess(dir, id, sleeper({ inputs: [input], args: ["1001"] }))).to.equal(true);
    expect(processesOf(id)).to.deep.equal([pid()]);
  });

  it("are found without a record too, and one of the same command is ended before its like starts", async () => {
    await ensureProcess(dir, id, sleeper());
    const lost = pid();
    rmSync(join(dir, "run"), { recursive: true });
    expect(processesOf(id)).to.deep.equal([lost]);
    await ensureProcess(dir, id, sleeper());
    expect(processesOf(id)).to.deep.equal([pid()]);
  });

  it("are no process that has the same id but started at another time", async () => {
    await ensureProcess(dir, id, sleeper());
    const file = join(dir, "run/sleeper.json");
    writeFileSync(file, JSON.stringify({ ...(JSON.parse(readFileSync(file, "utf8")) as object), startTime: "1" }));
    expect(pidOf(dir, "sleeper")).to.equal(undefined);
  });

  it("that end early are an error with the end and the place of their log", async () => {
    await ensureProcess(dir, id, { name: "broken", command: "sh", args: ["-c", "echo first; echo the reason >&2; exit 3"], env: { PATH: process.env.PATH } });
    while (processesOf(id).length > 0) await sleep(10); // it ends by itself
    expect(() => assertRunning(dir, "broken")).to.throw(UserError, /broken ended right after its start:\nfirst\nthe reason\nfull log: .*broken\.log/);
  });

  it("are killed when they don't end when asked", async () => {
    await ensureProcess(dir, id, {
      name: "stubborn",
      command: "sh",
      args: ["-c", "trap '' TERM; echo ready; while :; do sleep 0.1; done"],
      env: { PATH: process.env.PATH },
    });
    while (!readFileSync(join(dir, "logs/stubborn.log"), "utf8").includes("ready")) await new Promise((resolve) => setTimeout(resolve, 10));
    await stopProcess(dir, "stubborn", 200);
    await endProcesses(processesOf(id), 0);
    expect(processesOf(id)).to.deep.equal([]);
  });
});
