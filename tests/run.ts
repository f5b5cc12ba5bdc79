/**
 * Runs the suites: `run.ts [unit|policy|contract|e2e …]`. The cheap ones first; then a folder of contract tests or a file of e2e tests after another, three side by
 * side, each in a process and with a state folder of its own. Tests of real clusters compare the host before and after, so no two of them run at once.
 * Closes with every failure of all, then the line "N passed, N failed". A process that ends without totals counts as a failure.
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

/** What is in one stage runs side by side. */
const stages = [["unit"], ["policy"], ["contract", "e2e"]] as const;
const suites = stages.flat();
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

interface Part {
  readonly name: string;
  readonly files: readonly string[];
  /** Makes real clusters, and compares the host before and after. */
  readonly host: boolean;
}

async function main(): Promise<boolean> {
  const dir = mkdtempSync(join(tmpdir(), "oap-tests-"));
  const sum = { passed: 0, failed: 0 };
  const failures: string[] = [];
  for (const stage of stages) {
    const chosen = stage.filter((suite) => wanted.length === 0 || wanted.includes(suite));
    const parts = chosen.flatMap(partsOf);
    if (parts.length === 0) continue;
    // Where nothing is cached a build takes minutes: a test that waited for one would run into its own time limit.
    if (parts.some(({ host }) => host)) await ensurePrograms(programNames);
    const start = Date.now();
    const results = await all(parts, join(dir, stage[0]));
    const passed = results.reduce((count, one) => count + one.passed, 0);
    const failed = results.reduce((count, one) => count + one.failed, 0);
    say(`${chosen.join(" and ")}: ${passed} passed, ${failed} failed in ${seconds(Date.now() - start)}\n`);
    sum.passed += passed;
    sum.failed += failed;
    failures.push(...results.flatMap((one) => one.failures));
  }
  rmSync(dir, { recursive: true, force: true });
  for (const text of failures) say(`✗ ${text}\n`);
  say(`${sum.passed} passed, ${sum.failed} failed`);
  return sum.failed === 0 && sum.passed > 0;
}

/** Folders of contract tests that make real clusters or what belongs to one. */
const realFolders = ["cluster", "exposure", "images", "toolchain"];
/** What takes longest begins first, so that nothing long is left for the end; the others by name. */
const longest = ["e2e/platform", "contract/policy", "contract/rollouts", "contract/network", "e2e/stacks", "contract/serving", "contract/doctor"];

/** Every file of the suite is in one part. */
function partsOf(suite: (typeof suites)[number]): readonly Part[] {
  const files = readdirSync(join(__dirname, suite), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".test.ts"))
    .sort();
  const parts = Map.groupBy(files, (file) => {
    const name = (file.split("/")[0] ?? file).replace(/\.test\.ts$/, "");
    if (suite === "unit" || suite === "policy") return suite;
    return suite === "contract" && realFolders.includes(name) ? "contract/real" : `${suite}/${name}`;
  });
  return [...parts].map(([name, group]) => ({
    name,
    files: group.map((file) => join("tests", suite, file)),
    host: name === "contract/real" || name === "e2e/platform",
  }));
}

/** One lane is that of the host's parts, and takes others once there are none; more than two wait for timers and controllers most of the time. */
async function all(parts: readonly Part[], state: string): Promise<readonly Result[]> {
  const rank = ({ name }: Part): number => (longest.includes(name) ? longest.indexOf(name) : longest.length);
  const waiting = [...parts].sort((a, b) => rank(a) - rank(b));
  const results: Result[] = [];
  const lane = async (host: boolean): Promise<void> => {
    for (;;) {
      let index = host ? waiting.findIndex((part) => part.host) : -1;
      if (index < 0) index = waiting.findIndex((part) => !part.host);
      const [part] = index < 0 ? [] : waiting.splice(index, 1);
      if (part === undefined) return;
      if (parts.length > 1) say(`  … ${part.name}`);
      results.push(await run(part, `${state}-${part.name.replace("/", "-")}`, parts.length === 1));
    }
  };
  await Promise.all([lane(true), lane(false), lane(false)]);
  return results;
}

interface Result {
  readonly passed: number;
  readonly failed: number;
  readonly failures: readonly string[];
}

/** @param state where the part keeps its state, and the reporter its counts @param live shows the output as it comes; else in one piece at the end */
async function run({ name, files }: Part, state: string, live: boolean): Promise<Result> {
  const start = Date.now();
  const totals = `${state}.totals`;
  const child = spawn(
    process.execPath,
    ["--import", "tsx", "node_modules/mocha/bin/mocha.js", "--reporter", join(__dirname, "support/reporter.ts"), ...files],
    {
      cwd: root,
      stdio: ["ignore", live ? "inherit" : "pipe", live ? "inherit" : "pipe"],
      env: { ...process.env, TEST_TOTALS: totals, ...(name.startsWith("contract") ? { OAP_STATE_DIR: state } : {}) },
    },
  );
  const output: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (data: Buffer) => output.push(data));
  const { promise, resolve } = Promise.withResolvers<number | null>();
  child.on("close", resolve);
  const status = await promise;
  if (output.length > 0) process.stdout.write(Buffer.concat(output));
  if (!live) say(`  ${name} took ${seconds(Date.now() - start)}`);
  const [counts = "", ...failures] = read(totals).split(nextFailure);
  const [passed = 0, failed = 0] = counts === "" ? [] : counts.split(" ").map(Number);
  if (status === 0 || failed > 0) return { passed, failed, failures: failures.map((text) => `${name}: ${text}`) };
  return { passed, failed: 1, failures: [`${name} ended with status ${status}: ${files.join(" ")}`] };
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
