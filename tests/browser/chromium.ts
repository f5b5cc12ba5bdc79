/** A real browser from Debian's packages, without a window, spoken to by its own protocol: nothing is installed, and nothing listens after `close`. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { debianRoot } from "../../tools/toolchain/debian";

export interface Page {
  /** Sends a command of the Chrome DevTools Protocol. @throws Error with what the browser says */
  send(method: string, parameters?: object): Promise<Readonly<Record<string, unknown>>>;
  /** The value of an expression, awaited. @throws Error where it throws */
  evaluate<T>(expression: string): Promise<T>;
  /** Opens an address, and waits until it is loaded. */
  open(url: string): Promise<void>;
}

export interface Browser {
  readonly page: Page;
  close(): Promise<void>;
}

export async function startBrowser(): Promise<Browser> {
  const { dir: root } = await debianRoot("chromium", ["chromium", "fonts-dejavu-core"], { closure: "missing" });
  const home = mkdtempSync(join(tmpdir(), "oap-browser-"));
  mkdirSync(join(home, "fonts"));
  const fonts = join(home, "fonts.conf");
  writeFileSync(fonts, `<?xml version="1.0"?><fontconfig><dir>${root}/usr/share/fonts</dir><cachedir>${home}/fonts</cachedir></fontconfig>`);
  const libraries = ["usr/lib/x86_64-linux-gnu", "usr/lib/aarch64-linux-gnu"]
    .flatMap((path) => [join(root, path), join(root, path, "pulseaudio")])
    .filter((path) => existsSync(path));
  const child = spawn(
    join(root, "usr/lib/chromium/chromium"),
    // Its own sandbox needs rights that a container has not; it sees our own page only.
    ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", "--no-first-run", `--user-data-dir=${home}/profile`, "--remote-debugging-port=0", "about:blank"], // prettier-ignore
    {
      env: { PATH: process.env.PATH, HOME: home, LD_LIBRARY_PATH: libraries.join(":"), FONTCONFIG_FILE: fonts, LANG: "C.UTF-8" },
      stdio: ["ignore", "ignore", "pipe"],
    },
  );
  const ended = once(child, "close");
  const close = async () => {
    child.kill("SIGKILL");
    await ended;
    rmSync(home, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    const address = await debuggerOf(child.stderr, ended);
    const list = (await (await fetch(`http://${new URL(address).host}/json/list`)).json()) as readonly { readonly type: string; readonly webSocketDebuggerUrl: string }[]; // prettier-ignore
    const target = list.find(({ type }) => type === "page");
    if (target === undefined) throw new Error("the browser has no page");
    return { page: await pageAt(target.webSocketDebuggerUrl), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The address that the browser says it listens at. @throws Error with what it printed, where it ends before */
async function debuggerOf(output: NodeJS.ReadableStream, ended: Promise<unknown>): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const printed: string[] = [];
  createInterface({ input: output }).on("line", (line) => {
    printed.push(line);
    const found = /^DevTools listening on (ws:\S+)/.exec(line)?.[1];
    if (found !== undefined) resolve(found);
  });
  void ended.then(() => {
    reject(new Error(`the browser ended:\n${printed.join("\n")}`));
  });
  return promise;
}

async function pageAt(url: string): Promise<Page> {
  const socket = new WebSocket(url);
  await once(socket, "open");
  const waiting = new Map<number, { resolve: (result: Readonly<Record<string, unknown>>) => void; reject: (error: Error) => void }>();
  const loads = new Set<() => void>();
  socket.addEventListener("message", ({ data }) => {
    const message = JSON.parse(String(data)) as { id?: number; method?: string; result?: Record<string, unknown>; error?: { message: string } };
    if (message.method === "Page.loadEventFired") for (const loaded of loads) loaded();
    const call = waiting.get(message.id ?? -1);
    if (message.error === undefined) call?.resolve(message.result ?? {});
    else call?.reject(new Error(message.error.message));
    waiting.delete(message.id ?? -1);
  });
  let last = 0;
  const send: Page["send"] = (method, params = {}) => {
    const { promise, resolve, reject } = Promise.withResolvers<Readonly<Record<string, unknown>>>();
    waiting.set(++last, { resolve, reject });
    socket.send(JSON.stringify({ id: last, method, params }));
    return promise;
  };
  await send("Page.enable");
  return {
    send,
    async evaluate<T>(expression: string): Promise<T> {
      const { result, exceptionDetails } = (await send("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true })) as {
        result: { value: T };
        exceptionDetails?: { text: string; exception?: { description?: string } };
      };
      if (exceptionDetails !== undefined) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
      return result.value;
    },
    async open(to: string) {
      const { promise, resolve } = Promise.withResolvers<undefined>();
      const loaded = () => {
        resolve(undefined);
      };
      loads.add(loaded);
      await send("Page.navigate", { url: to });
      await promise;
      loads.delete(loaded);
    },
  };
}
