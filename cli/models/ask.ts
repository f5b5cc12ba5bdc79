/** One question to a model, the way that users ask: through the pool's Service, which the API server passes on. */
import { UserError } from "../errors";
import { messageIn } from "../kube/client";
import { paths } from "../kube/paths";
import type { Client, Clock, Run } from "../types";

export interface Question {
  readonly model: string;
  readonly prompt: string;
  /** Tokens of the longest answer. */
  readonly maxTokens: number;
  /** Milliseconds until the answer begins. */
  readonly timeoutMs: number;
}

export interface Reply {
  readonly text: string;
  /** Seconds until the first piece of the answer, the way through the API server included. */
  readonly firstTokenSeconds: number;
  readonly seconds: number;
  readonly promptTokens: number;
  readonly tokens: number;
  /** As the server measured it, without the way to it; undefined: it did not say. */
  readonly tokensPerSecond: number | undefined;
}

export type Asked = { readonly reply: Reply } | { readonly status: number; readonly error: string };

/** A line of Ollama's answer to /api/generate; the last one has the figures. Durations in nanoseconds. */
interface Line {
  readonly response?: string;
  readonly error?: string;
  readonly done?: boolean;
  readonly prompt_eval_count?: number;
  readonly eval_count?: number;
  readonly eval_duration?: number;
}

/** @returns what went wrong as `error`, with the status, so that a bench can count it. @throws UserError UNREACHABLE */
export async function ask(client: Client, clock: Clock, namespace: string, pool: string, question: Question): Promise<Asked> {
  const { model, prompt, maxTokens, timeoutMs } = question;
  const start = clock.now();
  const since = () => (clock.now() - start) / 1000;
  let first: number | undefined;
  let text = "";
  let last: Line | undefined;
  let error: string | undefined;
  let rest = "";
  const line = (one: string) => {
    if (one.trim() === "") return;
    const part = parsed(one);
    if (part === undefined) error ??= `no answer of a model: ${one.slice(0, 100)}`;
    else if (part.error !== undefined) error ??= part.error;
    else {
      if (part.response) {
        first ??= since();
        text += part.response;
      }
      if (part.done) last = part;
    }
  };
  const answer = await client.post(
    `${paths.service(namespace, pool, "http")}/api/generate`,
    { model, prompt, stream: true, options: { num_predict: maxTokens } },
    {
      timeoutMs,
      onData: (data) => {
        const lines = (rest + data).split("\n");
        rest = lines.pop() ?? "";
        lines.forEach(line);
      },
    },
  );
  line(rest);
  if (answer.status >= 300) return { status: answer.status, error: messageIn(answer.text) };
  if (error !== undefined) return { status: answer.status, error };
  if (last === undefined || (last.eval_count ?? 0) === 0) return { status: answer.status, error: last ? "it answered nothing" : "the answer broke off" };
  const { eval_count: tokens = 0, eval_duration: took = 0, prompt_eval_count: promptTokens = 0 } = last;
  const seconds = since();
  return { reply: { text, firstTokenSeconds: first ?? seconds, seconds, promptTokens, tokens, tokensPerSecond: took > 0 ? tokens / (took / 1e9) : undefined } };
}

function parsed(line: string): Line | undefined {
  try {
    return JSON.parse(line) as Line;
  } catch {
    return undefined;
  }
}

export interface ModelCheck {
  readonly model: string;
  readonly firstTokenSeconds: number;
}

/**
 * Every model of a pool answers. Where the configuration says that nodes are simulated (`smokeCheck: false`), none is asked.
 * @throws UserError FAILED with the first that does not, after it was asked again for a minute: routers learn of new replicas in between
 */
export async function checkModels(run: Run, namespace: string, pool: string, models: readonly string[]): Promise<readonly ModelCheck[]> {
  const { clock, terminal } = run.deps;
  if (run.settings.file?.config.smokeCheck === false) {
    terminal.note("  models are not asked: smokeCheck is false");
    return [];
  }
  const checks: ModelCheck[] = [];
  for (const model of models) {
    const end = clock.now() + 60_000;
    for (;;) {
      const asked = await ask(run.client(), clock, namespace, pool, { model, prompt: "Hello", maxTokens: 1, timeoutMs: 120_000 });
      if ("reply" in asked) {
        checks.push({ model, firstTokenSeconds: asked.reply.firstTokenSeconds });
        break;
      }
      if (clock.now() >= end) {
        throw new UserError(
          "FAILED",
          `model ${model} does not answer through Service ${namespace}/${pool}: ${asked.error} (${asked.status})`,
          `aictl rollout status ${pool} shows its pods`,
        );
      }
      await clock.sleep(2000);
    }
  }
  return checks;
}
