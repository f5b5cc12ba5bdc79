/** What tests with a real Ollama as a process share: the program, its start and its end, and a certificate for registries on this machine. */
import { spawnSync, type ChildProcess } from "node:child_process";
import { delimiter, dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { ensurePrograms } from "../../../tools/toolchain";

/** PATH with Ollama first, which may have to be built. */
export async function pathWithOllama(): Promise<string> {
  const { ollama } = await ensurePrograms(["ollama"]);
  return [dirname(ollama.path("ollama")), process.env.PATH].join(delimiter);
}

/** Waits until `ollama serve` listens. @param onText called with all that it prints, also later @throws Error with what it printed when it ends */
export async function listening(child: ChildProcess & { readonly stderr: Readable }, onText: (text: string) => void = () => undefined): Promise<void> {
  let text = "";
  await new Promise<void>((resolve, reject) => {
    child.stderr.setEncoding("utf8").on("data", (data: string) => {
      text += data;
      onText(data);
      if (text.includes("Listening on")) resolve();
    });
    child.once("exit", () => reject(new Error(`ollama ended: ${text}`)));
  });
}

/** Stops a process, if it still runs, and waits for its end. */
export async function ended(child: ChildProcess | undefined, signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  const end = new Promise((resolve) => child.once("exit", resolve));
  child.kill(signal);
  await end;
}

/** PEM files of a key and a certificate for localhost, and for names below example.com that only a proxy can resolve. */
export function selfSigned(dir: string): { readonly key: string; readonly cert: string } {
  const [key, cert] = [join(dir, "key.pem"), join(dir, "cert.pem")];
  const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1,DNS:*.example.com"];
  const made = spawnSync("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", ...subject, "-keyout", key, "-out", cert]);
  if (made.status !== 0) throw new Error(`openssl: ${made.stderr.toString()}`);
  return { key, cert };
}
