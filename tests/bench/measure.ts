/** Measuring: wall time, peak memory of a process tree, calls that reach an API server, medians. */
import { readdirSync, readFileSync } from "node:fs";
import { createServer, request as plainRequest } from "node:http";
import { request } from "node:https";
import type { AddressInfo } from "node:net";
import { performance } from "node:perf_hooks";

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low = NaN, high = NaN] = sorted.length % 2 === 1 ? [sorted[middle], sorted[middle]] : sorted.slice(middle - 1, middle + 1);
  return (low + high) / 2;
}

/** Wall time of `work` in milliseconds. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** Highest sum of resident memory of this process's descendants while `work` runs, in MiB; sampled ten times a second, Linux only. */
export async function peakMemory(work: () => Promise<unknown>): Promise<number> {
  let peak = 0;
  const timer = setInterval(() => (peak = Math.max(peak, descendantsRss(process.pid))), 100);
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
  return peak / 1024;
}

/** KiB */
function descendantsRss(ancestor: number): number {
  const parents = new Map<number, number>();
  const rss = new Map<number, number>();
  for (const entry of readdirSync("/proc")) {
    const pid = Number(entry);
    if (!Number.isInteger(pid)) continue;
    try {
      const status = readFileSync(`/proc/${pid}/status`, "utf8");
      parents.set(pid, Number(/^PPid:\s+(\d+)/m.exec(status)?.[1]));
      rss.set(pid, Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0));
    } catch {
      // ended meanwhile
    }
  }
  let sum = 0;
  for (const [pid, own] of rss) {
    for (let at = parents.get(pid); at !== undefined && at > 1; at = parents.get(at)) {
      if (at === ancestor) {
        sum += own;
        break;
      }
    }
  }
  return sum;
}

export interface Upstream {
  readonly server: string;
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

export interface CountingProxy {
  /** http://127.0.0.1:PORT */
  readonly server: string;
  /** Calls since the last reset, by method. */
  readonly calls: ReadonlyMap<string, number>;
  total(): number;
  reset(): void;
  close(): void;
}

/** A proxy on loopback in front of an API server that counts the calls. */
export async function countingProxy(upstream: Upstream): Promise<CountingProxy> {
  const calls = new Map<string, number>();
  const target = new URL(upstream.server);
  const server = createServer((incoming, outgoing) => {
    const method = incoming.method ?? "?";
    calls.set(method, (calls.get(method) ?? 0) + 1);
    const options = { method, path: incoming.url, headers: { ...incoming.headers, host: target.host }, host: target.hostname, port: target.port };
    const forward = target.protocol === "https:" ? request({ ...options, ca: upstream.ca, cert: upstream.cert, key: upstream.key }) : plainRequest(options);
    forward.on("response", (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    forward.on("error", () => outgoing.destroy());
    outgoing.on("close", () => forward.destroy());
    incoming.pipe(forward);
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", resolve);
  await promise;
  return {
    server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    total: () => [...calls.values()].reduce((sum, n) => sum + n, 0),
    reset: () => calls.clear(),
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
