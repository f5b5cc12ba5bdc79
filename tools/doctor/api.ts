/** Questions to the API server of one named context. There is no way here to change anything. */
import { existsSync } from "node:fs";
import { request as requestHttp } from "node:http";
import { Agent, request, type RequestOptions } from "node:https";
import { homedir } from "node:os";
import { delimiter } from "node:path";
import { KubeConfig } from "@kubernetes/client-node";
import { messageOf, UserError } from "../lib/errors";

/** An action that may be allowed or not; no namespace: in all of them, or of a kind that has none. */
export interface Access {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly namespace?: string;
}

export interface List<T> {
  readonly items: readonly T[];
}

export interface Api {
  /** Parsed answer; undefined for 404. @throws ApiError for any other refusal */
  get<T>(path: string): Promise<T | undefined>;
  /** As it is sent, for what is no JSON; undefined for 404. @throws ApiError */
  text(path: string): Promise<string | undefined>;
  /** Whether who asks may do it. @throws ApiError */
  allowed(access: Access): Promise<boolean>;
}

/** What the API server refuses to answer. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  constructor(
    readonly status: number,
    readonly path: string,
    message: string,
  ) {
    super(message);
  }
}

/** Milliseconds in which each answer must begin. */
const patience = 15_000;

export interface Target {
  /** Paths of kubeconfigs, as in $KUBECONFIG; undefined: where kubectl finds it. */
  readonly kubeconfig: string | undefined;
  readonly context: string;
}

/**
 * @throws UserError for a kubeconfig that can't be read and for a context that is not in it. The methods of the result throw UserError
 * when the server can't be reached, and when it does not know who asks.
 */
export function connect(target: Target): Api {
  const config = kubeConfigOf(target);
  const cluster = config.getCurrentCluster();
  if (!cluster) throw new UserError(`context ${target.context} names a cluster that its kubeconfig does not have`, { fix: "correct the kubeconfig" });
  const { server, proxyUrl } = cluster;
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  const others = config.contexts.map(({ name }) => name).filter((name) => name !== target.context);
  const elsewhere = others.length > 0 ? `; or name another context: ${others.join(", ")}` : "";

  const call = async (method: string, path: string, body?: unknown): Promise<{ status: number; text: string }> => {
    const options: RequestOptions = {
      method,
      headers: { accept: "application/json, text/plain;q=0.9", ...(body ? { "content-type": "application/json" } : {}) },
    };
    let answer: { status: number; text: string };
    try {
      await config.applyToHTTPSOptions(options);
      if (!proxyUrl) options.agent = agent;
      answer = await send(`${server.replace(/\/$/, "")}${path}`, options, body);
    } catch (cause) {
      throw new UserError(`context ${target.context}: ${server} does not answer: ${messageOf(cause)}`, {
        fix: `check that the cluster runs, the way to it (VPN, proxy) and the log-in of the context${elsewhere}`,
        cause,
      });
    }
    if (answer.status === 401) {
      throw new UserError(`context ${target.context}: ${server} does not know who asks (401 Unauthorized)`, {
        fix: `log in anew (a token may have expired)${elsewhere}`,
      });
    }
    return answer;
  };
  const text = async (path: string): Promise<string | undefined> => {
    const answer = await call("GET", path);
    if (answer.status === 404) return undefined;
    if (answer.status >= 300) throw new ApiError(answer.status, path, statusMessage(answer.text));
    return answer.text;
  };
  return {
    text,
    async get<T>(path: string): Promise<T | undefined> {
      const answer = await text(path);
      return answer === undefined ? undefined : (JSON.parse(answer) as T);
    },
    async allowed(access) {
      const path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
      const review = { apiVersion: "authorization.k8s.io/v1", kind: "SelfSubjectAccessReview", spec: { resourceAttributes: access } };
      const { status, text: answer } = await call("POST", path, review);
      if (status >= 300) throw new ApiError(status, path, statusMessage(answer));
      return (JSON.parse(answer) as { status: { allowed: boolean } }).status.allowed;
    },
  };
}

/** The kubeconfig with the named context as its current one; that of whoever runs this is never used. */
export function kubeConfigOf({ kubeconfig, context }: Target): KubeConfig {
  const named = (kubeconfig ?? "~/.kube/config").split(delimiter).filter(Boolean);
  const files = named.map((name) => name.replace(/^~(?=\/|$)/, homedir()));
  // As kubectl does: of several files, those that are not there don't count, and the first that has a name decides.
  const there = files.length > 1 ? files.filter((file) => existsSync(file)) : files;
  const config = new KubeConfig();
  for (const one of there.map(readFile)) {
    config.clusters.push(...one.clusters.filter(({ name }) => config.getCluster(name) === null));
    config.users.push(...one.users.filter(({ name }) => config.getUser(name) === null));
    config.contexts.push(...one.contexts.filter(({ name }) => config.getContextObject(name) === null));
  }
  if (config.getContextObject(context) === null) {
    const names = config.contexts.map(({ name }) => name);
    throw new UserError(`there is no context "${context}" in ${files.join(", ")}`, {
      fix: names.length > 0 ? `CONTEXT=name, one of: ${names.join(", ")}; or correct cluster.context` : "log in to the cluster first: no context is there",
    });
  }
  config.setCurrentContext(context);
  return config;
}

function readFile(file: string): KubeConfig {
  const config = new KubeConfig();
  try {
    config.loadFromFile(file);
  } catch (cause) {
    // The parser's message may quote the text, which holds keys.
    const why = cause instanceof Error && "code" in cause ? String(cause.code) : "it is no valid kubeconfig";
    throw new UserError(`kubeconfig ${file} cannot be read: ${why}`, {
      fix: "name the file: KUBECONFIG=path, or cluster.kubeconfig in the stack's configuration",
    });
  }
  return config;
}

function send(url: string, options: RequestOptions, body: unknown): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const start = url.startsWith("http:") ? requestHttp : request;
    const sent = start(url, { ...options, timeout: patience }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => (text += part));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text })).on("error", reject);
    });
    sent.on("timeout", () => sent.destroy(new Error(`no answer within ${patience / 1000} s`))).on("error", reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/** The message of a Status object. */
function statusMessage(text: string): string {
  try {
    return (JSON.parse(text) as { message?: string }).message ?? text.slice(0, 200);
  } catch {
    return text.slice(0, 200);
  }
}
