/** A model server that does what a test says, and remembers what it was asked. */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setImmediate as turn } from "node:timers/promises";

export interface Body {
  readonly model: string;
  readonly stream?: boolean;
  readonly max_tokens?: number;
  readonly max_completion_tokens?: number;
  readonly max_output_tokens?: number;
  readonly stream_options?: { readonly include_usage?: boolean };
  readonly [other: string]: unknown;
}

export interface Asked {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Body;
  /** The gateway closed the connection before the answer ended. */
  cancelled: boolean;
}

export type Answer = (asked: Asked, response: ServerResponse) => void | Promise<void>;

export class Upstream {
  readonly asked: Asked[] = [];
  /** Tokens of all answers, as they were told or sent. */
  readonly sent = { input: 0, output: 0 };
  answer: Answer = this.tokens(5);
  private constructor(private readonly server: Server) {}
  static async start(): Promise<Upstream> {
    const server = createServer();
    const upstream = new Upstream(server);
    server.on("request", (request: IncomingMessage, response: ServerResponse) => void upstream.serve(request, response));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return upstream;
  }
  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }
  get last(): Asked {
    const last = this.asked.at(-1);
    if (last === undefined) throw new Error("it was not asked");
    return last;
  }
  reset(): void {
    this.asked.length = 0;
    Object.assign(this.sent, { input: 0, output: 0 });
    this.answer = this.tokens(5);
  }
  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
  /** So many tokens, or as many as the request allows, from a prompt of `input` tokens, in OpenAI's form for chats. */
  tokens(output: number, input = 7): Answer {
    return async ({ body }, response) => {
      const count = Math.min(output, body.max_tokens ?? Infinity, body.max_output_tokens ?? Infinity);
      const usage = { prompt_tokens: input, completion_tokens: count, total_tokens: input + count };
      this.sent.input += input;
      this.sent.output += count;
      if (body.stream !== true) {
        response.setHeader("Content-Type", "application/json");
        response.end(JSON.stringify({ object: "chat.completion", model: body.model, choices: [{ message: { content: "x ".repeat(count) } }], usage }));
        return;
      }
      response.setHeader("Content-Type", "text/event-stream");
      for (let i = 0; i < count; i++) {
        response.write(piece(body.model, `${i} `));
        await turn();
      }
      if (body.stream_options?.include_usage === true) response.write(event({ object: "chat.completion.chunk", model: body.model, choices: [], usage }));
      response.end("data: [DONE]\n\n");
    };
  }
  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = "";
    for await (const data of request.setEncoding("utf8")) text += String(data);
    const asked: Asked = { path: request.url ?? "", headers: request.headers, body: JSON.parse(text) as Body, cancelled: false };
    response.on("close", () => (asked.cancelled = !response.writableFinished));
    this.asked.push(asked);
    await this.answer(asked, response);
  }
}

export const event = (data: object): string => `data: ${JSON.stringify(data)}\n\n`;
export const piece = (model: string, content: string): string => event({ object: "chat.completion.chunk", model, choices: [{ index: 0, delta: { content } }] });
/** An answer that is this status and nothing else. */
export const status =
  (code: number): Answer =>
  (_asked, response) => {
    response
      .writeHead(code, { "Content-Type": "application/json", "Retry-After": "3" })
      .end(JSON.stringify({ error: { message: "busy", code: "queue_full" } }));
  };
