/** A lock between processes: a file with the holder's process id and start time, so that a killed holder never blocks anyone. */
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
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

let attempts = 0;

/**
 * Runs `work` while holding the lock at `path`; waits for another live holder, takes over from a dead one.
 * @param onWait called once, with the holder's process id, when it has to wait
 */
export async function withLock<T>(path: string, work: () => Promise<T>, onWait?: (pid: number) => void): Promise<T> {
  mkdirSync(dirname(path), { recursive: true });
  for (let told = false; ;) {
    // Written first and then linked: nobody, killed at whatever moment, leaves a lock without its holder.
    const own = `${path}.${process.pid}.${++attempts}`;
    try {
      writeFileSync(own, `${process.pid} ${startTimeOf(process.pid)}`);
      linkSync(own, path);
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    } finally {
      rmSync(own, { force: true });
    }
    const holder = read(path);
    if (holder && !isAlive(holder.pid, holder.startTime)) {
      // Move it aside first: of two waiters that see the same dead holder, only one wins the rename.
      const aside = `${path}.${process.pid}.${++attempts}`;
      try {
        renameSync(path, aside);
        const moved = read(aside);
        if (moved && isAlive(moved.pid, moved.startTime)) linkSync(aside, path); // the other waiter took it over before our rename: give it back
      } catch {
        // the other waiter was first
      } finally {
        rmSync(aside, { force: true });
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
