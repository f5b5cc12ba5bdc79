/** The authenticated API: who may ask what, how much, and what it costs. */
import { z } from "zod";
import { bytes, dnsLabel, modelName, text, whole } from "./fields";

const limits = z.strictObject({
  requestsPerMinute: whole(1, 1_000_000, 60).describe("requests in a minute"),
  tokensPerMinute: whole(1, 1_000_000_000, 100_000).describe("tokens in a minute, of prompts and answers together"),
});

const money = (example: number) =>
  z
    .number()
    .min(0)
    .max(1_000_000_000)
    .meta({ examples: [example] });

const budget = z
  .strictObject({
    period: z.enum(["day", "month"]).describe("when it is full again: at midnight or on the first of the month, UTC"),
    tokens: whole(1, 1_000_000_000_000, 1_000_000).optional().describe("tokens, of prompts and answers together; default: any number"),
    cost: money(50).optional().describe("money, in `prices.currency`; default: any amount"),
  })
  .refine(({ tokens, cost }) => tokens !== undefined || cost !== undefined, "`tokens`, `cost` or both");

const application = z.strictObject({
  name: dnsLabel.describe("name of the application, and of its key in the Secret gateway-keys").meta({ examples: ["review-bot"] }),
  team: dnsLabel.describe("team that it belongs to, and whose budget it uses too").meta({ examples: ["ml"] }),
  models: z
    .array(modelName)
    .min(1)
    .max(64)
    .optional()
    .describe("models that it may ask; default: those of its team")
    .meta({ examples: [["codellama:7b-v1.0-base"]] }),
  limits: limits.optional().describe("what it may ask in a minute; default: `limits` of the gateway"),
  rotation: whole(0, 1_000_000, 1).default(0).describe("another number makes another key; the old one is refused from then on"),
  budgets: z.array(budget).max(2).default([]).describe("what it may use, besides its team's budget; at most one for each period; default: no bound of its own"),
});

export const gateway = z.strictObject({
  host: text(/^(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]$/, "a host name in lower case", "api.ai.example.com")
    .optional()
    .describe("host name under which it is public, by HTTPS (network.exposure); default: it is reached inside the cluster only"),
  replicas: whole(1, 16, 2).optional().describe("pods; default: by sizing"),
  connections: whole(2, 64, 8).default(8).describe("connections of each pod to the database"),
  limits: limits.prefault({ requestsPerMinute: 60, tokensPerMinute: 100_000 }).describe("what a key may ask in a minute that has no limits of its own"),
  maxTokens: whole(1, 1_048_576, 4096).default(4096).describe("tokens that are kept free in a budget for an answer whose length the client does not bound"),
  maxBody: bytes
    .default("10Mi")
    .describe("largest request")
    .meta({ examples: ["10Mi"] }),
  usageDays: whole(31, 36_500, 400)
    .default(400)
    .describe("days for which the usage of each request is kept; the trail of changes of keys and budgets is kept for ever"),
  fallbacks: z
    .array(
      z.strictObject({
        model: modelName.describe("name of the model that can't answer").meta({ examples: ["codellama:7b-v1.0-base"] }),
        to: z
          .array(modelName)
          .min(1)
          .max(8)
          .describe("models that answer in its place, the first that can; only those that the key may ask")
          .meta({ examples: [["codellama:13b-v1.0-base"]] }),
      }),
    )
    .max(64)
    .default([])
    .describe("what stands in for a model whose pools can't answer"),
  prices: z
    .strictObject({
      currency: text(/^[A-Z]{3}$/, "a currency by its three letters (ISO 4217)", "EUR")
        .default("EUR")
        .describe("currency of all amounts"),
      gpuHour: money(2.5).default(0).describe("price of one GPU for an hour; a request has the share of it that its slot is"),
      models: z
        .array(
          z.strictObject({
            name: modelName.describe("name of the model").meta({ examples: ["codellama:7b-v1.0-base"] }),
            inputPerMillion: money(0.1).default(0).describe("price of a million tokens of prompts"),
            outputPerMillion: money(0.3).default(0).describe("price of a million tokens of answers"),
          }),
        )
        .max(64)
        .default([])
        .describe("prices by token, beside the GPU's"),
    })
    .prefault({})
    .describe("what use costs; default: nothing"),
  applications: z
    .array(application)
    .max(200)
    .default([])
    .describe("programs with a key of their own, which `up` makes; people's keys are made by `aictl keys create`"),
});
