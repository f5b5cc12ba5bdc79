/** `make compliance STACK=production OUT=dir [BY=name] [TIME=instant] [RESULTS=file]`: the report of a policy check, in a file per reader. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { isAbsolute, join, relative, resolve } from "node:path";
import type { Results } from "../../policy/src/results";
import { formats, reportOf, type Facts } from "../../policy/src/report";
import { messageOf, UserError } from "../lib/errors";
import { exec } from "../lib/exec";
import { logDir, root } from "../lib/paths";
import { bold, green, red, say, step, yellow } from "../lib/progress";
import { ensurePack } from "../policy/pack";
import { openTools } from "../stack/tools";
import { stackPolicies } from "./policy";
import { settings } from "./settings";

const colors = { passed: green, open: yellow, failed: red };

export async function compliance(): Promise<number> {
  const { OUT: out, BY: by, TIME: time, RESULTS: file } = process.env;
  const example = `make compliance STACK=${process.env.STACK || "production"} OUT=compliance`;
  if (!out) throw new UserError("no folder given for the report", { fix: example });
  if (time) instantOf(time);
  // Read first: what comes after takes a minute.
  const given = file ? resultsFrom(readText(file), file) : undefined;
  const facts = await factsOf(root, { by: by || undefined, time: time || undefined, except: resolve(out) });
  const { results, versions } = given === undefined ? await checked() : { results: given, versions: {} };
  const report = reportOf(results, { ...facts, versions });
  mkdirSync(resolve(out), { recursive: true });
  for (const { file: name, write } of formats) writeFileSync(join(resolve(out), name), write(report));
  say(`  ${bold(colors[report.verdict.outcome](report.verdict.outcome))}: ${report.verdict.sentence}`);
  for (const { file: name, what } of formats) say(`  ${join(out, name)}: ${what}`);
  return report.verdict.outcome === "failed" ? 1 : 0;
}

/** The policies over one of our stacks, by a real preview. */
async function checked(): Promise<{ results: Results; versions: Facts["versions"] }> {
  const { stack, platform } = settings();
  const pack = await ensurePack();
  const tools = await openTools();
  const { results, output } = await step(`preview of ${stack} with the policies`, () => stackPolicies(stack, platform, tools, pack));
  if (results === undefined)
    throw new UserError(`the preview of stack ${stack} came to no end:\n${output.trim()}`, {
      fix: `correct what it names; all of it is in ${logDir}/policy.log`,
    });
  const { stdout } = await exec(tools.pulumi, ["version"]);
  return { results, versions: { pulumi: stdout.trim().replace(/^v/, ""), node: process.version.slice(1) } };
}

export interface FactOptions {
  readonly by?: string | undefined;
  readonly time?: string | undefined;
  /** Folder of the report: its files are no changes of the program. */
  readonly except?: string | undefined;
}

/** Whose report it is, of which commit, and when: the commit's own time, so that the same commit has the same report. @throws UserError where no time is known */
export async function factsOf(folder: string, { by, time, except }: FactOptions): Promise<Omit<Facts, "versions">> {
  const git = async (...args: readonly string[]) => {
    const { code, stdout } = await exec("git", ["-C", folder, ...args], { allowFailure: true });
    return code === 0 ? stdout.trim() : undefined;
  };
  const inside = except === undefined ? "" : relative(folder, except);
  const without = inside === "" || inside.startsWith("..") || isAbsolute(inside) ? [] : ["--", ".", `:(exclude)${inside}`];
  const [hash, committed] = [await git("rev-parse", "HEAD"), await git("log", "-1", "--format=%cI")];
  const when = time ?? committed;
  if (when === undefined) throw new UserError("when was it checked? There is no commit whose time could be taken", { fix: "TIME=2026-01-31T12:00:00Z" });
  return {
    time: instantOf(when),
    ...(by === undefined ? {} : { by }),
    ...(hash === undefined ? {} : { commit: { hash, changed: (await git("status", "--porcelain", ...without)) !== "" } }),
  };
}

/** In UTC, to the second. @throws UserError */
export function instantOf(text: string): string {
  const date = new Date(text);
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/.test(text) || Number.isNaN(date.getTime()))
    throw new UserError(`TIME=${text}: an instant with its zone`, { fix: "TIME=2026-01-31T12:00:00Z" });
  return date.toISOString().replace(/\.\d+Z$/, "Z");
}

const lists = ["policies", "objects", "results", "exemptions"] as const;

/** Results that a run of the pack left in a file. @throws UserError for a file of another kind */
export function resultsFrom(text: string, file: string): Results {
  const fix = "name a file that a run with OPENSHIFT_AI_POLICY_RESULTS=file wrote, or that `openshift-ai-policy check --output results` printed";
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UserError(`RESULTS=${file}: not JSON: ${messageOf(error)}`, { fix });
  }
  const fields = typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
  const missing = [
    ...["version", "stack"].filter((key) => typeof fields[key] !== "string"),
    ...(typeof fields.settings === "object" && fields.settings !== null ? [] : ["settings"]),
    ...lists.filter((key) => !Array.isArray(fields[key])),
  ];
  if (missing.length > 0) throw new UserError(`RESULTS=${file}: not the results of a policy check: ${missing.join(", ")} missing or of another type`, { fix });
  return value as Results;
}

function readText(file: string): string {
  try {
    return readFileSync(resolve(file), "utf8");
  } catch (error) {
    throw new UserError(`RESULTS=${file}: ${messageOf(error)}`, { fix: "name a file that is there" });
  }
}
