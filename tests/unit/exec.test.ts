import { expect } from "chai";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exec, ExecError } from "../../tools/lib/exec";
import { UserError } from "../../tools/lib/errors";

async function failure(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => expect.fail("did not fail"),
    (error: unknown) => error,
  );
}

describe("a child process", () => {
  it("returns output and exit code", async () => {
    expect(await exec("sh", ["-c", "echo out; echo err >&2; exit 3"], { allowFailure: true })).to.deep.equal({ code: 3, stdout: "out\n", stderr: "err\n" });
  });

  it("fails with the last lines of what it said", async () => {
    const error = await failure(exec("sh", ["-c", "echo why >&2; exit 1"]));
    expect(error).to.be.instanceOf(ExecError);
    expect((error as Error).message)
      .to.contain("exit code 1")
      .and.to.contain("why");
  });

  it("names a program that is not installed, with the fix", async () => {
    const error = await failure(exec("no-such-program-here", []));
    expect(error).to.be.instanceOf(UserError);
    expect((error as UserError).fix).to.contain("install no-such-program-here");
  });

  it("is given up when it stalls", async () => {
    const error = await failure(exec("sleep", ["30"], { stallMs: 100 }));
    expect((error as Error).message).to.contain("printed nothing for 0.1 s");
  });

  it("is given up when it takes too long, although it prints", async () => {
    const error = await failure(exec("sh", ["-c", "while :; do echo x; sleep 0.02; done"], { stallMs: 1000, timeoutMs: 200 }));
    expect((error as ExecError).result.code).to.equal(124);
  });

  it("gives each line as it comes, the last one without a line break too", async () => {
    const lines: string[] = [];
    await exec("printf", ["a\\nb"], { onLine: (line) => lines.push(line) });
    expect(lines).to.deep.equal(["a", "b"]);
  });

  it("may say its last words after it was aborted", async () => {
    const dir = mkdtempSync(join(tmpdir(), "oap-exec-"));
    const stop = new AbortController();
    const said = Promise.withResolvers<void>();
    const onLine = (line: string) => (line === "ready" ? stop.abort() : said.resolve());
    const script = "trap 'n=0; while [ $n -lt 2000 ]; do echo bye; n=$((n+1)); done; exit 1' TERM; echo ready; while :; do :; done";
    const error = await failure(exec("sh", ["-c", script], { signal: stop.signal, logFile: join(dir, "log"), onLine }));
    await said.promise;
    rmSync(dir, { recursive: true });
    expect((error as Error).name).to.equal("AbortError");
  });
});
