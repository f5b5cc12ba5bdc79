/** aictl without a cluster, a disk, a clock or a person: answers by path, and everything that was done. */
import { stringify } from "yaml";
import { runCli } from "../../../cli/run";
import type { Answer, Client, Deps, Method, Patch } from "../../../cli/types";
import { ApiError } from "../../../tools/doctor/api";
import { apiOf, machine } from "../support/doctor";
import { tiny, type Fields } from "../support/config";

export interface Call {
  readonly verb: "patch" | "post" | "text" | "send" | "fetch" | "git" | "write";
  readonly path: string;
  readonly method?: Method;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly dryRun?: boolean;
}

export interface Given {
  /** By path: an object, a list's items, undefined for 404, or what is thrown. A function answers anew each time. */
  readonly answers?: Readonly<Record<string, unknown>>;
  /** Of proxied GETs and POSTs, by path. */
  readonly proxied?: Readonly<Record<string, Answer | ((call: number) => Answer)>>;
  /** Called after a patch, to let the cluster act on it. */
  readonly onPatch?: (path: string, patch: Patch) => void;
  readonly files?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly fetched?: (url: string) => Answer;
  /** What a person types; undefined: nobody is there. */
  readonly typed?: string;
  readonly git?: (args: readonly string[]) => { readonly code: number; readonly stdout: string; readonly stderr: string };
}

export interface Done {
  readonly code: number;
  readonly out: string;
  readonly notes: string;
  readonly calls: readonly Call[];
  readonly files: ReadonlyMap<string, string>;
  /** Targets that were connected to. */
  readonly connected: readonly string[];
  readonly asked: readonly string[];
}

export const now = Date.parse("2026-02-03T04:05:06Z");

/** Text of a configuration file with a comment, so that edits can be seen to keep it. */
export function stackText(fields: Fields = {}): string {
  const base: Fields = {
    environment: "development",
    platform: "kubernetes",
    sizing: "guide",
    cluster: { name: "development", context: "ai-dev", apiServerAddresses: ["198.18.0.2/32"] },
    models: [{ name: tiny, source: { kind: "image", image: "tiny-model", path: "/models/tiny" } }],
    serving: { pools: [{ name: "ollama", models: [tiny], replicas: 2 }] },
    ...fields,
  };
  const config = Object.fromEntries(Object.entries(base).map(([name, value]) => [`openshift-ai-platform:${name}`, value]));
  return `# how this stack is\n${stringify({ config })}`;
}

export const production = { environment: "production", images: { requireDigests: false } } as const;

/** Runs a command line. */
export async function aictl(line: readonly string[], given: Given = {}): Promise<Done> {
  const calls: Call[] = [];
  const connected: string[] = [];
  const asked: string[] = [];
  const files = new Map(Object.entries({ "Pulumi.dev.yaml": stackText(), ...given.files }));
  let time = now;
  let out = "";
  let notes = "";
  const counts = new Map<string, number>();

  const answer = (path: string): unknown => {
    const found = given.answers?.[path];
    const value: unknown = typeof found === "function" ? (found as () => unknown)() : found;
    if (value instanceof Error) throw value;
    return value;
  };
  const proxied = (path: string): Answer => {
    const found = given.proxied?.[path];
    const count = counts.get(path) ?? 0;
    counts.set(path, count + 1);
    return typeof found === "function" ? found(count) : (found ?? { status: 503, text: '{"message":"no endpoints available"}' });
  };
  const client: Client = {
    context: "",
    get: <T>(path: string) => Promise.resolve().then(() => answer(path) as T | undefined),
    list: <T>(path: string) => Promise.resolve().then(() => (answer(path) ?? []) as readonly T[]),
    patch: <T>(path: string, patch: Patch, dryRun: boolean) => {
      calls.push({ verb: "patch", path, body: patch.body, dryRun });
      if (!dryRun) given.onPatch?.(path, patch);
      return Promise.resolve({} as T);
    },
    post: (path, body, { onData } = {}) => {
      calls.push({ verb: "post", path, body });
      time += 250;
      const { status, text } = proxied(path);
      if (status >= 300 || !onData) return Promise.resolve({ status, text });
      onData(text);
      return Promise.resolve({ status, text: "" });
    },
    send: (method, path, { body, headers = {} } = {}) => {
      calls.push({ verb: "send", method, path, headers, ...(body === undefined ? {} : { body }) });
      return Promise.resolve(proxied(`${method} ${path}`));
    },
    text: (path) => {
      calls.push({ verb: "text", path });
      return Promise.resolve(proxied(path));
    },
  };
  const deps: Deps = {
    env: given.env ?? {},
    cwd: "/somewhere",
    files: {
      read: (path) => files.get(path),
      write(path, text) {
        calls.push({ verb: "write", path });
        files.set(path, text);
      },
    },
    clock: {
      now: () => time,
      sleep(ms) {
        time += ms;
        return Promise.resolve();
      },
    },
    terminal: {
      out: (text) => (out += text),
      note: (text) => (notes += `${text}\n`),
      interactive: given.typed !== undefined,
      ask(question) {
        asked.push(question);
        return Promise.resolve(given.typed ?? "");
      },
    },
    run: {
      git(args) {
        calls.push({ verb: "git", path: args.join(" ") });
        return Promise.resolve(given.git?.(args) ?? { code: 0, stdout: "", stderr: "" });
      },
    },
    connect(target) {
      connected.push(`${target.context} ${target.kubeconfig ?? "-"}`);
      return client;
    },
    connectDoctor: () => apiOf({}),
    fetch(url) {
      calls.push({ verb: "fetch", path: url });
      return Promise.resolve(given.fetched?.(url) ?? { status: 404, text: "" });
    },
    user: () => "alice",
    machine: machine(),
  };
  const code = await runCli(line, deps);
  return { code, out, notes, calls, files, connected, asked };
}

/** Command line of the stack dev. */
export const dev = (...rest: readonly string[]): readonly string[] => ["--stack", "dev", ...rest];

export const json = <T>({ out }: Done): T => JSON.parse(out) as T;

/** Calls that change something. */
export const changes = ({ calls }: Done) => calls.filter(({ verb }) => verb === "patch" || verb === "write" || verb === "git");

export const forbidden = (path: string) => new ApiError(403, path, "pods is forbidden");

/** An answer of /api/generate in two pieces. */
export function generated(tokens = 10, nanoseconds = 500_000_000): Answer {
  const lines = [{ response: "hel" }, { response: "lo" }, { response: "", done: true, prompt_eval_count: 3, eval_count: tokens, eval_duration: nanoseconds }];
  return { status: 200, text: `${lines.map((line) => JSON.stringify(line)).join("\n")}\n` };
}
