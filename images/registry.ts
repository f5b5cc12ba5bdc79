/** A registry of the site's: what REGISTRY may be, and crane, which speaks to it with the credentials that Docker and Podman keep for it. */
import { exec, ExecError } from "../tools/lib/exec";
import { messageOf } from "../tools/lib/errors";

/** What pushing needs of crane. */
export interface Registry {
  /** The digest that the registry has under a reference; undefined: it has none. @throws Error for any other answer */
  digest(reference: string): Promise<string | undefined>;
  /** Uploads what is not there yet. @param layout folder with an OCI image layout of one image */
  push(layout: string, reference: string): Promise<void>;
  /** Copies an image with all of its architectures. */
  copy(from: string, to: string): Promise<void>;
}

const wanted = "host[:port]/path, a host by its full name or localhost:port, for example registry.example.com/ai";

/** What is wrong with a REGISTRY; undefined: nothing. */
export function registryProblem(registry: string | undefined): string | undefined {
  if (!registry) return `REGISTRY is missing; allowed: ${wanted}`;
  // A port, or localhost would be the place of images that are on no registry.
  return /^(localhost:\d+|[a-z0-9-]+(\.[a-z0-9-]+)+(:\d+)?)(\/[a-z0-9]+([._-]+[a-z0-9]+)*)*$/.test(registry)
    ? undefined
    : `REGISTRY=${registry}; allowed: ${wanted}, without a scheme, a user or a tag`;
}

/**
 * Environment in which crane speaks TLS to a registry, or fails. By itself it also tries plain HTTP at private addresses and at names that end in .local or
 * .localhost: that is led to a proxy that is not there, whatever NO_PROXY says. At loopback it may.
 */
export function craneEnv(registry: string, env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const host = registry.replace(/[:/].*$/, "");
  if (/^(localhost|127(\.\d+){3})$/.test(host)) return env;
  const plain = /^(10|192\.168|172\.(1[6-9]|2\d|3[01]))(\.\d+)+$/.test(host) || /\.local(host)?$/.test(host);
  if (!plain) return env;
  const nowhere = "http://127.0.0.1:1";
  return { ...env, HTTP_PROXY: nowhere, http_proxy: nowhere, NO_PROXY: "", no_proxy: "" };
}

/** @param crane path of the program @param registry as REGISTRY names it */
export function craneRegistry(crane: string, registry: string, env: NodeJS.ProcessEnv = process.env): Registry {
  const run = (...args: string[]) => exec(crane, args, { env: craneEnv(registry, env), stallMs: 600_000 });
  return {
    async digest(reference) {
      try {
        return (await run("digest", reference)).stdout.trim();
      } catch (error) {
        // A repository or a tag that is not there yet.
        if (error instanceof ExecError && /MANIFEST_UNKNOWN|NAME_UNKNOWN|404 Not Found/.test(error.result.stderr)) return undefined;
        throw answered(error);
      }
    },
    async push(layout, reference) {
      await run("push", layout, reference).catch((error: unknown) => Promise.reject(answered(error)));
    },
    async copy(from, to) {
      await run("copy", from, to).catch((error: unknown) => Promise.reject(answered(error)));
    },
  };
}

/** What the registry said, in one line. */
function answered(error: unknown): Error {
  const text = error instanceof ExecError ? error.result.stderr : messageOf(error);
  const last = text.trim().split("\n").at(-1) ?? "";
  const login = /UNAUTHORIZED|401|DENIED|403/.test(last) ? " (docker login, podman login or crane auth login keeps credentials for it)" : "";
  return new Error(`${last.replace(/^(\S+ \S+ )?Error: /, "").slice(0, 300) || messageOf(error)}${login}`, { cause: error });
}
