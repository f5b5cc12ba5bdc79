/**
 * What the gateway adds to a request, with a real PostgreSQL: chats that take 20 ms, direct and through the gateway, in turns so that both see the same machine.
 * Part of `make bench`, and by itself: `node --import tsx tests/bench/gateway.ts`.
 */
import { Agent, request } from "node:http";
import { step } from "../../tools/lib/progress";
import { newKey, Surroundings, type Gateway } from "../contract/gateway/support";
import { median } from "./measure";
import { alone, type Figure } from "./proxy";
import { now, Processes, quantile } from "./proxyProcesses";

/** ROUNDS=2 for a quick look */
const ROUNDS = Number(process.env.ROUNDS ?? 9);
const REQUESTS = 200;
/** LiteLLM's published overhead, of 2 instances at 1,036 requests/s: median 12 ms, p95 29, p99 43 (its docs/benchmarks). */
const published = { p50: 12, p99: 43 } as const;

const agent = new Agent({ keepAlive: true, maxSockets: Infinity });
const body = JSON.stringify({ model: "a:1", messages: [{ role: "user", content: "hello" }], max_tokens: 16 });

/** ms of one request. @throws Error for any answer but 200 */
function once(url: string, key: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const start = now();
    const sent = request(
      `${url}/v1/chat/completions`,
      { method: "POST", agent, headers: { authorization: `Bearer ${key}`, "content-type": "application/json", "content-length": body.length } },
      (response) => {
        response.resume().on("end", () => (response.statusCode === 200 ? resolve(now() - start) : reject(new Error(`${url} answered ${response.statusCode}`))));
      },
    );
    sent.on("error", reject).end(body);
  });
}

/** Times of requests, one after another for each key. */
async function round(url: string, keys: readonly string[]): Promise<readonly number[]> {
  const each = Math.ceil(REQUESTS / keys.length);
  const times = await Promise.all(
    keys.map(async (key) => {
      const own: number[] = [];
      for (let i = 0; i < each; i++) own.push(await once(url, key));
      return own;
    }),
  );
  return times.flat();
}

async function measure(gateway: Gateway, direct: string, keys: readonly string[]): Promise<readonly Figure[]> {
  const added = { p50: [] as number[], p99: [] as number[] };
  for (let i = 0; i <= ROUNDS; i++) {
    const [plain, through] = [await round(direct, keys), await round(gateway.url, keys)];
    if (i === 0) continue; // connections are made, code is compiled
    added.p50.push(quantile(through, 0.5) - quantile(plain, 0.5));
    added.p99.push(quantile(through, 0.99) - quantile(plain, 0.99));
  }
  const parallel = `${keys.length} request${keys.length === 1 ? "" : "s"} at a time`;
  return (["p50", "p99"] as const).map((name) => ({
    what: `gateway: added time of a request, ${parallel}, ${name}`,
    value: median(added[name]),
    unit: " ms",
    target: published[name],
  }));
}

export async function benchGateway(): Promise<readonly Figure[]> {
  const processes = new Processes();
  const all = await Surroundings.start();
  try {
    const upstream = await processes.upstream({ PACE: 20 });
    const limits = { requestsPerMinute: 1_000_000, tokensPerMinute: 1_000_000_000 };
    const pools = [{ name: "first", url: upstream, models: ["a:1", "b:1", "c:1"], gpuShare: 0.5 }];
    const gateway = await all.gateway(all.config({ pools, defaults: { maxTokens: 64, limits } }));
    const keys: string[] = [];
    for (let i = 0; i < 8; i++) keys.push((await newKey(gateway)).key);
    const figures: Figure[] = [];
    for (const some of [keys.slice(0, 1), keys])
      await step(`${REQUESTS} chats of 20 ms, ${some.length} at a time, ${ROUNDS} rounds`, async () => {
        figures.push(...(await measure(gateway, upstream, some)));
      });
    return figures;
  } finally {
    processes.stop();
    await all.remove();
  }
}

alone(__filename, benchGateway);
