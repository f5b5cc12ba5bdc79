/** The cluster of one named context: reads, patches, and requests through the API server's proxy. */
import { request as requestHttp, type IncomingMessage } from "node:http";
import { Agent, request, type RequestOptions } from "node:https";
import { ApiError, kubeConfigOf, type List } from "../../tools/doctor/api";
import { messageOf, UserError as ToolError } from "../../tools/lib/errors";
import { usage, UserError } from "../errors";
import type { Answer, Client, Method, Target } from "../types";

/** Under which changes of ours stand in an object's managedFields. */
export const fieldManager = "aictl";

/** Milliseconds in which an answer must begin; models may take longer, and say so. */
const patience = 30_000;

interface Sent {
  readonly method: Method;
  readonly path: string;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
  readonly onData?: (text: string) => void;
}

/** @throws UserError USAGE for a kubeconfig that can't be read and for a context that is not in it */
export function connect(target: Target): Client {
  const config = load(target);
  const cluster = config.getCurrentCluster();
  if (!cluster) throw usage(`context ${target.context} names a cluster that its kubeconfig does not have`, "correct the kubeconfig");
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });

  const send = async ({ method, path, body, contentType = "application/json", headers, timeoutMs = patience, onData }: Sent): Promise<Answer> => {
    const options: RequestOptions = {
      method,
      headers: { accept: "application/json, text/plain;q=0.9, */*;q=0.8", ...(body === undefined ? {} : { "content-type": contentType }), ...headers },
    };
    try {
      await config.applyToHTTPSOptions(options);
      if (!cluster.proxyUrl) options.agent = agent;
      const text = body === undefined ? undefined : JSON.stringify(body);
      const answer = await exchange(`${cluster.server.replace(/\/$/, "")}${path}`, options, text, timeoutMs, onData);
      if (answer.status !== 401) return answer;
    } catch (cause) {
      throw new UserError(
        "UNREACHABLE",
        `context ${target.context}: ${cluster.server} does not answer: ${messageOf(cause)}`,
        "check that the cluster runs, the way to it (VPN, proxy) and the log-in of the context",
        cause,
      );
    }
    throw new UserError("UNREACHABLE", `context ${target.context}: ${cluster.server} does not know who asks (401)`, "log in anew: a token may have expired");
  };
  const json = async <T>(sent: Sent): Promise<T | undefined> => {
    const { status, text } = await send(sent);
    if (status === 404 && sent.method === "GET") return undefined;
    if (status >= 300) throw new ApiError(status, sent.path, statusMessage(text));
    return JSON.parse(text) as T;
  };

  return {
    context: target.context,
    get: (path) => json({ method: "GET", path }),
    list: async <T>(path: string) => (await json<List<T>>({ method: "GET", path }))?.items ?? [],
    async patch<T>(path: string, patch: Parameters<Client["patch"]>[1], dryRun: boolean): Promise<T> {
      const query = `?fieldManager=${fieldManager}${dryRun ? "&dryRun=All" : ""}`;
      const answer = await json<T>({
        method: "PATCH",
        path: `${path}${query}`,
        body: patch.body,
        contentType: patch.type === "json" ? "application/json-patch+json" : "application/merge-patch+json",
      });
      return answer as T;
    },
    post: (path, body, options = {}) => send({ method: "POST", path, body, ...options }),
    text: (path) => send({ method: "GET", path }),
    send: (method, path, options = {}) => send({ method, path, ...options }),
  };
}

function load(target: Target): ReturnType<typeof kubeConfigOf> {
  try {
    return kubeConfigOf(target);
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    // Said for variables of make there.
    const fix = (error.fix ?? "correct it").replaceAll("CONTEXT=", "--context ").replaceAll("KUBECONFIG=", "--kubeconfig ");
    throw usage(error.message, fix, error);
  }
}

function exchange(url: string, options: RequestOptions, body: string | undefined, timeoutMs: number, onData?: (text: string) => void): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const start = url.startsWith("http:") ? requestHttp : request;
    const sent = start(url, { ...options, timeout: timeoutMs }, (response: IncomingMessage) => {
      let text = "";
      const good = (response.statusCode ?? 0) < 300;
      response.setEncoding("utf8").on("data", (part: string) => {
        if (onData && good) onData(part);
        else text += part;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text })).on("error", reject);
      response.on("aborted", () => reject(new Error("the connection broke off")));
    });
    sent.on("timeout", () => sent.destroy(new Error(`no answer within ${timeoutMs / 1000} s`))).on("error", reject);
    sent.end(body);
  });
}

/** The message of a Status object. */
export function statusMessage(text: string): string {
  try {
    return (JSON.parse(text) as { message?: string }).message ?? text.slice(0, 300);
  } catch {
    return text.slice(0, 300);
  }
}

/** What an answer through the API server's proxy says is wrong: of Ollama's and model-proxy's errors, `error`; of the API server's, `message`. */
export function messageIn(text: string): string {
  try {
    const { error } = JSON.parse(text) as { error?: string | { message?: string } };
    if (typeof error === "string") return error;
    if (error?.message !== undefined) return error.message;
  } catch {
    // no JSON
  }
  return statusMessage(text).trim() || "no answer";
}
