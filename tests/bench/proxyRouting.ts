/** Waiting time through the router beside plain round robin, as a Service does it, over three replicas of which one is slow or has its model not loaded. */
import { setTimeout as sleep } from "node:timers/promises";
import { step } from "../../tools/lib/progress";
import { freePort } from "../support/ports";
import { Processes, quantile, stream } from "./proxyProcesses";

const hosts = ["127.0.0.2", "127.0.0.3", "127.0.0.4"] as const;
const REQUESTS = 120;
/** Requests per second: 60 % of what three equal replicas with two slots can do, whose answers take 400 ms. */
const RATE = 9;

export interface Waiting {
  readonly scenario: string;
  /** Time to the first token, ms, through either. */
  readonly router: readonly number[];
  readonly roundRobin: readonly number[];
}

/** What the third replica is like. */
const scenarios = [
  { scenario: "three equal replicas", third: {} },
  { scenario: "one of three is four times slower", third: { PACE: 80 } },
  { scenario: "one of three has to load the model first, 5 s", third: { LOAD: 5000 } },
] as const;

export async function measureWaiting(): Promise<readonly Waiting[]> {
  const results: Waiting[] = [];
  for (const { scenario, third } of scenarios) {
    await step(`routing: ${scenario}`, async () => {
      results.push({ scenario, roundRobin: await run(third, false), router: await run(third, true) });
    });
  }
  return results;
}

async function run(third: Readonly<Record<string, number>>, routed: boolean): Promise<readonly number[]> {
  const processes = new Processes();
  try {
    const [port, statusPort] = [await freePort(), await freePort()];
    const replicas = await Promise.all(
      hosts.map(async (host, i) => {
        const upstream = await processes.upstream({ PACE: 20, TOKENS: 20, PARALLEL: 2, ...(i === 2 ? third : {}) });
        return processes.sidecar(upstream, `${host}:${port}`, `${host}:${statusPort}`, { MODEL_PROXY_SLOTS: 2 });
      }),
    );
    const router = routed
      ? await processes.router(
          hosts.map((host) => `${host}:${port}`),
          statusPort,
          hosts.length,
        )
      : undefined;
    const random = seeded(1);
    const all: Promise<number>[] = [];
    for (let i = 0; i < REQUESTS; i++) {
      const url = router ?? replicas[i % replicas.length] ?? "";
      all.push(stream(url).then(({ firstToken }) => firstToken));
      await sleep((-Math.log(1 - random()) / RATE) * 1000); // arrivals of many clients that know nothing of each other
    }
    return await Promise.all(all);
  } finally {
    processes.stop();
  }
}

/** The same arrivals for both (mulberry32). @returns numbers from 0 to 1 */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export const row = (values: readonly number[]) => [0.5, 0.95, 0.99].map((q) => `${Math.round(quantile(values, q))}`).join(" / ");
