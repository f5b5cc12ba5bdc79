/** The command line on this machine: `openshift-ai-policy`. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Io } from "./io";
import { run } from "./run";

const io: Io = {
  read: (path) => readFileSync(path, "utf8"),
  files: (path) =>
    statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true
      ? undefined
      : readdirSync(path, { recursive: true, withFileTypes: true })
          .filter((entry) => !entry.isDirectory())
          .map((entry) => join(entry.parentPath, entry.name))
          .sort(),
  stdin: async () => {
    const parts: Buffer[] = [];
    for await (const part of process.stdin) parts.push(part as Buffer);
    return Buffer.concat(parts).toString("utf8");
  },
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  now: () => new Date(),
};

// A reader that has seen enough closes the pipe: `… | head`.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});

void run(process.argv.slice(2), io).then((code) => {
  process.exitCode = code;
});
