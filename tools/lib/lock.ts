/** A lock between processes: a file with the holder's process id and start time, so that a killed holder never blocks anyone. */
import { closeSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** Start time of a process in clock ticks since boot (field 22 of /proc/PID/stat), "" where it is unknown. A reused process id has another one. */
export function startTimeOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  } catch {
    return "";
  }
}

/** Whether that very process still runs. */
export function isAlive(pid: number, startTime: string): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  return startTime === "" || startTimeOf(pid) === startTime;
}

/**
 * Runs `work` while holding the lock at `path`; waits for another live holder, takes over from a dead one.
 * @param onWait called once, with the holder's process id, when it has to wait
 */
export async function withLock<T>(path: string, work: () => Promise<T>, onWait?: (pid: number) => void): Promise<T> {
  mkdirSync(dirname(path), { recursive: true });
  for (let told = false; ; ) {
    try {
      const file = openSync(path, "wx");
      writeSync(file, `${process.pid} ${startTimeOf(process.pid)}`);
      closeSync(file);
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    const holder = read(path);
    if (holder && !isAlive(holder.pid, holder.startTime)) {
      // Move it aside first: of two waiters that see the same dead holder, only one wins the rename.
      const aside = `${path}.${process.pid}`;
      try {
        renameSync(path, aside);
        rmSync(aside);
      } catch {
        // the other waiter was first
      }
      continue;
    }
    if (holder && !told) {
      told = true;
      onWait?.(holder.pid);
    }
    await sleep(200);
  }
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
}

function read(path: string): { pid: number; startTime: string } | undefined {
  try {
    const [pid, startTime] = readFileSync(path, "utf8").split(" ");
    return pid ? { pid: Number(pid), startTime: startTime ?? "" } : undefined;
  } catch {
    return undefined;
  }
}
