/** The processes of a cluster: detached, with a log each, recorded by process id and start time, found again by their environment. */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../lib/errors";
import { isAlive, startTimeOf } from "../lib/lock";
import { replaceFile } from "./state";

/** A part of a cluster that runs as a process. */
export interface Component {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Files that it reads only once: it is started anew when their content changed. */
  readonly inputs?: readonly string[];
  /** Put before the command, for example to enter the cluster's namespaces. */
  readonly prefix?: readonly string[];
}

interface ProcessRecord {
  readonly pid: number;
  readonly startTime: string;
  /** A process id and a start time can come again after the machine restarted. */
  readonly boot: string;
  /** of the command, its arguments and inputs */
  readonly digest: string;
}

/** In the environment of every process of a cluster, and of what these start: shims have no record of ours. */
const marker = "OAP_CLUSTER";
const logLimit = 20 * 2 ** 20;

const boot = (): string => {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return "";
  }
};

const recordPath = (dir: string, name: string) => join(dir, "run", `${name}.json`);
export const logPath = (dir: string, name: string): string => join(dir, "logs", `${name}.log`);

/** Process id of a component that runs. */
export function pidOf(dir: string, name: string): number | undefined {
  return recordOf(dir, name)?.pid;
}

function recordOf(dir: string, name: string): ProcessRecord | undefined {
  const record = writtenRecord(dir, name);
  return record && isRunning(record.pid, record.startTime) ? record : undefined;
}

/** What was recorded since the machine started, of a process that may have ended. */
function writtenRecord(dir: string, name: string): ProcessRecord | undefined {
  try {
    const record = JSON.parse(readFileSync(recordPath(dir, name), "utf8")) as ProcessRecord;
    return record.boot === boot() ? record : undefined;
  } catch {
    return undefined;
  }
}

/** Like isAlive, but a process that was killed has ended, even when its threads are still at it or nobody collected it yet. */
function isRunning(pid: number, startTime: string): boolean {
  return isAlive(pid, startTime) && !isEnding(pid);
}

/** Whether nothing is left of it. The threads of a killed process end one by one, and the last one gives back its ports and files. */
function isGone(pid: number, startTime: string): boolean {
  if (!isAlive(pid, startTime)) return true;
  try {
    return statOf(pid)[0] === "Z" && readdirSync(`/proc/${pid}/task`).length <= 1;
  } catch {
    return true;
  }
}

function isEnding(pid: number): boolean {
  const stat = statOf(pid);
  const exiting = 0x4; // PF_EXITING of the kernel's flags
  return stat[0] === "Z" || (Number(stat[6]) & exiting) !== 0;
}

/** The fields of /proc/PID/stat from the state on: state, parent, group, session, terminal, its group, flags; empty where there is no /proc. */
function statOf(pid: number): string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    return [];
  }
}

/** Starts a component unless the same one runs already. @returns whether it had to be started */
export async function ensureProcess(dir: string, id: string, component: Component): Promise<boolean> {
  const hash = createHash("sha256").update(JSON.stringify([component.command, component.args]));
  for (const input of component.inputs ?? []) hash.update(readFileSync(input));
  const digest = hash.digest("hex");
  const running = recordOf(dir, component.name);
  if (running?.digest === digest) return false;
  if (running) await stopProcess(dir, component.name);
  const ended = writtenRecord(dir, component.name);
  if (ended && startTimeOf(ended.pid) === ended.startTime) await endProcesses([ended.pid], 0);
  // One whose start was interrupted before it was recorded would hold the ports.
  await endProcesses(
    processesOf(id).filter((pid) => commandOf(pid) === component.command && pid !== running?.pid),
    2000,
  );

  const log = logPath(dir, component.name);
  mkdirSync(join(dir, "logs"), { recursive: true, mode: 0o700 });
  if (existsSync(log) && statSync(log).size > logLimit) renameSync(log, `${log}.1`);
  const out = openSync(log, "a", 0o600);
  const [command = component.command, ...args] = [...(component.prefix ?? []), component.command, ...component.args];
  const child = spawn(command, args, { cwd: dir, detached: true, stdio: ["ignore", out, out], env: { ...component.env, [marker]: id } });
  closeSync(out);
  await new Promise<void>((resolve, reject) => child.once("spawn", resolve).once("error", reject));
  child.unref();
  const pid = child.pid ?? 0;
  const record: ProcessRecord = { pid, startTime: startTimeOf(pid), boot: boot(), digest };
  replaceFile(recordPath(dir, component.name), JSON.stringify(record));
  return true;
}

/** @throws UserError when the component has ended, with the end of its log */
export function assertRunning(dir: string, name: string): void {
  if (recordOf(dir, name)) return;
  const log = logPath(dir, name);
  const text = existsSync(log) ? readFileSync(log, "utf8") : "";
  const last = text.trimEnd().split("\n").slice(-5).join("\n");
  throw new UserError(`${name} ended right after its start:\n${last}\nfull log: ${log}`, { fix: "mend what the log says, then run the same command again" });
}

/** Asks a component to end, kills it when it takes longer than `graceMs`. */
export async function stopProcess(dir: string, name: string, graceMs = 10_000): Promise<void> {
  const record = recordOf(dir, name);
  if (record) await endProcesses([record.pid], graceMs);
  rmSync(recordPath(dir, name), { force: true });
}

/** Ends processes by SIGTERM, and by SIGKILL those that are left after `graceMs`. */
export async function endProcesses(pids: readonly number[], graceMs: number): Promise<void> {
  const left = new Map(pids.map((pid) => [pid, startTimeOf(pid)]));
  const signal = (name: NodeJS.Signals) => {
    for (const pid of left.keys()) {
      try {
        process.kill(pid, name);
      } catch {
        // it ended meanwhile
      }
    }
  };
  if (graceMs > 0) signal("SIGTERM");
  for (const deadline = Date.now() + graceMs + 5000; left.size > 0 && Date.now() < deadline;) {
    if (Date.now() >= deadline - 5000) signal("SIGKILL");
    for (const [pid, startTime] of left) if (isGone(pid, startTime)) left.delete(pid);
    if (left.size > 0) await sleep(25);
  }
}

/** Processes of a cluster, recorded or not, by what stands in their environment. */
export function processesOf(id: string): number[] {
  if (!existsSync("/proc")) return [];
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && pid !== process.pid)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, "latin1").split("\0").includes(`${marker}=${id}`);
      } catch {
        return false; // ended meanwhile, or somebody else's
      }
    });
}

/** First word of a process's command line. */
export function commandOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0")[0];
  } catch {
    return undefined;
  }
}

/** Names of the components that have a record, running or not. */
export function recordedNames(dir: string): string[] {
  const run = join(dir, "run");
  return existsSync(run)
    ? readdirSync(run)
        .filter((file) => file.endsWith(".json"))
        .map((file) => file.slice(0, -".json".length))
    : [];
}
