/** A real PostgreSQL 15 with TLS, of Debian's packages, in a folder of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ensureCertificates } from "../../tools/cluster/certificates";
import { exec } from "../../tools/lib/exec";
import { debianRoot } from "../../tools/toolchain/debian";
import { freePort } from "./ports";

/** postgres does not run as root: then it runs as nobody, who can't look into root's home, where the cache is. */
const nobody = 65_534;
const isRoot = process.getuid?.() === 0;
const identity = isRoot ? { uid: nobody, gid: nobody } : {};

export interface Postgres {
  readonly port: number;
  /** Folder with `authority.crt`, which its certificate for 127.0.0.1 and localhost is of, and the password's file. */
  readonly dir: string;
  /** libpq's variables for the role that owns the database. */
  readonly environment: Readonly<Record<string, string>>;
  /** Runs SQL as that role and returns the rows, columns with | between. @throws Error with what psql says */
  query(sql: string): Promise<readonly string[]>;
  /** Ends it as a machine that fails does; what was committed is kept. */
  kill(): Promise<void>;
  /** Ends it and its connections in order. */
  stop(): Promise<void>;
  /** Starts it again on the same port. */
  start(): Promise<void>;
  /** Ends it and removes the folder. */
  remove(): Promise<void>;
}

/** @param database also the name of the role that owns it */
export async function startPostgres(database = "gateway"): Promise<Postgres> {
  const { dir: cached } = await debianRoot("postgres", ["postgresql-15", "postgresql-client-15"], { closure: true });
  const dir = mkdtempSync(join(tmpdir(), "oap-postgres-"));
  try {
    return await prepare(dir, cached, database);
  } catch (error) {
    rmSync(dir, { recursive: true, force: true });
    throw error;
  }
}

async function prepare(dir: string, cached: string, database: string): Promise<Postgres> {
  const port = await freePort();
  const data = join(dir, "data");
  await ensureCertificates(dir, [{ file: "server", authority: "authority", commonName: "postgres", usage: "server", names: ["127.0.0.1", "localhost"] }]);
  mkdirSync(data);
  const root = isRoot ? dir : cached;
  if (isRoot) await linked(join(cached, "usr"), join(dir, "usr"));
  chmodSync(dir, 0o755);
  chmodSync(join(dir, "server.key"), 0o600);
  if (isRoot) for (const path of ["data", "server.key", "server.crt"]) chownSync(join(dir, path), nobody, nobody);
  const libraries = join(root, "usr/lib", readdirSync(join(root, "usr/lib")).find((name) => name.endsWith("-linux-gnu")) ?? "");
  const variables = { LD_LIBRARY_PATH: libraries, PATH: process.env.PATH ?? "", LC_ALL: "C", TZ: "UTC" };
  const program = (name: string) => join(root, "usr/lib/postgresql/15/bin", name);
  const start = (name: string, args: readonly string[]) =>
    spawn(program(name), args, { cwd: "/", env: variables, stdio: ["ignore", "pipe", "pipe"], ...identity });

  const password = "correct-horse";
  await finished(start("initdb", ["-D", data, "-U", "postgres", "--auth=trust", "--no-sync", "-E", "UTF8", "-L", join(root, "usr/share/postgresql/15")]));
  // Over the network the role has a password and TLS; the socket in the folder is for this test.
  writeFileSync(join(data, "pg_hba.conf"), "local all all trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n");
  writeFileSync(join(dir, "pgpass"), `*:*:*:${database}:${password}\n`, { mode: 0o600 });

  let server: ChildProcess | undefined;
  const psql = (role: string, name: string, sql: string) =>
    exec(program("psql"), ["-XAt", "-v", "ON_ERROR_STOP=1", "-h", data, "-p", String(port), "-U", role, "-d", name, "-c", sql], { env: variables });
  const open = async () => {
    const settings = [
      "ssl=on",
      `ssl_cert_file=${dir}/server.crt`,
      `ssl_key_file=${dir}/server.key`,
      `unix_socket_directories=${data}`,
      "listen_addresses=127.0.0.1",
    ];
    const child = start("postgres", ["-D", data, "-p", String(port), ...settings.flatMap((one) => ["-c", one])]);
    let log = "";
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text: string) => (log = (log + text).slice(-10_000)));
    server = child;
    for (const end = Date.now() + 60_000; ; await sleep(50)) {
      if (child.exitCode !== null || Date.now() > end) throw new Error(`postgres does not start:\n${log}`);
      const { code } = await exec(program("pg_isready"), ["-q", "-h", data, "-p", String(port)], { env: variables, allowFailure: true });
      if (code === 0) return;
    }
  };
  /** SIGINT ends connections, SIGQUIT all at once. */
  const end = async (signal: NodeJS.Signals) => {
    if (server === undefined || server.exitCode !== null) return;
    const ended = once(server, "exit");
    server.kill(signal);
    await ended;
  };
  await open();
  await psql("postgres", "postgres", `CREATE ROLE ${database} LOGIN PASSWORD '${password}'`);
  await psql("postgres", "postgres", `CREATE DATABASE ${database} OWNER ${database}`);
  return {
    port,
    dir,
    environment: {
      PGHOST: "127.0.0.1",
      PGPORT: String(port),
      PGDATABASE: database,
      PGUSER: database,
      PGPASSFILE: join(dir, "pgpass"),
      PGSSLMODE: "verify-full",
      PGSSLROOTCERT: join(dir, "authority.crt"),
    },
    query: async (sql) => (await psql(database, database, sql)).stdout.split("\n").filter(Boolean),
    kill: () => end("SIGQUIT"),
    stop: () => end("SIGINT"),
    start: open,
    remove: async () => {
      await end("SIGQUIT");
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** The same folder elsewhere, by links where both are on one disk. */
async function linked(from: string, to: string): Promise<void> {
  const { code } = await exec("cp", ["-al", from, to], { allowFailure: true });
  if (code === 0) return;
  rmSync(to, { recursive: true, force: true });
  await exec("cp", ["-a", from, to]);
}

async function finished(child: ChildProcess): Promise<void> {
  let log = "";
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding("utf8").on("data", (text: string) => (log += text));
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) throw new Error(`${child.spawnfile} failed (${String(code)}):\n${log}`);
}
