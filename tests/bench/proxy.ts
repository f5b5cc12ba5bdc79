/**
 * What the proxy adds: streams of a model server paced at 20 ms per token, plain, through the sidecar, and through router and sidecar, in turns so that all see the
 * same machine; then waiting time through the router beside round robin. Part of `make bench`, and by itself: `node --import tsx tests/bench/proxy.ts`.
 */
import { pathToFileURL } from "node:url";
import { setTimeout as sleep } from "node:timers/promises";
import { bold, say, step } from "../../tools/lib/progress";
import { median } from "./measure";
import { freePort } from "../support/ports";
import { now, Processes, quantile, stream, type Stream } from "./proxyProcesses";
import { measureWaiting, row } from "./proxyRouting";

/** ROUNDS=2 for a quick look */
const ROUNDS = Number(process.env.ROUNDS ?? 9);
const STREAMS = Number(process.env.STREAMS ?? 32);
const TOKENS = 100;

/** A figure beside its target; undefined: it has none. */
export interface Figure {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  readonly target?: number;
}

type Way = "plain" | "sidecar" | "router and sidecar";

/** One round of a way. */
interface Round {
  readonly streams: readonly Stream[];
  /** Tokens per second. */
  readonly rate: number;
}
type Measured = Readonly<Record<Way, Round[]>>;

export async function benchProxy(): Promise<readonly Figure[]> {
  const figures = await measureStreams();
  const waiting = await measureWaiting();
  say("");
  say(bold("time to the first token, ms: p50 / p95 / p99        round robin   router"));
  for (const one of waiting) say(`${one.scenario.padEnd(50)}  ${row(one.roundRobin).padEnd(20)}  ${row(one.router)}`);
  const ratios = waiting.map((one) => ({
    what: `p95 to the first token through the router / round robin: ${one.scenario}`,
    value: quantile(one.router, 0.95) / quantile(one.roundRobin, 0.95),
    unit: "×",
  }));
  return [...figures, ...ratios];
}

async function measureStreams(): Promise<readonly Figure[]> {
  const processes = new Processes();
  try {
    const plain = await processes.upstream({ PACE: 20, TOKENS });
    const [port, statusPort] = [await freePort(), await freePort()];
    const sidecar = await processes.sidecar(plain, `127.0.0.1:${port}`, `127.0.0.1:${statusPort}`);
    const router = await processes.router([`127.0.0.1:${port}`], statusPort, 1);
    const ways: Readonly<Record<Way, string>> = { plain, sidecar, "router and sidecar": router };
    const measured: Measured = { plain: [], sidecar: [], "router and sidecar": [] };
    await step(`${STREAMS} streams at 20 ms per token, ${ROUNDS} rounds`, async () => {
      for (let i = 0; i <= ROUNDS; i++) {
        for (const [way, url] of Object.entries(ways) as [Way, string][]) {
          const one = await round(url);
          if (i > 0) measured[way].push(one); // in the first one connections are made and code is compiled
        }
      }
    });
    show(measured);
    return figuresOf(measured);
  } finally {
    processes.stop();
  }
}

/** Streams that are out of step with each other, as those of many clients are. */
async function round(url: string): Promise<Round> {
  const start = now();
  const streams = await Promise.all(Array.from({ length: STREAMS }, (_, i) => sleep((i * 20 * 7) / STREAMS).then(() => stream(url))));
  return { streams, rate: (STREAMS * TOKENS * 1000) / (now() - start) };
}

type Values = (round: Round) => readonly number[];
const delays: Values = ({ streams }) => streams.flatMap((each) => each.delays);
const gaps: Values = ({ streams }) => streams.flatMap((each) => each.gaps);
const firsts: Values = ({ streams }) => streams.map((each) => each.firstToken);

/** The median round's, since other work on the machine falls into some of them. */
const typical = (rounds: readonly Round[], of: (one: Round) => number) => median(rounds.map(of));

function show(measured: Measured): void {
  say("");
  say(bold("ms: p50 / p99           delay of a token   gap between tokens   first token       tokens/s"));
  const both = (rounds: readonly Round[], of: Values) => [0.5, 0.99].map((q) => typical(rounds, (one) => quantile(of(one), q)).toFixed(2)).join(" / ");
  for (const [way, rounds] of Object.entries(measured)) {
    const rate = typical(rounds, (one) => one.rate).toFixed(0);
    say(`${way.padEnd(22)}  ${both(rounds, delays).padEnd(17)}  ${both(rounds, gaps).padEnd(19)}  ${both(rounds, firsts).padEnd(16)}  ${rate}`);
  }
}

function figuresOf(measured: Measured): readonly Figure[] {
  return (["sidecar", "router and sidecar"] as const).flatMap((way): Figure[] => {
    // Each round beside the plain one of the same moment.
    const beside = (compare: (ours: Round, plain: Round) => number) =>
      median(measured[way].flatMap((ours, i) => (measured.plain[i] === undefined ? [] : [compare(ours, measured.plain[i])])));
    const added = (of: Values, q: number) => beside((ours, plain) => quantile(of(ours), q) - quantile(of(plain), q));
    return [
      { what: `${way}: added delay of a token, p50`, value: added(delays, 0.5), unit: " ms" },
      { what: `${way}: added delay of a token, p99`, value: added(delays, 0.99), unit: " ms", target: 5 },
      { what: `${way}: added gap between tokens, p99`, value: added(gaps, 0.99), unit: " ms", target: 5 },
      { what: `${way}: added time to the first token, p50`, value: added(firsts, 0.5), unit: " ms", target: 5 },
      { what: `${way}: throughput lost`, value: beside((ours, plain) => (1 - ours.rate / plain.rate) * 100), unit: " %", target: 3 },
    ];
  });
}

/** Runs one bench by itself, where its file is what Node was started with. */
export function alone(file: string, bench: () => Promise<readonly Figure[]>): void {
  if (process.argv[1] === undefined || pathToFileURL(process.argv[1]).href !== pathToFileURL(file).href) return;
  void bench().then(
    (figures) => {
      say("");
      for (const { what, value, unit, target } of figures)
        say(`${what.padEnd(88)} ${value.toFixed(2)}${unit}${target === undefined ? "" : `  ≤ ${target}${value <= target ? "" : "  missed"}`}`);
    },
    (error: unknown) => {
      process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
      process.exitCode = 1;
    },
  );
}

alone(__filename, benchProxy);
