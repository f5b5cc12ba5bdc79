import { expect } from "chai";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isAlive, startTimeOf, withLock } from "../../tools/lib/lock";

describe("a lock between processes", () => {
  let dir: string;
  beforeEach(() => (dir = mkdtempSync(join(tmpdir(), "oap-lock-"))));
  afterEach(() => rmSync(dir, { recursive: true }));

  it("lets one holder in at a time, and tells the other whom it waits for", async () => {
    const events: string[] = [];
    const gate = Promise.withResolvers<void>();
    const first = withLock(join(dir, "lock"), async () => {
      events.push("first in");
      await gate.promise;
      events.push("first out");
    });
    const second = withLock(
      join(dir, "lock"),
      () => Promise.resolve(events.push("second in")),
      (pid) => {
        events.push(`waits for ${pid === process.pid ? "us" : "another"}`);
        gate.resolve();
      },
    );
    await Promise.all([first, second]);
    expect(events).to.deep.equal(["first in", "waits for us", "first out", "second in"]);
    expect(existsSync(join(dir, "lock"))).to.equal(false);
  });

  it("takes over from a holder that was killed", async () => {
    const child = spawn("sleep", ["60"]);
    const pid = child.pid ?? 0;
    writeFileSync(join(dir, "lock"), `${pid} ${startTimeOf(pid)}`);
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(await withLock(join(dir, "lock"), () => Promise.resolve("in"))).to.equal("in");
  });

  it("does not take a reused process id for the holder", () => {
    expect(isAlive(process.pid, startTimeOf(process.pid))).to.equal(true);
    expect(isAlive(process.pid, "1")).to.equal(false);
  });

  it("is released when the work fails", async () => {
    await withLock(join(dir, "lock"), () => Promise.reject(new Error("broken"))).catch(() => undefined);
    expect(existsSync(join(dir, "lock"))).to.equal(false);
  });
});
