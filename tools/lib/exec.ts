/** Child processes: argument arrays only, full output to a log file, time limits, no shell. */
import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { UserError } from "./errors";

export interface ExecOptions {
  readonly cwd?: string;
  /** Whole environment of the child; default: ours. */
  readonly env?: NodeJS.ProcessEnv;
  readonly input?: string;
  /** Kill the child after this long; default: no limit. */
  readonly timeoutMs?: number;
  /** Kill the child when it printed nothing for this long: a download that stalls. */
  readonly stallMs?: number;
  /** Append all output here. */
  readonly logFile?: string;
  /** Called with each line of stdout and stderr. */
  readonly onLine?: (line: string) => void;
  /** Let the child write to our terminal; then nothing is captured. */
  readonly inherit?: boolean;
  /** Do not throw on a non-zero exit. */
  readonly allowFailure?: boolean;
  readonly signal?: AbortSignal;
}

export interface ExecResult {
  /** Exit status; 128 + n for a signal; 124 when a limit of ours killed it. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Thrown when a command fails; `result` has its output. */
export class ExecError extends Error {
  override readonly name = "ExecError";
  constructor(
    message: string,
    readonly result: ExecResult,
  ) {
    super(message);
  }
}

/** Runs a command to its end. @throws ExecError on a non-zero exit, UserError when the program does not exist. */
export async function exec(command: string, args: readonly string[], options: ExecOptions = {}): Promise<ExecResult> {
  const { promise, resolve, reject } = Promise.withResolvers<ExecResult>();
  if (options.logFile) mkdirSync(dirname(options.logFile), { recursive: true });
  // Synchronous, so that the log is whole whenever this process ends, and closed once: an aborted child may speak after it was given up.
  let log = options.logFile ? openSync(options.logFile, "a") : undefined;
  const write = (data: string) => log !== undefined && writeSync(log, data);
  write(`$ ${command} ${args.join(" ")}\n`);
  const child = spawn(command, args, {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: options.env ?? process.env,
    stdio: options.inherit ? "inherit" : ["pipe", "pipe", "pipe"],
    ...(options.signal ? { signal: options.signal } : {}),
  });
  let limit: string | undefined;
  const stop = (why: string) => () => {
    limit = why;
    child.kill("SIGTERM");
    setTimeout(() => child.kill("SIGKILL"), 5000).unref();
  };
  const total = options.timeoutMs ? setTimeout(stop(`took longer than ${options.timeoutMs / 1000} s`), options.timeoutMs) : undefined;
  let stall: NodeJS.Timeout | undefined;
  const heard = () => {
    if (!options.stallMs) return;
    clearTimeout(stall);
    stall = setTimeout(stop(`printed nothing for ${options.stallMs / 1000} s`), options.stallMs);
  };
  heard();
  const text = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    let rest = "";
    child[name]?.setEncoding("utf8").on("data", (data: string) => {
      heard();
      write(data);
      text[name] += data;
      if (!options.onLine) return;
      const lines = (rest + data).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) options.onLine(line);
    });
    child[name]?.on("end", () => rest && options.onLine?.(rest));
  }
  child.stdin?.on("error", () => undefined); // the child may exit without reading
  child.stdin?.end(options.input);
  const done = () => {
    clearTimeout(total);
    clearTimeout(stall);
    if (log !== undefined) closeSync(log);
    log = undefined;
  };
  child.on("error", (error: NodeJS.ErrnoException) => {
    done();
    reject(error.code === "ENOENT" ? new UserError(`${command}: no such program`, { fix: `install ${command} and put it on PATH`, cause: error }) : error);
  });
  child.on("close", (status, signal) => {
    done();
    const code = limit ? 124 : (status ?? 128 + (signal === "SIGKILL" ? 9 : 15));
    const result = { code, ...text };
    if (code === 0 || options.allowFailure) return resolve(result);
    const last = (text.stderr || text.stdout).trim().split("\n").slice(-5).join("\n");
    reject(
      new ExecError(
        `${command} ${args[0] ?? ""}: ${limit ?? `exit code ${code}`}${last ? `\n${last}` : ""}${options.logFile ? `\nfull log: ${options.logFile}` : ""}`,
        result,
      ),
    );
  });
  return promise;
}
