/**
 * A working day of requests with the shape of published traces; no data of theirs is in it, only what was measured on them.
 *
 * - Over the day: the coding service on Tuesday, 14 May 2024, requests per minute read off the plot of analysis/AzureLLMInferenceDataset2024.ipynb in
 *   github.com/Azure/AzurePublicDataset (b469a113), five hours back from UTC, where those are who work then: a tenth at night, two peaks, a dip at lunch.
 *   BurstGPT's conversations (github.com/HPMLL/BurstGPT, README, figure 2) have the same two peaks.
 * - Within minutes: how the rate varies lies between the two services of AzureLLMInferenceTrace_{conv,code}.csv of November 2023 (measured: `published`).
 * - Between requests: Gamma with shape 0.25 (coefficient of variation 2), the generator of BurstGPT (example/profile_server/server.py).
 * - Tokens: log-normal with the medians and spreads of the same two files, cut at their 99th percentiles; 60 % code, 40 % conversation.
 */
import { randomFrom, type Random } from "./random";

export interface Request {
  /** Seconds since midnight. */
  readonly at: number;
  readonly contextTokens: number;
  readonly outputTokens: number;
}

/** Measured on the files of 2023: coefficient of variation between requests, of requests per minute and per 5 minutes; busiest minute over the mean; tokens. */
export const published = {
  code: { between: 13.15, minutes: 1.04, fiveMinutes: 0.42, busiestMinute: 4.18, context: { mean: 2048, median: 1469 }, output: { mean: 28, median: 13 } },
  conversation: {
    between: 1.09,
    minutes: 0.22,
    fiveMinutes: 0.18,
    busiestMinute: 1.52,
    context: { mean: 1155, median: 1020 },
    output: { mean: 211, median: 129 },
  },
} as const;

interface Kind {
  readonly share: number;
  /** Of the logarithms: e to the mean, and the standard deviation; and where it is cut. */
  readonly context: readonly [number, number, number];
  readonly output: readonly [number, number, number];
}
const kinds: readonly Kind[] = [
  { share: 0.6, context: [1095, 1.36, 7436], output: [16, 0.85, 249] },
  { share: 0.4, context: [760, 0.99, 4142], output: [151, 0.86, 601] },
];

/** Requests per minute at each hour, of the busiest. */
const hours = [13, 11, 9, 8, 8, 8, 10, 20, 43, 70, 78, 61, 80, 93, 100, 91, 74, 56, 43, 31, 32, 31, 20, 17].map((percent) => percent / 100);

/** Of the logarithm of each minute's rate, and how much of it the next minute keeps. */
const minuteSpread = 0.5;
const minuteMemory = 0.7;
const betweenShape = 0.25;

export const daySeconds = 86_400;

/** @param peak requests per second in the busiest hour, on average */
export function burstyDay(seed: number, peak: number): readonly Request[] {
  const random = randomFrom(seed);
  const rates = minuteRates(random, peak);
  const requests: Request[] = [];
  let at = 0;
  for (;;) {
    // The next gap, in a time that passes as fast as requests come.
    let left = random.gamma(betweenShape);
    while (at < daySeconds) {
      const rate = rates[Math.floor(at / 60)] ?? 0;
      const minuteEnds = (Math.floor(at / 60) + 1) * 60;
      if (left <= (minuteEnds - at) * rate) {
        at += left / rate;
        break;
      }
      left -= (minuteEnds - at) * rate;
      at = minuteEnds;
    }
    if (at >= daySeconds) return requests;
    requests.push({ at, ...tokens(random) });
  }
}

function minuteRates(random: Random, peak: number): readonly number[] {
  let deviation = random.normal();
  return Array.from({ length: daySeconds / 60 }, (_, minute) => {
    deviation = minuteMemory * deviation + Math.sqrt(1 - minuteMemory ** 2) * random.normal();
    const [hour, part] = [Math.floor(minute / 60), (minute % 60) / 60];
    const level = (hours[hour] ?? 0) * (1 - part) + (hours[(hour + 1) % 24] ?? 0) * part;
    return peak * level * Math.exp(minuteSpread * deviation - minuteSpread ** 2 / 2);
  });
}

function tokens(random: Random): Pick<Request, "contextTokens" | "outputTokens"> {
  const kind = kinds[random.uniform() < (kinds[0]?.share ?? 0) ? 0 : 1];
  if (!kind) throw new Error("there are two kinds of requests");
  const draw = ([middle, spread, most]: Kind["context"]) => Math.max(1, Math.min(most, Math.round(middle * Math.exp(spread * random.normal()))));
  return { contextTokens: draw(kind.context), outputTokens: draw(kind.output) };
}
