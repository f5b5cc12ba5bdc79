/** One clone's worth of state in a temporary folder, driven through `make` as a user does. */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "../../tools/lib/paths";

export const state = mkdtempSync(join(tmpdir(), "oap-e2e-"));

export interface Result {
  readonly code: number;
  /** stdout and stderr together, as a user sees them */
  readonly output: string;
  readonly stdout: string;
  readonly ms: number;
  /** moments at which something came on stdout, in ms since the start */
  readonly moments: readonly number[];
}

const env = { ...process.env, OAP_STATE_DIR: state, MAKEFLAGS: "", MAKELEVEL: "", NO_COLOR: "1" };

/** Starts `make ARGS…` in a process group of its own. */
export function start(args: readonly string[], extra: NodeJS.ProcessEnv = {}): { child: ChildProcess; done: Promise<Result> } {
  const begin = Date.now();
  const child = spawn("make", ["--no-print-directory", ...args], { cwd: root, env: { ...env, ...extra }, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  let stdout = "";
  const moments: number[] = [];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    moments.push(Date.now() - begin);
    output += text;
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => (output += text));
  const { promise, resolve } = Promise.withResolvers<Result>();
  child.on("close", (code) => resolve({ code: code ?? -1, output, stdout, ms: Date.now() - begin, moments }));
  return { child, done: promise };
}

export function make(args: readonly string[], extra?: NodeJS.ProcessEnv): Promise<Result> {
  return start(args, extra).done;
}

/** Kills a process group that `start` made, and whatever its members started outside it, at once. */
export function killTree(child: ChildProcess): void {
  const pid = child.pid;
  if (pid === undefined) return;
  const family = descendants(pid);
  for (const one of [-pid, pid, ...family]) {
    try {
      process.kill(one, "SIGKILL");
    } catch {
      // ended already
    }
  }
}

function descendants(ancestor: number): number[] {
  const children = new Map<number, number[]>();
  for (const { pid, parent } of processes()) children.set(parent, [...(children.get(parent) ?? []), pid]);
  const all: number[] = [];
  const visit = (pid: number): void => {
    for (const child of children.get(pid) ?? []) {
      all.push(child);
      visit(child);
    }
  };
  visit(ancestor);
  return all;
}

export interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

export function processes(): readonly Process[] {
  return readdirSync("/proc").flatMap((entry) => {
    const pid = Number(entry);
    if (!Number.isInteger(pid)) return [];
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
      return [{ pid, parent, command: readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim() }];
    } catch {
      return [];
    }
  });
}

/** kubectl on the cluster that the variables of make name; its output. */
export function kubectlOf(settings: NodeJS.ProcessEnv) {
  return async (...args: readonly string[]): Promise<string> => {
    const options = { cwd: root, env: { ...env, ...settings }, encoding: "utf8" } as const;
    const result = spawnSync("make", ["--no-print-directory", "kubectl", `ARGS=${args.join(" ")}`], options);
    if (result.status !== 0) throw new Error(`kubectl ${args.join(" ")}: ${result.stderr}`);
    return Promise.resolve(result.stdout);
  };
}

/** kubectl on the cluster of this state. */
export const kubectl = kubectlOf({});

/** What must be the same before a cluster starts and after it was removed. */
export function hostSnapshot(): Readonly<Record<string, string>> {
  const run = (command: string, ...args: string[]) => spawnSync(command, args, { encoding: "utf8" }).stdout ?? "";
  return {
    interfaces: run("ip", "-o", "link")
      .replace(/ state \w+| qlen \d+/g, "")
      .replace(/@.*?:/g, ":"),
    addresses: run("ip", "-o", "-4", "addr"),
    routes: run("ip", "route"),
    namespaces: run("ip", "netns", "list"),
    mounts: readFileSync("/proc/self/mounts", "utf8"),
    firewall: firewall(),
    cgroups: cgroups("/sys/fs/cgroup"),
    forwarding: readFileSync("/proc/sys/net/ipv4/ip_forward", "utf8"),
  };
}

/** The names of the host's rule tables, whichever tool made them; iptables need not be installed. */
export function firewall(): string {
  const tables = ["/proc/net/ip_tables_names", "/proc/net/ip6_tables_names"].map((file) => {
    try {
      return readFileSync(file, "utf8");
    } catch {
      return "";
    }
  });
  return [
    ...tables,
    spawnSync("iptables-save", [], { encoding: "utf8" }).stdout ?? "",
    spawnSync("nft", ["list", "ruleset"], { encoding: "utf8" }).stdout ?? "",
  ].join("\n");
}

function cgroups(dir: string, depth = 3): string {
  return (
    readdirSync(dir, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .flatMap((entry) => [join(dir, entry.name), ...(depth > 0 ? cgroups(join(dir, entry.name), depth - 1).split("\n") : [])])
      // Others of the machine come and go.
      .filter((path) => /\/(oap-|k8s\.io|kubepods)/.test(path))
      .sort()
      .join("\n")
  );
}

/** Network namespace of a process, "net:[…]" */
export function netnsOf(pid: number): string {
  return readlinkSync(`/proc/${pid}/ns/net`);
}
