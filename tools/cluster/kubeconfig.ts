import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { replaceFile } from "./state";

export interface KubeconfigOptions {
  readonly server: string;
  /** Name of the cluster, the user and the context. */
  readonly name: string;
  /** Directory and name (without ending) of certificate and key. */
  readonly pki: string;
  readonly file: string;
  /** Put the certificates into the file, so that it works anywhere; else their paths, which clients read again when they are renewed. */
  readonly embed: boolean;
}

/** Text of a kubeconfig. JSON is YAML. */
export function kubeconfig({ server, name, pki, file, embed }: KubeconfigOptions): string {
  const part = (key: string, path: string) => (embed ? { [`${key}-data`]: readFileSync(path).toString("base64") } : { [key]: path });
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name, cluster: { server, ...part("certificate-authority", join(pki, "ca.crt")) } }],
    users: [{ name, user: { ...part("client-certificate", join(pki, `${file}.crt`)), ...part("client-key", join(pki, `${file}.key`)) } }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    "current-context": name,
  };
  return `${JSON.stringify(config, undefined, 2)}\n`;
}

/** Writes it, readable by the owner only, unless it is there already. */
export function writeKubeconfig(path: string, options: KubeconfigOptions): void {
  const text = kubeconfig(options);
  if (!existsSync(path) || readFileSync(path, "utf8") !== text) replaceFile(path, text);
}
