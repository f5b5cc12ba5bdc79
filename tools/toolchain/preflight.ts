/** What a machine must have before anything is started: all problems at once, each with its fix. */
import { existsSync, readdirSync, statfsSync } from "node:fs";
import { arch, platform } from "node:os";
import { dirname, join } from "node:path";
import { messageOf, UserError } from "../lib/errors";
import { exec } from "../lib/exec";
import { cacheDir, root, stateDir } from "../lib/paths";
import { refreshLists } from "./apt";
import { goEnvironment } from "./go";
import { goDirective, programsDir } from "./gomod";
import { atLeast, versionIn } from "./versions";
import { which } from "./which";

/** One thing that is wrong, and what to do about it. */
export interface Problem {
  readonly problem: string;
  readonly fix: string;
}

/** What is looked at; tests put their own here. */
export interface Machine {
  readonly nodeVersion: string;
  readonly platform: NodeJS.Platform;
  readonly arch: string;
  readonly uid: number;
  /** Runs a command and returns what it prints; undefined when it is missing or fails. */
  run(command: string, args: readonly string[], timeoutMs?: number): Promise<string | undefined>;
  has(command: string): boolean;
  /** Free bytes of the file system that holds `path`. */
  freeBytes(path: string): number;
  /** Gets the lists of Debian packages. */
  debianLists(): Promise<void>;
}

export interface Need {
  /** A real node: containers, so root on Linux and a C compiler. */
  readonly real: boolean;
  /** Something must still be built or fetched; default: whether the cache is empty. */
  readonly cold?: boolean;
}

const minimumNode = "22.0.0";
const gibibyte = 1024 ** 3;
/** Go's caches, sources and our cache after a first build, measured, with a reserve. */
const coldBytes = 16 * gibibyte;
const warmBytes = 2 * gibibyte;

/** @throws UserError that lists everything that is wrong with this machine */
export async function preflight(need: Need, machine: Machine = thisMachine): Promise<void> {
  const problems = await problemsOf({ ...need, cold: need.cold ?? isCold() }, machine);
  if (problems.length === 0) return;
  const list = problems.map(({ problem, fix }) => `  - ${problem}\n    ${fix}`).join("\n");
  throw new UserError(`this machine lacks ${problems.length === 1 ? "something" : `${problems.length} things`}:\n${list}`, {
    fix: problems.length === 1 ? (problems[0]?.fix ?? "") : "do what stands below each of them, then run the same command again",
  });
}

/** Everything that is wrong. */
export async function problemsOf(need: Required<Need>, machine: Machine): Promise<readonly Problem[]> {
  const found = await Promise.all([golang(machine), registries(need, machine)]);
  return [...kind(need, machine), ...node(machine), ...tools(need, machine), ...disk(need, machine), ...found.flat()];
}

function kind({ real }: Need, machine: Machine): Problem[] {
  const problems: Problem[] = [];
  if (real && machine.platform !== "linux") problems.push({ problem: `a real node needs Linux; this is ${machine.platform}`, fix: "use simulated nodes" });
  else if (real && machine.uid !== 0)
    problems.push({ problem: "a real node needs root; this is an ordinary user", fix: "run as root, or use simulated nodes" });
  if (!["x64", "arm64"].includes(machine.arch)) problems.push({ problem: `processor ${machine.arch} is not supported`, fix: "use an x86-64 or arm64 machine" });
  return problems;
}

function node(machine: Machine): Problem[] {
  if (atLeast(machine.nodeVersion, minimumNode)) return [];
  return [
    { problem: `Node.js ${machine.nodeVersion} is too old: ${minimumNode} or newer is needed`, fix: "run `npm ci`, which brings one, and start with `make`" },
  ];
}

async function golang(machine: Machine): Promise<Problem[]> {
  const wanted = oldestGo();
  const fix = `install Go ${wanted} or newer from https://go.dev/dl and put its bin folder on PATH`;
  const text = await machine.run("go", ["env", "GOVERSION"]);
  if (text === undefined) return [{ problem: `Go is missing: ${wanted} or newer is needed to build the programs`, fix }];
  const version = versionIn(text) ?? "0";
  return atLeast(version, wanted) ? [] : [{ problem: `Go ${version} is too old: ${wanted} or newer is needed`, fix }];
}

/** The newest `go` directive of all programs: older ones of Go refuse them. */
export function oldestGo(dir: string = programsDir): string {
  const directives = readdirSync(dir)
    .filter((name) => existsSync(join(dir, name, "go.mod")))
    .map((name) => goDirective(join(dir, name)));
  return directives.reduce((newest, version) => (atLeast(version, newest) ? version : newest), "1.0");
}

function tools({ real }: Need, machine: Machine): Problem[] {
  const wanted: [command: string, purpose: string, from: string][] = [
    ["git", "Go and npm use it", "git"],
    ["tar", "downloads and packages are unpacked with it", "tar"],
  ];
  if (real) {
    wanted.push(["gcc", "runc and Ollama contain C code", "gcc libc6-dev"], ["g++", "Ollama contains C++ code", "g++"]);
    wanted.push(["apt-get", "libraries and base images come from Debian packages", ""], ["dpkg-deb", "it unpacks Debian packages", ""]);
  }
  return wanted
    .filter(([command]) => !machine.has(command))
    .map(([command, purpose, from]) => ({
      problem: `${command} is missing: ${purpose}`,
      fix: from === "" ? "use Debian or a distribution derived from it, or simulated nodes" : `install it, on Debian with \`apt-get install ${from}\``,
    }));
}

function disk({ cold }: Need, machine: Machine): Problem[] {
  const needed = cold === true ? coldBytes : warmBytes;
  const dirs = [cacheDir, stateDir];
  const short = dirs.filter((dir) => machine.freeBytes(dir) < needed);
  const gib = (bytes: number) => (bytes / gibibyte).toFixed(1);
  const dir = short[0];
  if (dir === undefined) return [];
  return [
    {
      problem: `${dir}: ${gib(machine.freeBytes(dir))} GiB free, ${gib(needed)} GiB needed`,
      fix: "free some space, or set OAP_CACHE_DIR and OAP_STATE_DIR to folders on a larger disk",
    },
  ];
}

/** Asks each registry through its own client, which knows proxies and mirrors; not on a machine where all is cached, so that it works offline. */
async function registries({ real, cold }: Need, machine: Machine): Promise<Problem[]> {
  if (cold !== true) return [];
  const problems: Problem[] = [];
  const goModules = async () => {
    if ((await machine.run("go", ["list", "-m", "-versions", "github.com/opencontainers/runc"], 15_000)) !== undefined || !machine.has("go")) return;
    problems.push({ problem: "the Go module proxy does not answer", fix: "check the network and `go env GOPROXY`" });
  };
  const debian = async () => {
    if (!real || !machine.has("apt-get")) return;
    try {
      await machine.debianLists();
    } catch (error) {
      problems.push({ problem: messageOf(error), fix: (error instanceof UserError && error.fix) || "check the network and the package sources in /etc/apt" });
    }
  };
  await Promise.all([goModules(), debian()]);
  return problems;
}

/** Whether nothing was built yet. */
function isCold(): boolean {
  const dir = join(cacheDir, "programs");
  return !existsSync(dir) || !readdirSync(dir).some((name) => name.startsWith("cluster-") && name.endsWith(".complete"));
}

const thisMachine: Machine = {
  nodeVersion: process.versions.node,
  platform: platform(),
  arch: arch(),
  uid: process.getuid?.() ?? -1,
  async run(command, args, timeoutMs = 10_000) {
    try {
      const env = command === "go" ? { ...goEnvironment(), GOFLAGS: "-mod=mod" } : process.env;
      return (await exec(command, args, { timeoutMs, env, cwd: root })).stdout;
    } catch {
      return undefined;
    }
  },
  has: (command) => which(command) !== undefined,
  freeBytes(path) {
    let dir = path;
    while (!existsSync(dir)) dir = dirname(dir);
    const { bavail, bsize } = statfsSync(dir);
    return bavail * bsize;
  },
  debianLists: () => refreshLists("Debian packages"),
};
