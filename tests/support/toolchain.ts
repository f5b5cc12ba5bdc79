/** What the tests of the toolchain share: a Go module of a few lines, stand-ins on PATH, silent servers. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createTcpServer, type AddressInfo, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import type { Context } from "../../tools/toolchain/ensure";
import type { ProgramSpec } from "../../tools/toolchain/programs";

/** A Go program without dependencies: builds in a second. */
export const hello: ProgramSpec = { name: "hello", module: "hello", packages: ["."], links: { greet: "hello" } };

export interface Workshop extends Context {
  readonly dir: string;
  /** Puts a shell script named `name` first on PATH until `close`. */
  fake(name: string, script: string): void;
  close(): void;
}

/** A folder with the module `hello`, a cache and logs of its own; PATH and Go's settings are put back by `close`. */
export function workshop(): Workshop {
  const dir = mkdtempSync(join(tmpdir(), "oap-toolchain-"));
  const before = { PATH: process.env.PATH, GOPROXY: process.env.GOPROXY };
  const fakes = join(dir, "fakes");
  for (const name of ["programs/hello", "fakes"]) mkdirSync(join(dir, name), { recursive: true });
  writeFileSync(join(dir, "programs/hello/go.mod"), "module hello\n\ngo 1.26.0\n");
  writeFileSync(join(dir, "programs/hello/main.go"), 'package main\n\nfunc main() { println("hello") }\n');
  process.env.PATH = [fakes, before.PATH].join(delimiter);
  return {
    dir,
    programsDir: join(dir, "programs"),
    cacheDir: join(dir, "cache"),
    logDir: join(dir, "logs"),
    fake(name, script) {
      writeFileSync(join(fakes, name), `#!/bin/sh\n${script}\n`);
      chmodSync(join(fakes, name), 0o755);
    },
    close() {
      for (const [name, value] of Object.entries(before)) {
        if (value === undefined) Reflect.deleteProperty(process.env, name);
        else process.env[name] = value;
      }
      rmSync(dir, { recursive: true });
    },
  };
}

/** Runs `work` and returns what it printed to stdout, with its result. */
export async function captured<T>(work: () => Promise<T>): Promise<{ readonly output: string; readonly result: T }> {
  const write = process.stdout.write.bind(process.stdout);
  let output = "";
  process.stdout.write = (text: string | Uint8Array) => {
    output += String(text);
    return true;
  };
  try {
    return { result: await work(), output };
  } finally {
    process.stdout.write = write;
  }
}

/** What `work` throws. @throws Error when it throws nothing */
export async function failure(work: () => Promise<unknown>): Promise<unknown> {
  try {
    await captured(work);
  } catch (error) {
    return error;
  }
  throw new Error("it succeeded");
}

/** A server that accepts connections and never answers. */
export async function silentServer(): Promise<{ readonly port: number; close(): void }> {
  const sockets = new Set<Socket>();
  const server: Server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
