/** Reads the part of a kubeconfig that a request needs: server, CA, and a client certificate, a token or a password. */
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, isAbsolute, join } from "node:path";
import { parse } from "yaml";
import { at, isMap, listAt, mapAt, textAt, type Value, type ValueMap } from "../lib/values";

export interface Connection {
  readonly context: string;
  readonly server: string;
  /** Namespace of the context, if it names one. */
  readonly namespace: string | undefined;
  readonly tls: { readonly ca?: string; readonly cert?: string; readonly key?: string; readonly servername?: string; readonly rejectUnauthorized: boolean };
  /** Value of the Authorization header. */
  readonly authorization: string | undefined;
}

export interface Selection {
  readonly context?: string | undefined;
  readonly cluster?: string | undefined;
}

/** A kubeconfig from its content or its path; `~` is the home directory. Relative paths in it are relative to the file. */
export function readKubeconfig(pathOrContent: string): { config: ValueMap; directory: string } {
  const path = pathOrContent.replace(/^~(?=\/|$)/, homedir());
  const isFile = !path.includes("\n") && existsSync(path);
  if (!isFile && !/^\s*[{\w#-]+.*[:{]/.test(pathOrContent)) throw new Error(`kubeconfig: no file ${path}, and it is no kubeconfig itself`);
  let config: unknown;
  try {
    config = parse(isFile ? readFileSync(path, "utf8") : pathOrContent);
  } catch (error) {
    // The parser's message quotes the text, which holds keys: only where it stopped is said.
    const where =
      error instanceof Error && "linePos" in error && Array.isArray(error.linePos) ? ` at line ${(error.linePos as { line: number }[])[0]?.line}` : "";
    throw new Error(`kubeconfig${isFile ? ` ${path}` : ""}: not valid YAML${where}`);
  }
  if (!isMap(config as Value)) throw new Error(`kubeconfig${isFile ? ` ${path}` : ""}: it holds no clusters, contexts and users`);
  return { config: config as ValueMap, directory: isFile ? dirname(path) : process.cwd() };
}

/** The kubeconfig that kubectl would use. */
export function defaultKubeconfig(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const candidates = env.KUBECONFIG ? env.KUBECONFIG.split(":").filter(Boolean) : [join(homedir(), ".kube/config")];
  return candidates.find((path) => existsSync(path));
}

const entry = (config: ValueMap, list: string, name: string, field: string): ValueMap | undefined => {
  const found = listAt(config, list).find((item) => textAt(item, "name") === name);
  return found === undefined ? undefined : mapAt(found, field);
};

/** `<name>-data` (base64), or the content of the file at `<name>`. */
function dataOf(user: ValueMap, name: string, directory: string): string | undefined {
  const data = textAt(user, `${name}-data`);
  if (data) return Buffer.from(data, "base64").toString();
  const path = textAt(user, name);
  if (!path) return undefined;
  try {
    return readFileSync(isAbsolute(path) ? path : join(directory, path), "utf8");
  } catch {
    throw new Error(`kubeconfig: ${name} ${path} cannot be read`);
  }
}

/** @throws Error that names what is missing or not supported */
export function connect(pathOrContent: string, selection: Selection = {}): Connection {
  const { config, directory } = readKubeconfig(pathOrContent);
  const contextName = selection.context ?? textAt(config, "current-context") ?? "";
  const context = entry(config, "contexts", contextName, "context");
  const names = (list: string) =>
    listAt(config, list)
      .map((item) => textAt(item, "name"))
      .join(", ") || "none";
  if (!context)
    throw new Error(
      contextName
        ? `kubeconfig: no context ${contextName} (there are: ${names("contexts")})`
        : "kubeconfig: no current context; name one with kubernetes:context",
    );
  const clusterName = selection.cluster ?? textAt(context, "cluster") ?? "";
  const cluster = entry(config, "clusters", clusterName, "cluster");
  const server = textAt(cluster, "server");
  if (!cluster || !server) throw new Error(`kubeconfig: no cluster ${clusterName} with a server (there are: ${names("clusters")})`);
  const user = entry(config, "users", textAt(context, "user") ?? "", "user") ?? {};
  for (const plugin of ["exec", "auth-provider"]) {
    if (at(user, plugin) === undefined) continue;
    throw new Error(
      `kubeconfig: user ${textAt(context, "user") ?? ""} logs in with ${plugin}${plugin === "exec" ? ` (${textAt(user, "exec", "command") ?? ""})` : ""}, which this plugin stand-in does not run. Install the official kubernetes plugin, or use a token or a client certificate`,
    );
  }
  const tokenFile = textAt(user, "tokenFile");
  const token = textAt(user, "token") ?? (tokenFile ? readFileSync(isAbsolute(tokenFile) ? tokenFile : join(directory, tokenFile), "utf8").trim() : undefined);
  const password = textAt(user, "username") ? Buffer.from(`${textAt(user, "username")}:${textAt(user, "password") ?? ""}`).toString("base64") : undefined;
  const [ca, cert, key] = [
    dataOf(cluster, "certificate-authority", directory),
    dataOf(user, "client-certificate", directory),
    dataOf(user, "client-key", directory),
  ];
  const servername = textAt(cluster, "tls-server-name");
  return {
    context: contextName,
    server: server.replace(/\/$/, ""),
    namespace: textAt(context, "namespace") || undefined,
    tls: {
      ...(ca ? { ca } : {}),
      ...(cert ? { cert } : {}),
      ...(key ? { key } : {}),
      ...(servername ? { servername } : {}),
      rejectUnauthorized: at(cluster, "insecure-skip-tls-verify") !== true,
    },
    authorization: token ? `Bearer ${token}` : password ? `Basic ${password}` : undefined,
  };
}
