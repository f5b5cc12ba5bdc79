/**
 * Runs the suites, cheapest first, each in a process of its own: `run.ts [unit|contract|e2e …]`.
 * Closing line: "N passed, N failed". A suite that ends without totals counts as a failure.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "../tools/lib/paths";
import { say, seconds } from "../tools/lib/progress";

const suites = ["unit", "contract", "e2e"] as const;
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !suites.some((suite) => suite === name));
if (unknown.length > 0) {
  process.stderr.write(`error: ${unknown.join(", ")}: no such suite\nfix: any of ${suites.join(", ")}, or nothing for all\n`);
  process.exit(2);
}

const dir = mkdtempSync(join(tmpdir(), "oap-tests-"));
let passed = 0;
let failed = 0;
for (const suite of suites.filter((name) => wanted.length === 0 || wanted.includes(name))) {
  const start = Date.now();
  const totals = join(dir, suite);
  const { status } = spawnSync(
    process.execPath,
    ["--import", "tsx", "node_modules/mocha/bin/mocha.js", "--reporter", join(__dirname, "support/reporter.ts"), `tests/${suite}/**/*.test.ts`],
    { cwd: root, stdio: ["ignore", "inherit", "inherit"], env: { ...process.env, TEST_TOTALS: totals } },
  );
  const [passes = 0, failures = 0] = read(totals);
  passed += passes;
  failed += failures + (status !== 0 && failures === 0 ? 1 : 0);
  say(
    `${suite}: ${passes} passed, ${failures} failed in ${seconds(Date.now() - start)}${status !== 0 && failures === 0 ? ` (ended with status ${status})` : ""}\n`,
  );
}
rmSync(dir, { recursive: true });
say(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);

function read(file: string): number[] {
  try {
    return readFileSync(file, "utf8").trim().split(" ").map(Number);
  } catch {
    return [];
  }
}
