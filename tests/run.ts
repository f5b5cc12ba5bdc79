/**
 * Runs the suites, cheapest first: `run.ts [unit|policy|contract|e2e …]`. The groups of a suite run side by side, each in a process and with a state folder of its own;
 * what makes real clusters is in one group, since it compares the host before and after.
 * Closes with every failure of all groups, then the line "N passed, N failed". A group that ends without totals counts as a failure.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { messageOf } from "../tools/lib/errors";
import { root } from "../tools/lib/paths";
import { say, seconds } from "../tools/lib/progress";
import { ensurePrograms } from "../tools/toolchain";
import { programNames } from "../tools/toolchain/programs";
import { nextFailure } from "./support/reporter";

const suites = ["unit", "policy", "contract", "e2e"] as const;
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
  const failures: string[] = [];
  for (const suite of suites.filter((name) => wanted.length === 0 || wanted.includes(name))) {
    // Where nothing is cached a build takes minutes: a test that waited for one would run into its own time limit.
    if (suite === "contract" || suite === "e2e") await ensurePrograms(programNames);
    const start = Date.now();
    const results = await Promise.all(groupsOf(suite).map((files, i) => run(files, join(dir, `${suite}-${i}`), i === 0)));
    const passed = results.reduce((all, one) => all + one.passed, 0);
    const failed = results.reduce((all, one) => all + one.failed, 0);
    say(`${suite}: ${passed} passed, ${failed} failed in ${seconds(Date.now() - start)}\n`);
    sum.passed += passed;
    sum.failed += failed;
    failures.push(...results.flatMap((one) => one.failures).map((text) => `${suite}: ${text}`));
  }
  rmSync(dir, { recursive: true, force: true });
  for (const text of failures) say(`✗ ${text}\n`);
  say(`${sum.passed} passed, ${sum.failed} failed`);
  return sum.failed === 0 && sum.passed > 0;
}

/** Folders of contract tests by group, so that all take as long; the first one has all that make real clusters. What is in none is in the last. */
const contractGroups = [
  ["cluster", "exposure", "images", "kubeconform", "plugins", "serving", "toolchain", "upgrade"],
  ["doctor", "foundation", "network", "policy", "render", "storage"],
];

/** Files of each group; every file of the suite is in one. */
function groupsOf(suite: (typeof suites)[number]): readonly (readonly string[])[] {
  const files = readdirSync(join(__dirname, suite), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".test.ts"))
    .sort()
    .map((file) => join("tests", suite, file));
  const groups = Map.groupBy(files, (file) => {
    if (suite === "unit" || suite === "policy") return 0;
    if (suite === "e2e") return file.endsWith("platform.test.ts") ? 0 : 1;
    const index = contractGroups.findIndex((folders) => folders.includes(file.split("/")[2] ?? ""));
    return index < 0 ? contractGroups.length : index;
  });
  return [...groups].sort(([a], [b]) => a - b).map(([, group]) => group);
}

/** @param state where the group keeps its state, and the reporter its counts @param live shows the output as it comes; else in one piece at the end */
async function run(files: readonly string[], state: string, live: boolean): Promise<{ passed: number; failed: number; failures: readonly string[] }> {
  const totals = `${state}.totals`;
  const child = spawn(
    process.execPath,
    ["--import", "tsx", "node_modules/mocha/bin/mocha.js", "--reporter", join(__dirname, "support/reporter.ts"), ...files],
    {
      cwd: root,
      stdio: ["ignore", live ? "inherit" : "pipe", live ? "inherit" : "pipe"],
      env: { ...process.env, TEST_TOTALS: totals, ...(files.length > 0 && files[0]?.includes("contract") ? { OAP_STATE_DIR: state } : {}) },
    },
  );
  const output: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (data: Buffer) => output.push(data));
  const { promise, resolve } = Promise.withResolvers<number | null>();
  child.on("close", resolve);
  const status = await promise;
  if (output.length > 0) process.stdout.write(Buffer.concat(output));
  const [counts = "", ...failures] = read(totals).split(nextFailure);
  const [passed = 0, failed = 0] = counts === "" ? [] : counts.split(" ").map(Number);
  if (status === 0 || failed > 0) return { passed, failed, failures };
  return { passed, failed: 1, failures: [`ended with status ${status}: ${files.join(" ")}`] };
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
