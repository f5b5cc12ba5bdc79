/** The parent cgroup of a real cluster's pods: one per hierarchy on cgroup v1, one on v2. Only the kubelet makes others, below it. */
import { existsSync, mkdirSync, readFileSync, readdirSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const mount = "/sys/fs/cgroup";

/** Roots of all hierarchies. */
function hierarchies(): string[] {
  if (existsSync(join(mount, "cgroup.controllers"))) return [mount];
  return existsSync(mount)
    ? readdirSync(mount, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map((entry) => join(mount, entry.name))
    : [];
}

/** Makes `name` (with a leading slash) in every hierarchy. */
export function ensureCgroup(name: string): void {
  for (const root of hierarchies()) {
    const path = join(root, name);
    if (!existsSync(path)) mkdirSync(path);
    delegate(root, path);
  }
}

/** cgroup v2: what the parent's children may control must be said by the parent. */
function delegate(root: string, path: string): void {
  const control = join(root, "cgroup.subtree_control");
  if (!existsSync(control)) return;
  const on = new Set(readFileSync(control, "utf8").trim().split(" "));
  for (const controller of readFileSync(join(root, "cgroup.controllers"), "utf8").trim().split(" ").filter(Boolean)) {
    try {
      if (!on.has(controller)) writeFileSync(control, `+${controller}`);
      writeFileSync(join(path, "cgroup.subtree_control"), `+${controller}`);
    } catch {
      // one that can't be delegated here; the kubelet names those that it needs
    }
  }
}

/** Processes in it and below. */
export function processesIn(name: string): number[] {
  const pids = new Set<number>();
  for (const root of hierarchies()) {
    for (const path of tree(join(root, name))) {
      try {
        for (const line of readFileSync(join(path, "cgroup.procs"), "utf8").split("\n")) if (line) pids.add(Number(line));
      } catch {
        // removed meanwhile
      }
    }
  }
  return [...pids];
}

/** Removes it with all below. Its processes have been killed; the kernel may still be at it for a moment. */
export async function removeCgroup(name: string): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const left = hierarchies().flatMap((root) => tree(join(root, name)).reverse());
    if (left.length === 0) return;
    for (const path of left) {
      try {
        rmdirSync(path);
      } catch {
        // still busy
      }
    }
    await sleep(20);
  }
}

/** The directory and all below, parents first. */
function tree(path: string): string[] {
  try {
    const below = readdirSync(path, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    return [path, ...below.flatMap((entry) => tree(join(path, entry.name)))];
  } catch {
    return [];
  }
}
