import { expect } from "chai";
import { UserError } from "../../tools/lib/errors";
import { oldestGo, preflight, problemsOf, type Machine } from "../../tools/toolchain/preflight";
import { atLeast, versionIn } from "../../tools/toolchain/versions";
import { failure } from "../support/toolchain";

const good: Machine = {
  nodeVersion: "24.21.0",
  platform: "linux",
  arch: "x64",
  uid: 0,
  run: (command, args) => Promise.resolve(command === "go" && args[0] === "env" ? "go1.26.8\n" : "ok"),
  has: () => true,
  freeBytes: () => 100 * 1024 ** 3,
  debianLists: () => Promise.resolve(),
};

const need = { real: true, cold: true };

describe("the check before anything is started", () => {
  it("passes a machine that has everything", async () => {
    expect(await problemsOf(need, good)).to.deep.equal([]);
    await preflight(need, good);
  });

  const cases: [title: string, machine: Partial<Machine>, need: { real: boolean; cold: boolean }, problem: RegExp, fix: RegExp][] = [
    ["an old Node.js", { nodeVersion: "20.19.0" }, need, /^Node\.js 20\.19\.0 is too old: 22\.0\.0 or newer/, /npm ci/],
    ["a missing Go", { run: () => Promise.resolve(undefined), has: (name) => name !== "go" }, need, /^Go is missing: 1\.26/, /install Go 1\.26/],
    ["an old Go", { run: () => Promise.resolve("go1.21.5") }, need, /^Go 1\.21\.5 is too old: 1\.26/, /install Go 1\.26/],
    ["a missing compiler", { has: (name) => name !== "g++" }, need, /^g\+\+ is missing: Ollama contains C\+\+ code/, /apt-get install g\+\+/],
    ["a missing Git", { has: (name) => name !== "git" }, { real: false, cold: true }, /^git is missing/, /apt-get install git/],
    ["no apt", { has: (name) => name !== "apt-get" }, need, /^apt-get is missing/, /use Debian/],
    ["too little disk space", { freeBytes: () => 5 * 1024 ** 3 }, need, /5\.0 GiB free, 16\.0 GiB needed/, /OAP_CACHE_DIR/],
    ["another user than root", { uid: 1000 }, need, /^a real node needs root/, /simulated nodes/],
    ["another system than Linux", { platform: "darwin" }, need, /^a real node needs Linux; this is darwin/, /simulated nodes/],
    ["an unknown processor", { arch: "s390x" }, { real: false, cold: true }, /^processor s390x is not supported/, /x86-64 or arm64/],
    [
      "a module proxy that does not answer",
      { run: (_, args) => Promise.resolve(args[0] === "env" ? "go1.26.8" : undefined) },
      need,
      /^the Go module proxy does not answer/,
      /go env GOPROXY/,
    ],
    [
      "package sources that do not answer",
      { debianLists: () => Promise.reject(new UserError("the lists can't be had", { fix: "check /etc/apt" })) },
      need,
      /^the lists can't be had/,
      /check \/etc\/apt/,
    ],
  ];
  for (const [title, machine, what, problem, fix] of cases) {
    it(`names ${title}, with the fix`, async () => {
      const found = await problemsOf(what, { ...good, ...machine });
      expect(found).to.have.length(1);
      expect(found[0]?.problem).to.match(problem);
      expect(found[0]?.fix).to.match(fix);
    });
  }

  it("reports all problems at once", async () => {
    const error = await failure(() => preflight(need, { ...good, uid: 1000, nodeVersion: "18.0.0", freeBytes: () => 0 }));
    expect(error)
      .to.be.instanceOf(UserError)
      .with.property("message")
      .that.matches(/^this machine lacks 3 things:\n {2}- a real node needs root.*\n.*\n {2}- Node\.js 18\.0\.0 .*\n.*\n {2}- .* free/);
  });

  it("asks no registry once the programs are there, so that it works offline", async () => {
    const offline: Partial<Machine> = {
      run: (_, args) => (args[0] === "env" ? Promise.resolve("go1.26.8") : Promise.reject(new Error("asked the network"))),
      debianLists: () => Promise.reject(new Error("asked the network")),
    };
    expect(await problemsOf({ real: true, cold: false }, { ...good, ...offline })).to.deep.equal([]);
  });

  it("needs no compiler, root or apt for simulated nodes", async () => {
    expect(
      await problemsOf({ real: false, cold: true }, { ...good, uid: 1000, has: (name) => !["gcc", "g++", "apt-get", "dpkg-deb"].includes(name) }),
    ).to.deep.equal([]);
  });

  it("wants the newest Go that one of the programs wants", () => {
    expect(atLeast(oldestGo(), "1.26.0")).to.equal(true);
  });
});

describe("the order of versions", () => {
  for (const [version, minimum, expected] of [
    ["v3.259.0", "3.250.0", true],
    ["3.250.0", "3.250.0", true],
    ["3.99.9", "3.250.0", false],
    ["go1.26", "1.26.0", true],
    ["1.26.8-custom", "1.26.10", false],
    ["4", "3.250.0", true],
    ["", "0.0.1", false],
  ] as const) {
    it(`${version || "nothing"} is ${expected ? "" : "not "}at least ${minimum}`, () => {
      expect(atLeast(version, minimum)).to.equal(expected);
    });
  }
  it("finds no version where there is none", () => {
    expect(versionIn("unknown")).to.equal(undefined);
  });
});
