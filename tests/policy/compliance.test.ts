/** `make compliance`: of whom, when and of which commit a report is, and results from a file. */
import { expect } from "chai";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compliance, factsOf, instantOf, resultsFrom } from "../../tools/commands/compliance";
import { exec } from "../../tools/lib/exec";
import { UserError } from "../../tools/lib/errors";
import { captured } from "../support/toolchain";
import { mixed, result, resultsOf } from "./reportResults";

const refusal = async (run: () => unknown): Promise<string> => {
  try {
    await run();
  } catch (error) {
    if (error instanceof UserError) return `${error.message} | ${error.fix ?? ""}`;
    throw error;
  }
  throw new Error("nothing was refused");
};

describe("make compliance", () => {
  let dir: string;
  const was = { ...process.env };
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "oap-compliance-"));
  });
  afterEach(() => {
    for (const name of ["OUT", "BY", "TIME", "RESULTS", "STACK"]) {
      if (was[name] === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = was[name];
    }
    rmSync(dir, { recursive: true });
  });

  /** Runs the command on results in a file. */
  async function run(results: object, env: Readonly<Record<string, string>> = {}): Promise<{ output: string; result: number }> {
    writeFileSync(join(dir, "results.json"), JSON.stringify(results));
    Object.assign(process.env, { RESULTS: join(dir, "results.json"), OUT: join(dir, "out"), TIME: "2026-11-24T20:00:00+01:00", BY: "A. Reviewer", ...env });
    return captured(compliance);
  }

  it("writes six files, says the verdict and where they are, and fails where a violation is mandatory", async () => {
    const { output, result: code } = await run(resultsOf(mixed));
    expect(code).to.equal(1);
    expect(output).to.contain("failed: 1 mandatory violation");
    const files = readdirSync(join(dir, "out"));
    expect(files.sort()).to.deep.equal(["report.csv", "report.html", "report.json", "report.junit.xml", "report.oscal.json", "report.sarif"]);
    for (const file of files) expect(output).to.contain(join(dir, "out", file));
    expect(readFileSync(join(dir, "out/report.html"), "utf8"))
      .to.contain("A. Reviewer")
      .and.contain("2026-11-24 19:00:00 UTC");
  });

  it("succeeds where everything passed, and where something is open only", async () => {
    expect((await run(resultsOf([result("job-limits", "web", "passed")]))).result).to.equal(0);
    const { output, result: code } = await run(resultsOf([result("job-limits", "web", "not decided")]));
    expect(code).to.equal(0);
    expect(output).to.contain("open: No mandatory violation. 1 check not decided before up.");
  });

  it("writes the same bytes again", async () => {
    await run(resultsOf(mixed));
    const first = readdirSync(join(dir, "out")).map((file) => readFileSync(join(dir, "out", file), "utf8"));
    await run(resultsOf(mixed));
    expect(readdirSync(join(dir, "out")).map((file) => readFileSync(join(dir, "out", file), "utf8"))).to.deep.equal(first);
  });

  it("needs a folder, and says so before it looks at anything", async () => {
    process.env.OUT = "";
    process.env.STACK = "production"; // make hands it on as dev
    expect(await refusal(compliance)).to.equal("no folder given for the report | make compliance STACK=production OUT=compliance");
  });

  it("refuses a file that is none, and one that isn't results", async () => {
    process.env.OUT = join(dir, "out");
    process.env.RESULTS = join(dir, "nothing.json");
    expect(await refusal(compliance))
      .to.contain("nothing.json")
      .and.contain("no such file");
    expect(await refusal(() => resultsFrom("{", "a.json"))).to.contain("RESULTS=a.json: not JSON");
    for (const text of ["null", "[]", '"x"', "{}"])
      expect(await refusal(() => resultsFrom(text, "a.json"))).to.contain("version, stack, settings, policies, objects, results, exemptions missing");
    expect(await refusal(() => resultsFrom(JSON.stringify({ ...resultsOf([]), results: {} }), "a.json"))).to.contain(
      "check: results missing or of another type",
    );
    expect(resultsFrom(JSON.stringify(resultsOf([])), "a.json")).to.deep.equal(resultsOf([]));
  });

  it("takes an instant in any zone, and refuses what is none", async () => {
    expect(instantOf("2026-11-24T20:00:00+01:00")).to.equal("2026-11-24T19:00:00Z");
    expect(instantOf("2026-11-24T19:00:00.5Z")).to.equal("2026-11-24T19:00:00Z");
    for (const text of ["yesterday", "2026-11-24", "2026-11-24T19:00:00", "2026-13-01T00:00:00Z"])
      expect(await refusal(() => instantOf(text)), text).to.equal(`TIME=${text}: an instant with its zone | TIME=2026-01-31T12:00:00Z`);
  });

  it("takes the commit and its time; changes count, the report's own files don't", async () => {
    const repository = join(dir, "repository");
    mkdirSync(repository);
    expect(await refusal(() => factsOf(repository, {}))).to.contain("when was it checked?");
    const git = (...args: readonly string[]) =>
      exec("git", ["-C", repository, "-c", "user.name=a", "-c", "user.email=a@example.org", ...args], {
        env: { ...process.env, GIT_COMMITTER_DATE: "2026-01-31T13:00:00+01:00" },
      });
    await git("init", "-q");
    writeFileSync(join(repository, "a"), "1");
    await git("add", ".");
    await git("commit", "-qm", "one");
    const facts = await factsOf(repository, {});
    expect(facts.time).to.equal("2026-01-31T12:00:00Z");
    expect(facts.commit?.hash).to.match(/^[0-9a-f]{40}$/);
    expect(facts.commit?.changed).to.equal(false);
    mkdirSync(join(repository, "out"));
    writeFileSync(join(repository, "out/report.html"), "");
    expect((await factsOf(repository, { except: join(repository, "out") })).commit?.changed).to.equal(false);
    expect((await factsOf(repository, { except: dir })).commit?.changed).to.equal(true);
    expect((await factsOf(repository, { by: "B", time: "2026-02-01T00:00:00Z" })).time).to.equal("2026-02-01T00:00:00Z");
  });
});
