/** apt with lists, caches and settings of our own: nothing of the machine is changed, its package sources and keys are read as they are. */
import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { UserError, messageOf } from "../lib/errors";
import { exec, type ExecOptions, type ExecResult } from "../lib/exec";
import { withLock } from "../lib/lock";
import { cacheDir, logDir } from "../lib/paths";
import { say } from "../lib/progress";
import { which } from "./which";

/** Our lists, archives and settings. */
const aptDir = join(cacheDir, "apt");
const configuration = join(aptDir, "apt.conf");
const logFile = join(logDir, "apt.log");

/** Where apt reads what is installed: an empty file for "nothing", the machine's own for "what this machine has". */
export type Installed = "nothing" | "machine";

/** @throws UserError where apt or what unpacks its packages is missing */
export function requireApt(purpose: string): void {
  const missing = ["apt-get", "apt-config", "dpkg-deb", "tar"].filter((name) => which(name) === undefined);
  if (missing.length === 0) return;
  throw new UserError(
    `${purpose}: it comes from Debian packages, and ${missing.join(", ")} ${missing.length === 1 ? "is" : "are"} not on this machine's PATH`,
    {
      fix: "use Debian or a distribution derived from it, or a machine where these tools are installed",
    },
  );
}

/** Runs apt-get with our settings. */
export async function apt(args: readonly string[], installed: Installed, options: Pick<ExecOptions, "cwd" | "onLine" | "signal"> = {}): Promise<ExecResult> {
  const status = installed === "machine" ? "/var/lib/dpkg/status" : join(aptDir, "status");
  // The lock that guards the machine's status file is not ours to take: we only read it.
  return exec("apt-get", ["-q", "-y", "-o", `Dir::State::status=${status}`, "-o", "Debug::NoLocking=true", ...args], {
    env: { ...process.env, APT_CONFIG: configuration, DEBIAN_FRONTEND: "noninteractive", LC_ALL: "C" },
    logFile,
    stallMs: 90_000,
    ...options,
  });
}

const dayMs = 24 * 60 * 60 * 1000;

/** Gets the package lists into our own folder, once a day. @throws UserError when the package sources can't be reached */
export async function refreshLists(purpose: string, options: { readonly force?: boolean } = {}): Promise<void> {
  requireApt(purpose);
  const stamp = join(aptDir, "updated");
  const isFresh = () => Date.now() - (statSync(stamp, { throwIfNoEntry: false })?.mtimeMs ?? 0) < dayMs;
  if (isFresh() && options.force !== true) return;
  await withLock(
    join(aptDir, "lists.lock"),
    async () => {
      if (isFresh() && options.force !== true) return;
      for (const dir of ["lists/partial", "archives/partial"]) mkdirSync(join(aptDir, dir), { recursive: true });
      writeFileSync(join(aptDir, "status"), "");
      writeFileSync(configuration, await settings(), { mode: 0o600 }); // may hold a proxy's password
      let unreachable: string | undefined;
      // A mirror that drops one connection, or is just being renewed, serves the next.
      const update = () => updateOnce((line) => (unreachable ??= line));
      try {
        await update().catch(update);
      } catch (error) {
        if (statSync(stamp, { throwIfNoEntry: false }) !== undefined) {
          say("  … Debian packages: the lists can't be renewed now; using those of an earlier day");
          return;
        }
        throw new UserError(`${purpose}: the lists of Debian packages can't be had: ${unreachable ?? messageOf(error)}`, {
          fix: "check the network and the package sources in /etc/apt, then run the same command again",
          cause: error,
        });
      }
      writeFileSync(stamp, "");
    },
    (pid) => {
      say(`  … Debian packages: waiting for process ${pid}, which is getting the lists`);
    },
  );
}

/** One source that does not answer is enough to give up: apt would wait for each of the others too. */
async function updateOnce(onUnreachable: (line: string) => void): Promise<void> {
  const controller = new AbortController();
  const onLine = (line: string) => {
    if (!/connection (?:timed out|failed|refused)|could not (?:connect|resolve)|temporary failure resolving/i.test(line)) return;
    onUnreachable(line.trim());
    controller.abort();
  };
  await apt(["update", "--error-on=any", "-o", "Acquire::Retries=0"], "nothing", { onLine, signal: controller.signal });
}

/**
 * The machine's own apt settings for sources, proxies and architectures, without its hooks (one in container images empties the machine's package cache) and without
 * data that only desktop programs read.
 */
async function settings(): Promise<string> {
  const { stdout } = await exec("apt-config", ["dump"], { timeoutMs: 10_000 });
  const kept = stdout
    .split("\n")
    .filter(
      (line) =>
        /^(?:Acquire|APT::Architecture|APT::Default-Release|Dir::Etc)/.test(line) && !/DEP-11|^Dir::Etc::(?:parts|main) |^Acquire::Languages/.test(line),
    );
  return [
    ...kept,
    'Dir::Etc::parts "/dev/null";',
    'Dir::Etc::main "/dev/null";',
    `Dir::State::lists "${join(aptDir, "lists")}/";`,
    `Dir::Cache "${aptDir}";`,
    `Dir::Cache::archives "archives/";`,
    'Acquire::Languages "none";',
    'Acquire::http::Timeout "8";',
    'Acquire::https::Timeout "8";',
    'Acquire::Retries "1";',
    // apt as root would fetch as another user, who can't write to our folder.
    ...(process.getuid?.() === 0 ? ['APT::Sandbox::User "root";'] : []),
    "",
  ].join("\n");
}
