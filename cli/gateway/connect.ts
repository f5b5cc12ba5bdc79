/** Configuration of editors and clients for the authenticated API. No key stands in it: each names where the client finds it. */
import { stringify } from "yaml";
import { gatewayName, gatewayPort } from "../../stacks/connections";
import type { StackConfig } from "../../stacks/schema";
import { usage } from "../errors";
import { fileIn, namespaceIn } from "../settings";
import type { Result, Run } from "../types";

export const clients = ["continue", "cursor", "openai", "opencode", "vscode"] as const;
export type ClientName = (typeof clients)[number];

export interface ConnectOptions {
  readonly url?: string;
  readonly team?: string;
  readonly tools?: boolean;
}

/** Variable, or secret of the client, that holds the key. */
const keyName = "AI_PLATFORM_KEY";
const title = "AI platform";

/** A model as clients want it described. */
interface Model {
  readonly name: string;
  /** Tokens of prompt and answer together. */
  readonly context: number;
  readonly maxTokens: number;
}

interface Endpoint {
  readonly base: string;
  readonly models: readonly Model[];
  /** Whether the models call tools: Ollama refuses them for one that does not. */
  readonly tools: boolean;
}

interface Connection {
  readonly text: string;
  /** Where it goes, and the key. */
  readonly note: string;
}

export function connect(run: Run, client: string, options: ConnectOptions): Promise<Result> {
  const make = makers[client as ClientName];
  if (!Object.hasOwn(makers, client))
    throw usage(`${client}: no configuration for it`, `one of ${clients.join(", ")}; any other client takes the base URL of openai`);
  const { config } = fileIn(run.settings);
  const endpoint = { base: baseOf(run, config, options.url), models: modelsOf(config, options.team), tools: options.tools ?? false };
  const { text, note } = make(endpoint);
  run.deps.terminal.note(note);
  return Promise.resolve({ data: { client, ...endpoint, configuration: text }, text });
}

function baseOf(run: Run, { gateway }: StackConfig, url: string | undefined): string {
  if (gateway === undefined) throw usage("the stack has no gateway", "set openshift-ai-platform:gateway, then run pulumi up");
  if (url !== undefined) {
    if (!/^https?:\/\/[^\s/]+$/.test(url)) throw usage(`--url ${url}: no address`, "scheme and host, such as https://api.ai.example.com");
    return `${url}/v1`;
  }
  if (gateway.host !== undefined) return `https://${gateway.host}/v1`;
  const forward = `kubectl -n ${namespaceIn(run.settings)} port-forward service/${gatewayName} ${gatewayPort}`;
  run.deps.terminal.note(`the gateway is not public (gateway.host): this is for a port that you forward,\n  ${forward}`);
  return `http://127.0.0.1:${gatewayPort}/v1`;
}

function modelsOf({ serving, teams, gateway }: StackConfig, name: string | undefined): readonly Model[] {
  const team = teams.find((one) => one.name === name);
  if (name !== undefined && team === undefined) throw usage(`--team ${name}: no such team`, `one of ${teams.map((one) => one.name).join(", ")}`);
  const smallest = new Map<string, number>();
  for (const { models, contextLength } of serving.pools)
    for (const model of models) smallest.set(model, Math.min(contextLength, smallest.get(model) ?? contextLength));
  return [...smallest]
    .filter(([model]) => team === undefined || team.models.includes(model))
    .map(([model, context]) => ({ name: model, context, maxTokens: Math.min(gateway?.maxTokens ?? context, Math.floor(context / 2)) }));
}

const json = (value: unknown) => `${JSON.stringify(value, undefined, 2)}\n`;

const makers: Readonly<Record<ClientName, (endpoint: Endpoint) => Connection>> = {
  // https://docs.continue.dev/reference
  continue: ({ base, models, tools }) => ({
    text: stringify({
      name: title,
      version: "1.0.0",
      schema: "v1",
      models: models.map(({ name, context, maxTokens }) => ({
        name,
        provider: "openai",
        model: name,
        apiBase: base,
        apiKey: `\${{ secrets.${keyName} }}`,
        roles: ["chat", "edit", "apply"],
        ...(tools ? { capabilities: ["tool_use"] } : {}),
        defaultCompletionOptions: { contextLength: context, maxTokens },
      })),
    }),
    note: `into ~/.continue/config.yaml; the key, as ${keyName}=oap_…, into ~/.continue/.env`,
  }),
  cursor: ({ base, models }) => ({
    text: `Override OpenAI Base URL: ${base}\nModels: ${models.map(({ name }) => name).join(", ")}\n`,
    note: "Cursor has no file for this: Settings, Models, API Keys; the key into OpenAI API Key. Its own servers ask the gateway, so it must be public",
  }),
  openai: ({ base, models }) => ({
    text: `export OPENAI_BASE_URL=${base}\nexport OPENAI_API_KEY="$${keyName}"\n# models: ${models.map(({ name }) => name).join(", ")}\n`,
    note: `for OpenAI's own clients in Python and Node.js, and what is made with them; the key in ${keyName}`,
  }),
  // https://opencode.ai/docs/providers
  opencode: ({ base, models, tools }) => ({
    text: json({
      $schema: "https://opencode.ai/config.json",
      provider: {
        "ai-platform": {
          npm: "@ai-sdk/openai-compatible",
          name: title,
          options: { baseURL: base, apiKey: `{env:${keyName}}` },
          models: Object.fromEntries(models.map(({ name, context, maxTokens }) => [name, { name, tool_call: tools, limit: { context, output: maxTokens } }])),
        },
      },
    }),
    note: `into opencode.json of the project, or ~/.config/opencode/opencode.json; the key in ${keyName}`,
  }),
  // "Custom Endpoint" of VS Code's language models, 1.122 and newer.
  vscode: ({ base, models, tools }) => ({
    text: json([
      {
        name: title,
        vendor: "customendpoint",
        models: models.map(({ name, context, maxTokens }) => ({
          id: name,
          name,
          url: `${base}/chat/completions`,
          apiType: "chat-completions",
          toolCalling: tools,
          vision: false,
          maxInputTokens: context - maxTokens,
          maxOutputTokens: maxTokens,
          streaming: true,
        })),
      },
    ]),
    note: "Chat: Manage Language Models, Add Models, Custom Endpoint; VS Code asks for the key and opens chatLanguageModels.json, which this goes into",
  }),
};
