/** A small client of the API server: what starting a cluster needs, without a process per call. */
import { readFileSync } from "node:fs";
import { Agent, request } from "node:https";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { UserError, messageOf } from "../lib/errors";
import { fieldManager } from "./settings";

/** Any Kubernetes object. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

export interface ApiResponse {
  readonly status: number;
  readonly text: string;
}

export interface Api {
  call(method: string, path: string, body?: unknown, contentType?: string): Promise<ApiResponse>;
  /** Parsed answer; undefined for 404. @throws Error for any other failure */
  get<T>(path: string): Promise<T | undefined>;
  /** Server-side apply of objects of known kinds, in parallel; waits for kinds that a CRD has just brought. */
  apply(objects: readonly KubeObject[]): Promise<void>;
  close(): void;
}

/** @param server `https://address:port`; @param pki directory with ca.crt, admin.crt, admin.key */
export function apiOf(server: string, pki: string): Api {
  const file = (name: string) => readFileSync(join(pki, name));
  const agent = new Agent({ keepAlive: true, maxSockets: 8, ca: file("ca.crt"), cert: file("admin.crt"), key: file("admin.key") });
  const call: Api["call"] = (method, path, body, contentType = "application/json") =>
    new Promise((resolve, reject) => {
      const headers = body === undefined ? {} : { "content-type": contentType };
      const req = request(`${server}${path}`, { method, agent, headers, timeout: 30_000 }, (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (data: string) => (text += data));
        response.on("end", () => resolve({ status: response.statusCode ?? 0, text })).on("error", reject);
      });
      req.on("timeout", () => req.destroy(new Error(`${method} ${path}: no answer within 30 s`))).on("error", reject);
      req.end(body === undefined ? undefined : JSON.stringify(body));
    });

  const applyOne = async (object: KubeObject) => {
    const path = `${pathOf(object)}?fieldManager=${fieldManager}&force=true`;
    for (let attempt = 0; ; attempt++) {
      const { status, text } = await call("PATCH", path, object, "application/apply-patch+yaml");
      if (status < 300) return;
      // 404: a CRD that is not served yet; 409, 429, 5xx: the server says try again
      if (attempt < 50 && (status === 404 || status === 409 || status === 429 || status >= 500)) await sleep(200);
      else throw new Error(`${object.kind} ${object.metadata.name}: ${statusMessage(text)}`);
    }
  };

  return {
    call,
    async get<T>(path: string): Promise<T | undefined> {
      const { status, text } = await call("GET", path);
      if (status === 404) return undefined;
      if (status >= 300) throw new Error(`GET ${path}: ${status} ${statusMessage(text)}`);
      return JSON.parse(text) as T;
    },
    async apply(objects) {
      await Promise.all(objects.map(applyOne));
    },
    close: () => agent.destroy(),
  };
}

const clusterScoped = new Set(
  "Namespace Node PersistentVolume ClusterRole ClusterRoleBinding StorageClass CustomResourceDefinition APIService PriorityClass GatewayClass MutatingAdmissionPolicy MutatingAdmissionPolicyBinding ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding".split(
    " ",
  ),
);

/** Path of an object; plurals by the rules that all kinds used here follow. */
export function pathOf(object: Pick<KubeObject, "apiVersion" | "kind" | "metadata">): string {
  const lower = object.kind.toLowerCase();
  const plural = lower.endsWith("s") ? `${lower}es` : lower.endsWith("y") && !lower.endsWith("ay") ? `${lower.slice(0, -1)}ies` : `${lower}s`;
  const root = object.apiVersion.includes("/") ? `/apis/${object.apiVersion}` : `/api/${object.apiVersion}`;
  const scope = clusterScoped.has(object.kind) ? "" : `/namespaces/${object.metadata.namespace ?? "default"}`;
  return `${root}${scope}/${plural}/${object.metadata.name}`;
}

/** The message of a Status object. */
function statusMessage(text: string): string {
  try {
    return (JSON.parse(text) as { message?: string }).message ?? text;
  } catch {
    return text;
  }
}

const pending = Symbol("pending");

/**
 * Asks again until the answer is there.
 * @param alive throws when waiting has become pointless
 * @throws UserError after `timeoutMs`
 */
export async function until<T>(what: string, timeoutMs: number, ask: () => Promise<T | undefined | false>, alive: () => void, fix: string): Promise<T> {
  let last = "";
  for (const deadline = Date.now() + timeoutMs; Date.now() < deadline; await sleep(100)) {
    // A server that is still starting may take the question and be silent, so look at the processes meanwhile.
    let answer: T | undefined | false | typeof pending = pending;
    const question = ask().catch((error: unknown): undefined => {
      last = messageOf(error);
      return undefined;
    });
    while (answer === pending) {
      answer = await Promise.race([question, sleep(100, pending)]);
      alive();
    }
    if (answer !== undefined && answer !== false) return answer;
  }
  throw new UserError(`${what}: not within ${timeoutMs / 1000} s${last ? ` (${last})` : ""}`, { fix });
}
