/** How a new version of a pool takes over, what it is measured by, and what users are promised. */
import { z } from "zod";
import { modelName, text, whole } from "./fields";

/** A share of 1. */
const share = (example: number) =>
  z
    .number()
    .min(0)
    .max(1)
    .meta({ examples: [example] });
const seconds = (example: number) =>
  z
    .number()
    .min(0.001)
    .max(3600)
    .meta({ examples: [example] });

const words = (example: string) =>
  z
    .string()
    .min(1)
    .max(32_768)
    .meta({ examples: [example] });

/** Asked at temperature 0, so that the answer depends on seed and prompt only. */
const prompt = z.strictObject({
  model: modelName.describe("model of the pool that is asked"),
  prompt: words("def fibonacci(n):").describe("what is asked"),
  maxTokens: whole(1, 4096, 32).default(32).describe("longest answer"),
  seed: whole(0, 2_147_483_647, 0).default(0).describe("seed of the answer"),
  expect: z
    .strictObject({
      kind: z.enum(["exact", "contains", "regex"]).describe("how the answer is compared: as a whole, by a part of it, or by a regular expression"),
      text: words("return").describe("what the answer is compared with"),
    })
    .describe("the right answer"),
});

const analysis = z.strictObject({
  firstTokenSeconds: seconds(2).default(2).describe("highest 95th percentile of the time to the first token"),
  errorRatio: share(0.05).default(0.05).describe("highest share of requests that fail"),
  gpuUtilization: share(0.3).default(0.3).describe("lowest use of the GPUs under the load that the analysis makes"),
  intervalSeconds: whole(1, 3600, 30).default(30).describe("seconds between measurements"),
  count: whole(1, 1000, 10).default(10).describe("measurements of time and errors"),
  gpuCount: whole(1, 1000, 5).default(5).describe("measurements of the GPUs"),
});

export const rollout = z.strictObject({
  promotion: z
    .enum(["manual", "automatic"])
    .optional()
    .describe("who switches to a new version that passed: `aictl rollout promote`, or nobody has to; default: manual in production, else automatic"),
  analysis: analysis.prefault({}).describe("what a new version is measured by, before and after the switch"),
  scaleDownDelaySeconds: whole(0, 86_400, 30).default(30).describe("seconds that the pods before the switch stay"),
  prompts: z.array(prompt).max(64).default([]).describe("prompts whose answers a new version must get right"),
});

const name = (example: string) =>
  z
    .string()
    .min(1)
    .max(253)
    .meta({ examples: [example] });

export const rolloutHold = z.strictObject({
  revision: text(/^[a-z0-9]{1,63}$/, "the hash of a pod template: lower-case letters and digits, in quotes", "6d4c8f9b75").describe("version that stays"),
  by: name("ai-operators").describe("who set the hold"),
  since: text(
    /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})$/,
    "a time such as 2026-01-31T12:00:00Z, in quotes",
    "2026-01-31T12:00:00Z",
  ).describe("when it was set"),
  reason: name("first tokens take 5 s since the new model").describe("why"),
});

export const serviceLevels = z.strictObject({
  firstTokenSeconds: seconds(2).default(2).describe("time to the first token that is promised"),
  firstTokenRatio: share(0.95).default(0.95).describe("share of requests whose first token comes in that time"),
  availability: share(0.995).default(0.995).describe("share of requests that are answered without an error"),
});
