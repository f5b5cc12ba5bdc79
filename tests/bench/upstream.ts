/**
 * A scripted model server for the bench, in a process of its own: it streams TOKENS tokens, one each PACE ms, each with the moment in which it was sent (the
 * machine's monotonic clock, the same in all processes). Prints its port. A model that is not in memory takes LOAD ms to be loaded first; no more than PARALLEL
 * requests run at once, others wait, as at Ollama. Chats of OpenAI's are answered at once after PACE ms.
 */
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

const setting = (name: string, fallback: number) => Number(process.env[name] ?? fallback);
const pace = setting("PACE", 20);
const tokens = setting("TOKENS", 100);
const loadMs = setting("LOAD", 0);
const parallel = setting("PARALLEL", Infinity);

let loaded = loadMs === 0;
let loading: Promise<void> | undefined;
let busy = 0;
const waiting: (() => void)[] = [];

const now = () => Number(process.hrtime.bigint()) / 1e6;
const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

async function load(): Promise<void> {
  if (loaded) return;
  loading ??= sleep(loadMs).then(() => void (loaded = true));
  await loading;
}

async function answer(response: ServerResponse): Promise<void> {
  if (busy >= parallel) await new Promise<void>((resolve) => waiting.push(resolve));
  else busy++;
  try {
    await load();
    response.writeHead(200, { "content-type": "application/x-ndjson" });
    const start = now();
    for (let i = 1; i <= tokens && !response.destroyed; i++) {
      await sleep(Math.max(start + i * pace - now(), 0)); // the pace does not drift
      response.write(`${JSON.stringify({ model: "tiny:1", response: " word", sent: now(), done: false })}\n`);
    }
    response.end(`${JSON.stringify({ model: "tiny:1", response: "", done: true, prompt_eval_count: 10, eval_count: tokens })}\n`);
  } finally {
    const next = waiting.shift();
    if (next) next();
    else busy--;
  }
}

/** A chat of OpenAI's, not streamed, after PACE ms. */
async function whole(response: ServerResponse): Promise<void> {
  await sleep(pace);
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify({ object: "chat.completion", choices: [{ message: { content: "word" } }], usage: { prompt_tokens: 10, completion_tokens: 1 } }));
}

const server = createServer((request, response) => {
  if (request.url === "/api/ps") {
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ models: loaded ? [{ name: "tiny:1", size: 1, size_vram: 1 }] : [] }));
    return;
  }
  if (request.url === "/v1/chat/completions") {
    request.resume().on("end", () => void whole(response));
    return;
  }
  request.resume().on("end", () => void answer(response));
});
server.listen(0, "127.0.0.1", () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`));
