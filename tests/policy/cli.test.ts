import { expect } from "chai";
import type { Io } from "../../policy/src/cli/io";
import { run } from "../../policy/src/cli/run";
import { policies } from "../../policy/src/policies";
import { notPrivileged } from "../../policy/src/policies/workload/notPrivileged";
import type { Results } from "../../policy/src/results";

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function cli(args: readonly string[], files: Readonly<Record<string, string>> = {}, stdin = ""): Promise<Ran> {
  let [out, err] = ["", ""];
  const io: Io = {
    read: (path) => {
      const text = files[path];
      if (text === undefined) throw new Error("ENOENT");
      return text;
    },
    files: (path) => {
      const below = Object.keys(files).filter((file) => file.startsWith(`${path}/`));
      return below.length > 0 ? below.sort() : undefined;
    },
    stdin: () => Promise.resolve(stdin),
    out: (text) => void (out += text),
    err: (text) => void (err += text),
    now: () => new Date("2026-06-01T10:00:00Z"),
  };
  const code = await run(args, io);
  return { code, out, err };
}

const pod = (privileged: boolean, name = "web") =>
  `apiVersion: v1\nkind: Pod\nmetadata: { name: ${name}, namespace: web }\nspec: { containers: [{ name: a, securityContext: { privileged: ${privileged} } }] }\n`;
/** Only what is under test counts. */
const levels = `levels: { ${policies.filter(({ name }) => name !== "not-privileged").map(({ name }) => `${name}: disabled`).join(", ")} }\n`; // prettier-ignore
const checked = (input: string, files: Readonly<Record<string, string>> = {}, ...args: readonly string[]) =>
  cli(["check", "-", "--config", "c.yaml", ...args], { "c.yaml": levels, ...files }, input);

describe("openshift-ai-policy check", () => {
  it("passes what is right, with 0, and counts", async () => {
    const { code, out, err } = await checked(pod(false));
    expect([code, err]).to.deep.equal([0, ""]);
    expect(out).to.equal(
      "- (production, kubernetes): 1 passed, 0 violated, 0 exempted, 0 not decided; 59 of 60 policies not applicable: layer not built, or disabled\n",
    );
  });

  it("refuses what is wrong, with 1, and says where, what, how to mend it, and where to read on", async () => {
    const { code, out } = await checked(pod(true));
    expect(code).to.equal(1);
    expect(out).to.include(
      [
        "✗ not-privileged: no container is privileged (1)",
        "    Pod web/web (stdin:1)",
        "      spec.containers[0].securityContext.privileged is true: must not be true",
        `    fix: ${notPrivileged.fix}`,
        "    page: docs/policies/not-privileged.md",
      ].join("\n"),
    );
  });

  it("lets pass, but tells, where the environment takes it as advice", async () => {
    const { code, out } = await checked(pod(true), {}, "--environment", "dev");
    expect([code, out.slice(0, 16)]).to.deep.equal([0, "! not-privileged"]);
  });

  it("reads several documents, Lists, JSON, comments and empty documents, and names their lines", async () => {
    const list = JSON.stringify({ apiVersion: "v1", kind: "List", items: [{ apiVersion: "v1", kind: "Pod", metadata: { name: "c" }, spec: { containers: [{ securityContext: { privileged: true } }] } }] }); // prettier-ignore
    const { out } = await checked(`---\n# Source: chart/templates/empty.yaml\n---\n${pod(true, "a")}---\n# Source: b\n${pod(true, "b")}---\n${list}\n---\n`);
    expect(out).to.include("Pod web/a (stdin:4)").and.include("Pod web/b (stdin:10)").and.include("Pod c (stdin:15#0)").and.include("3 violated");
  });

  it("reads a folder's YAML and JSON files, and nothing else of it", async () => {
    const files = { "d/a.yaml": pod(true, "a"), "d/b/b.json": '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"b"},"spec":{"containers":[{"securityContext":{"privileged":true}}]}}', "d/README.md": "{" }; // prettier-ignore
    const { out, code } = await cli(["check", "d", "--config", "c.yaml"], { ...files, "c.yaml": levels });
    expect([code, out.match(/\(d\/.*\)/g)]).to.deep.equal([1, ["(d/a.yaml:1)", "(d/b/b.json:1)"]]);
  });

  it("says what it passes over, and refuses to pass where it saw nothing", async () => {
    const values = await checked(`replicas: 3\n---\n${pod(false)}`);
    expect([values.code, values.err]).to.deep.equal([0, "stdin:1: passed over, it has no apiVersion and kind\n"]);
    const nothing = await checked("# nothing\n");
    expect([nothing.code, nothing.err]).to.deep.equal([2, "error: -: no Kubernetes object in it, so nothing would be checked\n"]);
    const kustomization = await checked("apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n");
    expect(kustomization.code).to.equal(2);
  });

  it("names the file and line of what can't be read, all at once", async () => {
    const { code, err } = await cli(["check", "a.yaml", "b.yaml", "c.yaml"], { "a.yaml": "a: 1\nb: [\n", "b.yaml": "a: 1\na: 2\n" });
    expect(code).to.equal(2);
    expect(err.split("\n").map((line) => line.slice(0, 25))).to.deep.equal([
      "error: a.yaml:3: Flow seq",
      "error: b.yaml:2: Map keys",
      "error: c.yaml: can't be r",
      "",
    ]);
  });

  it("is not brought down by aliases of aliases", async () => {
    const bomb = ["a0: &a0 [x,x,x,x,x,x,x,x,x]", ...Array.from({ length: 9 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array(9).fill(`*a${i}`).join(",")}]`)].join(
      "\n",
    );
    const { code, err } = await checked(bomb);
    expect([code, /^error: stdin:1: .*alias/i.test(err)]).to.deep.equal([2, true]);
  });

  it("reads YAML as kubectl does: yes is true, times are texts", async () => {
    expect((await checked(pod(true).replace("privileged: true", "privileged: yes"))).code).to.equal(1);
    expect((await checked(pod(true).replace("privileged: true", "privileged: 2020-01-01"))).out).to.include('is "2020-01-01": must be true or false');
    expect((await checked(pod(true).replace("privileged: true", "privileged: 12:30:00"))).out).to.include('is "12:30:00"');
  });

  it("exempts what a reviewed file exempts, and refuses entries that have expired or that nothing needs", async () => {
    const one = (expires: string, resource = "Pod web/*") =>
      `- { policy: not-privileged, resource: "${resource}", reason: driver, owner: ops, expires: ${expires} }\n`;
    const good = await checked(pod(true), { "e.yaml": one("2026-06-01") }, "--exemptions", "e.yaml");
    expect([good.code, /- not-privileged: 1 exempted, until 2026-06-01\n/.test(good.out)]).to.deep.equal([0, true]);
    const expired = await checked(pod(true), { "e.yaml": one("2026-05-31") }, "--exemptions", "e.yaml");
    expect([expired.code, /✗ exemptions: .* expired on 2026-05-31/.test(expired.out), /✗ not-privileged/.test(expired.out)]).to.deep.equal([1, true, true]);
    const unused = await checked(pod(false), { "e.yaml": one("2026-06-01") }, "--exemptions", "e.yaml");
    expect([unused.code, /is not needed/.test(unused.out)]).to.deep.equal([1, true]);
    const wrong = await checked(pod(true), { "e.yaml": "- { policy: privileged }\n" }, "--exemptions", "e.yaml");
    expect([wrong.code, wrong.err.split("\n").length]).to.deep.equal([2, 6]);
  });

  it("gives all results to programs, without the content of Secrets", async () => {
    const secret = 'apiVersion: v1\nkind: Secret\nmetadata: { name: s, namespace: web }\nstringData: { a: "hunter2" }\n';
    const { out } = await checked(`${pod(true)}---\n${secret}`, {}, "--output", "results", "--name", "mine");
    const results = JSON.parse(out) as Results;
    expect([results.stack, results.results.map(({ outcome }) => outcome), results.objects.map(({ id }) => id)]).to.deep.equal([
      "mine",
      ["violated"],
      ["stdin:1", "stdin:6"],
    ]);
    expect(results.results[0]?.evidence?.length).to.be.greaterThan(0);
    const whole = await cli(["check", "-", "--output", "results"], {}, secret);
    expect(whole.out).not.to.include("hunter2");
  });

  for (const output of ["csv", "html", "json", "sarif", "junit", "oscal"])
    it(`writes ${output}`, async () => {
      const { code, out } = await checked(pod(true), {}, "--output", output);
      expect([code, out.includes("not-privileged")]).to.deep.equal([1, true]);
    });
});

describe("openshift-ai-policy", () => {
  for (const [args, message] of [
    [["chek", "-"], 'chek: no such command; allowed: check, list, explain, admission; did you mean "check"?'],
    [["check"], "nothing to check; allowed: folders, files, or - for standard input"],
    [
      ["check", "-", "--enviroment", "dev"],
      '--enviroment: no such option; allowed: --environment, --platform, --exemptions, --config, --output, --name; did you mean "--environment"?',
    ],
    [["check", "-", "--output"], "--output: needs a value"],
    [["check", "-", "--output", "pdf"], "--output pdf: allowed: table, results, html, csv, json, sarif, junit, oscal"],
    [["check", "-", "--environment", "prod"], 'environment: "prod"; allowed: dev, staging, production'],
    [["check", "-", "--config", "none.yaml"], "none.yaml: can't be read; allowed: the path of a file"],
    [["explain"], "no name: no such policy; openshift-ai-policy list shows all"],
    [["explain", "not-priviledged"], 'not-priviledged: no such policy; openshift-ai-policy list shows all; did you mean "not-privileged"?'],
    [["list", "--output", "yaml"], "--output yaml: allowed: table, json"],
    [["admission", "--selector", "web"], "--selector web: allowed: a label, as key=value"],
  ] as const)
    it(`${args.join(" ")} is refused with what is allowed`, async () => {
      const { code, out, err } = await cli(args, {}, pod(false));
      expect([code, out, err]).to.deep.equal([2, "", `error: ${message}\n`]);
    });

  it("says how it is used", async () => {
    expect((await cli([])).code).to.equal(2);
    expect(await cli(["--help"])).to.include({ code: 0, err: "" });
    expect((await cli(["check", "--help"])).out).to.match(/^openshift-ai-policy: /);
  });

  it("lists all policies, and explains each, by name or number", async () => {
    expect((await cli(["list"])).out.trimEnd().split("\n")).to.have.length(policies.length);
    expect(JSON.parse((await cli(["list", "--output", "json"])).out)).to.have.length(policies.length);
    for (const { name, number } of policies) {
      const { code, out } = await cli(["explain", name]);
      expect([code, out.startsWith(`${number} ${name} (`)], name).to.deep.equal([0, true]);
      expect((await cli(["explain", String(number)])).out).to.equal(out);
    }
  });

  it("prints what the API server can check, without what is switched off", async () => {
    const { out } = await cli(["admission", "--selector", "team=web", "--warn-only"]);
    expect(out).to.include("kind: ValidatingAdmissionPolicy").and.include("name: openshift-ai-not-privileged").and.not.include("- Deny");
    const without = await cli(["admission", "--config", "c.yaml"], { "c.yaml": "levels: { not-privileged: disabled }\n" });
    expect(without.out).not.to.include("openshift-ai-not-privileged");
  });
});
