/**
 * Runs the suites, cheapest first, each in a process of its own: `run.ts [unit|contract|e2e …]`.
 * Closing line: "N passed, N failed". A suite that ends without totals counts as a failure.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { messageOf } from "../tools/lib/errors";
import { root } from "../tools/lib/paths";
import { say, seconds } from "../tools/lib/progress";
import { ensurePrograms } from "../tools/toolchain";
import { programNames } from "../tools/toolchain/programs";

const suites = ["unit", "contract", "e2e"] as const;
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !suites.some((suite) => suite === name));
if (unknown.length > 0) {
  process.stderr.write(`error: ${unknown.join(", ")}: no such suite\nfix: any of ${suites.join(", ")}, or nothing for all\n`);
  process.exit(2);
}

void main().then(
  (ok) => process.exit(ok ? 0 : 1),
  (error: unknown) => {
    process.stderr.write(`error: ${messageOf(error)}\n`);
    process.exit(1);
  },
);

async function main(): Promise<boolean> {
  const dir = mkdtempSync(join(tmpdir(), "oap-tests-"));
  const sum = { passed: 0, failed: 0 };
  for (const suite of suites.filter((name) => wanted.length === 0 || wanted.includes(name))) {
    // Where nothing is cached a build takes minutes: a test that waited for one would run into its own time limit.
    if (suite === "contract" || suite === "e2e") await ensurePrograms(programNames);
    const { passed, failed } = run(suite, join(dir, suite));
    sum.passed += passed;
    sum.failed += failed;
  }
  rmSync(dir, { recursive: true });
  say(`${sum.passed} passed, ${sum.failed} failed`);
  return sum.failed === 0 && sum.passed > 0;
}

/** @param totals file that the reporter writes its counts to */
function run(suite: string, totals: string): { passed: number; failed: number } {
  const start = Date.now();
  const { status } = spawnSync(
    process.execPath,
    ["--import", "tsx", "node_modules/mocha/bin/mocha.js", "--reporter", join(__dirname, "support/reporter.ts"), `tests/${suite}/**/*.test.ts`],
    { cwd: root, stdio: ["ignore", "inherit", "inherit"], env: { ...process.env, TEST_TOTALS: totals } },
  );
  const [passed = 0, failures = 0] = read(totals);
  const crashed = status !== 0 && failures === 0;
  say(`${suite}: ${passed} passed, ${failures} failed in ${seconds(Date.now() - start)}${crashed ? ` (ended with status ${status})` : ""}\n`);
  return { passed, failed: failures + (crashed ? 1 : 0) };
}

function read(file: string): number[] {
  try {
    return readFileSync(file, "utf8").trim().split(" ").map(Number);
  } catch {
    return [];
  }
}
