/** Requests to the API server: plain HTTPS, kept-alive connections, a bounded number at a time. */
import http from "node:http";
import https from "node:https";
import { isMap, listAt, numberAt, textAt, type Value, type ValueMap } from "../lib/values";
import type { Connection } from "./kubeconfig";

/** An answer of the API server that is not a success. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  /** @param code HTTP status; @param reason e.g. AlreadyExists; @param causes fields of a conflict or an invalid object */
  constructor(
    readonly code: number,
    readonly reason: string,
    message: string,
    readonly causes: readonly { readonly reason: string; readonly message: string; readonly field: string }[] = [],
    readonly retryAfterSeconds: number | undefined = undefined,
    readonly about: { readonly kind: string; readonly name: string } = { kind: "", name: "" },
  ) {
    super(message);
  }
}
export const isNotFound = (error: unknown): boolean => error instanceof ApiError && error.code === 404;
export const isConflict = (error: unknown): error is ApiError => error instanceof ApiError && error.code === 409 && error.reason === "Conflict";
export const isAlreadyExists = (error: unknown): boolean => error instanceof ApiError && error.reason === "AlreadyExists";

export interface RequestOptions {
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly body?: Value;
  readonly contentType?: string;
  readonly signal?: AbortSignal | undefined;
}

const CONCURRENT = 24;
/** Server asked to wait, or is restarting: tried again this often. */
const ATTEMPTS = 5;

export class Api {
  readonly #agent: http.Agent;
  readonly #watchAgent: http.Agent;
  readonly #url: URL;
  /** Calls by method, for tests and for the trace. */
  readonly calls = new Map<string, number>();

  constructor(readonly connection: Connection) {
    this.#url = new URL(connection.server);
    const secure = this.#url.protocol === "https:";
    const create = (maxSockets: number) =>
      secure ? new https.Agent({ keepAlive: true, maxSockets, ...connection.tls }) : new http.Agent({ keepAlive: true, maxSockets });
    this.#agent = create(CONCURRENT);
    this.#watchAgent = create(Infinity);
  }

  #open(method: string, path: string, options: RequestOptions, agent: http.Agent): Promise<http.IncomingMessage> {
    const url = new URL(this.#url.pathname.replace(/\/$/, "") + path, this.#url);
    for (const [key, value] of Object.entries(options.query ?? {})) if (value !== undefined) url.searchParams.set(key, value);
    const body = options.body === undefined ? undefined : JSON.stringify(options.body);
    const headers = {
      accept: "application/json",
      "user-agent": "openshift-ai-platform-standin",
      ...(this.connection.authorization ? { authorization: this.connection.authorization } : {}),
      ...(body === undefined ? {} : { "content-type": options.contentType ?? "application/json", "content-length": Buffer.byteLength(body) }),
    };
    this.calls.set(method, (this.calls.get(method) ?? 0) + 1);
    if (process.env.OAP_STANDIN_TRACE) process.stderr.write(`standin ${method} ${url.pathname}${url.search}\n`);
    return new Promise((resolve, reject) => {
      const request = (url.protocol === "https:" ? https : http).request(
        url,
        { method, headers, agent, ...(options.signal ? { signal: options.signal } : {}) },
        resolve,
      );
      request.once("error", reject);
      request.end(body);
    });
  }

  /** One call; its JSON answer. @throws ApiError for a refusal, Error where no server answers */
  async request(method: string, path: string, options: RequestOptions = {}): Promise<ValueMap> {
    for (let attempt = 1; ; attempt++) {
      try {
        const response = await this.#open(method, path, options, this.#agent);
        return answer(response.statusCode ?? 0, await textOf(response), response.headers["retry-after"]);
      } catch (error) {
        const wait = retryDelay(error, method, attempt);
        if (wait === undefined || options.signal?.aborted) throw this.#explain(error);
        await new Promise((resolve) => setTimeout(resolve, wait));
      }
    }
  }

  /** A watch: each event's object as it comes. Ends when the server ends it. */
  async *watch(path: string, query: RequestOptions["query"], signal: AbortSignal): AsyncGenerator<{ type: string; object: ValueMap }> {
    const response = await this.#open("GET", path, { query: { ...query, watch: "true" }, signal }, this.#watchAgent);
    if (response.statusCode !== 200) answer(response.statusCode ?? 0, await textOf(response), undefined);
    let rest = "";
    for await (const chunk of response.setEncoding("utf8")) {
      const lines = (rest + String(chunk)).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        if (!line) continue;
        const event = JSON.parse(line) as ValueMap;
        if (isMap(event.object)) yield { type: textAt(event, "type") ?? "", object: event.object };
      }
    }
  }

  /** Plain text, e.g. a container's log. */
  async text(path: string, query: RequestOptions["query"]): Promise<string> {
    const response = await this.#open("GET", path, query ? { query } : {}, this.#agent);
    const text = await textOf(response);
    if (response.statusCode !== 200) answer(response.statusCode ?? 0, text, undefined);
    return text;
  }

  close(): void {
    this.#agent.destroy();
    this.#watchAgent.destroy();
  }

  #explain(error: unknown): unknown {
    if (error instanceof ApiError || !(error instanceof Error) || error.name === "AbortError") return error;
    return new Error(
      `the API server ${this.connection.server} (context ${this.connection.context}) cannot be reached: ${error.message}. Is the cluster running?`,
    );
  }
}

async function textOf(response: http.IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

function answer(status: number, text: string, retryAfter: string | undefined): ValueMap {
  let body: ValueMap = {};
  try {
    const parsed = JSON.parse(text) as Value;
    if (isMap(parsed)) body = parsed;
  } catch {
    // not JSON: a proxy's page, or an empty answer
  }
  if (status >= 200 && status < 300) return body;
  const causes = listAt(body, "details", "causes").map((cause) => ({
    reason: textAt(cause, "reason") ?? "",
    message: textAt(cause, "message") ?? "",
    field: textAt(cause, "field") ?? "",
  }));
  const seconds = numberAt(body, "details", "retryAfterSeconds") ?? (retryAfter ? Number(retryAfter) : undefined);
  const about = { kind: textAt(body, "details", "kind") ?? "", name: textAt(body, "details", "name") ?? "" };
  throw new ApiError(status, textAt(body, "reason") ?? "", textAt(body, "message") ?? `HTTP status ${status}: ${text.slice(0, 200)}`, causes, seconds, about);
}

/** Milliseconds until the next attempt; undefined = it is final. */
function retryDelay(error: unknown, method: string, attempt: number): number | undefined {
  if (attempt >= ATTEMPTS) return undefined;
  if (error instanceof ApiError) {
    const busy = error.code === 429 || error.code === 503 || (error.code === 500 && error.retryAfterSeconds !== undefined);
    return busy ? (error.retryAfterSeconds ?? attempt) * 1000 : undefined;
  }
  // A kept-alive connection that the server closed meanwhile. A POST may have arrived: AlreadyExists would blame the user.
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "ECONNRESET" && method !== "POST" ? 100 * attempt : undefined;
}
