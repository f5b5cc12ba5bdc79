/** aictl. docs/aictl.md */
import { readFileSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { resolve } from "node:path";
import { createInterface } from "node:readline/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { connect as connectDoctor } from "../tools/doctor/api";
import { thisMachine } from "../tools/doctor/machine";
import { exec } from "../tools/lib/exec";
import { messageOf } from "../tools/lib/errors";
import { root } from "../tools/lib/paths";
import { allowClosedPipe } from "../tools/lib/pipe";
import { UserError } from "./errors";
import { connect } from "./kube/client";
import { runCli } from "./run";
import type { Deps } from "./types";

const cwd = process.cwd();
// What the program reads it finds from its own folder, as `pulumi up` does.
process.chdir(root);

const deps: Deps = {
  env: process.env,
  cwd,
  files: {
    read(path) {
      try {
        return readFileSync(resolve(root, path), "utf8");
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
        throw new UserError("USAGE", `${path} cannot be read: ${messageOf(error)}`, "name another file, or see to its rights", error);
      }
    },
    write: (path, text) => writeFileSync(resolve(root, path), text),
  },
  clock: { now: Date.now, sleep: (ms) => sleep(ms) },
  terminal: {
    out: (text) => void process.stdout.write(text),
    note: (text) => void process.stderr.write(text.endsWith("\n") ? text : `${text}\n`),
    interactive: process.stdin.isTTY && process.stderr.isTTY,
    async ask(question) {
      const terminal = createInterface({ input: process.stdin, output: process.stderr });
      try {
        return await terminal.question(question);
      } finally {
        terminal.close();
      }
    },
  },
  run: { git: (args) => exec("git", args, { cwd: root, allowFailure: true }) },
  connect,
  connectDoctor,
  async fetch(url, headers) {
    const answer = await fetch(url, { headers, signal: AbortSignal.timeout(30_000) });
    return { status: answer.status, text: await answer.text() };
  },
  user: () => userInfo().username,
  machine: thisMachine(),
};

async function main(): Promise<void> {
  process.exitCode = await runCli(process.argv.slice(2), deps);
}

allowClosedPipe();
void main();
