/** Runs the Go command, and turns what goes wrong with it into errors that say what to do. */
import { exec, ExecError, type ExecOptions, type ExecResult } from "../lib/exec";
import { UserError } from "../lib/errors";

export interface GoOptions extends Pick<ExecOptions, "cwd" | "logFile" | "onLine" | "signal" | "timeoutMs"> {
  /** What the user waits for, named in errors: "pulumi 3.259.0". */
  readonly what: string;
  /** Set beside our own environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Give up when Go printed nothing for this long; for what asks the network. Default: no limit, one package with C++ code takes minutes on a slow machine. */
  readonly stallMs?: number;
}

/** The environment of every Go command: the installed Go, nothing written to go.mod, no stamp of the clone's commit (it would change the program with each commit). */
export function goEnvironment(extra: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  return { ...process.env, CGO_ENABLED: "0", GOTOOLCHAIN: "local", GOFLAGS: "-mod=readonly -buildvcs=false", GOWORK: "off", ...extra };
}

/** @throws UserError for a missing Go, a full disk, an unreachable or silent module proxy; ExecError for the rest */
export async function go(args: readonly string[], options: GoOptions): Promise<ExecResult> {
  const { what, env, ...rest } = options;
  try {
    return await exec("go", args, { ...rest, env: goEnvironment(env) });
  } catch (error) {
    if (!(error instanceof ExecError)) throw error;
    throw explain(error, what, options.logFile) ?? error;
  }
}

const network =
  /dial tcp|no such host|i\/o timeout|connection (?:refused|reset)|TLS handshake|unexpected EOF|network is unreachable|proxyconnect|50[0-9] |context deadline/i;

function explain(error: ExecError, what: string, logFile: string | undefined): UserError | undefined {
  const output = error.result.stderr + error.result.stdout;
  const log = logFile === undefined ? "" : ` (full log: ${logFile})`;
  const lines = output.trim().split("\n");
  const last = lines.findLast((line) => network.test(line)) ?? lines.at(-1) ?? "";
  if (/no space left on device|disk quota exceeded/i.test(output)) {
    return new UserError(`${what}: no disk space left${log}`, {
      fix: "free some space (`df -h`; `make distclean` and `go clean -cache` remove caches) and run the same command again: it continues where it stopped",
      cause: error,
    });
  }
  if (error.result.code === 124) {
    return new UserError(`${what}: the Go module proxy does not answer (${error.message.split("\n")[0] ?? ""})${log}`, {
      fix: "check the network and `go env GOPROXY`, then run the same command again: it continues where it stopped",
      cause: error,
    });
  }
  if (/checksum mismatch|SECURITY ERROR/.test(output)) {
    return new UserError(`${what}: a Go module differs from what go.sum says: ${last}${log}`, {
      fix: "do not use what was downloaded; check `go env GOPROXY`, or remove a damaged copy with `go clean -modcache`",
      cause: error,
    });
  }
  if (network.test(output)) {
    return new UserError(`${what}: its Go modules can't be downloaded: ${last}${log}`, {
      fix: "check the network and `go env GOPROXY`, then run the same command again: it continues where it stopped",
      cause: error,
    });
  }
  return undefined;
}
