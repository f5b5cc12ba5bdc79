/** What commands get from outside: everything that a test puts something else in place of. */
import type { Api } from "../tools/doctor/api";
import type { Machine } from "../tools/doctor/types";
import type { Settings } from "./settings";

/** A change of an object: RFC 6902 or RFC 7386. */
export type Patch = { readonly type: "json"; readonly body: readonly JsonOperation[] } | { readonly type: "merge"; readonly body: object };
export interface JsonOperation {
  readonly op: "add" | "replace" | "remove" | "test";
  readonly path: string;
  readonly value?: unknown;
}

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

export interface Answer {
  readonly status: number;
  /** What was sent, or the end of it where `onData` took it. */
  readonly text: string;
}

/** One named context of a cluster. Paths are the API server's. */
export interface Client {
  readonly context: string;
  /** undefined for 404. @throws ApiError for any other refusal; UserError UNREACHABLE */
  get<T>(path: string): Promise<T | undefined>;
  /** Items of a list; none where there is no such kind. @throws as `get` */
  list<T>(path: string): Promise<readonly T[]>;
  /** @param dryRun the server checks it, and keeps nothing. @throws ApiError */
  patch<T>(path: string, patch: Patch, dryRun: boolean): Promise<T>;
  /** POST of JSON, as to a proxied Service; any status is an answer. @param onData gets the body as it comes */
  post(path: string, body: unknown, options?: { readonly onData?: (text: string) => void; readonly timeoutMs?: number }): Promise<Answer>;
  /** GET of what is no JSON, or may fail; any status is an answer. */
  text(path: string): Promise<Answer>;
  /** Any request with headers of its own, as to a proxied Service that asks who calls; any status is an answer. */
  send(method: Method, path: string, options?: { readonly body?: unknown; readonly headers?: Readonly<Record<string, string>> }): Promise<Answer>;
}

export interface Target {
  readonly context: string;
  /** undefined: where kubectl finds it */
  readonly kubeconfig: string | undefined;
}

export interface Files {
  /** undefined: there is none */
  read(path: string): string | undefined;
  write(path: string, text: string): void;
}

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  sleep(ms: number): Promise<void>;
}

export interface Terminal {
  /** Results. */
  readonly out: (text: string) => void;
  /** Progress, warnings, errors. */
  readonly note: (text: string) => void;
  /** Whether somebody is there to be asked. */
  readonly interactive: boolean;
  /** One line of an answer. */
  ask(question: string): Promise<string>;
}

export interface Commands {
  /** Runs git in the folder of the configuration. */
  readonly git: (args: readonly string[]) => Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }>;
}

export interface Deps {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Folder of whoever calls: paths that are given are relative to it. */
  readonly cwd: string;
  readonly files: Files;
  readonly clock: Clock;
  readonly terminal: Terminal;
  readonly run: Commands;
  /** @throws UserError for a context that is not there */
  connect(target: Target): Client;
  /** The same for the doctor, who only reads. */
  connectDoctor(target: Target): Api;
  /** GET of an address outside the cluster's API. */
  fetch(url: string, headers: Readonly<Record<string, string>>): Promise<Answer>;
  /** Who does it, for what is recorded. */
  user(): string;
  readonly machine: Machine;
}

/** A command's surroundings, with what was decided from options, environment and configuration. */
export interface Run {
  readonly deps: Deps;
  readonly settings: Settings;
  /** The cluster; connects when it is asked for. @throws UserError where none is named */
  readonly client: () => Client;
}

/** What a command gives back: the same for programs and for people. */
export interface Result {
  readonly data: unknown;
  readonly text: string;
  /** @default 0 */
  readonly exitCode?: number;
}
