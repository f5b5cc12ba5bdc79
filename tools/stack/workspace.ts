/**
 * A stack on an embedded cluster: its own Pulumi home, state, passphrase and copy of the configuration under `.state/`,
 * so that the tracked `Pulumi.<stack>.yaml` and the user's `~/.pulumi` stay untouched.
 */
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse, parseDocument, type Document } from "yaml";
import { addonCapabilities, ensureShare, nodeName, sharePath, type Cluster, type Flavor } from "../cluster";
import { UserError } from "../lib/errors";
import { exec, type ExecOptions, type ExecResult } from "../lib/exec";
import { logDir, root, stateDir } from "../lib/paths";
import { embeddedConfiguration, sharedVolumesOf, type Configuration } from "./embedded";
import { engineEnvironment, type Tools } from "./tools";

export const project = "openshift-ai-platform";

/** Where the states of this clone's stacks are. */
export const backendDir = join(stateDir, "pulumi");

export interface Workspace {
  readonly stack: string;
  readonly cluster: Cluster;
  readonly configFile: string;
  /** What is in that file. */
  readonly configuration: Configuration;
  /** Runs the Pulumi CLI on this stack; `args[0]` is the command. Its whole output goes to the log too. */
  pulumi(args: readonly string[], options?: ExecOptions): Promise<ExecResult>;
}

/** Commands of the CLI that read a stack configuration. */
const withConfig = new Set(["up", "preview", "refresh", "destroy"]);

/** Makes the workspace of a stack, or finds it; writes its configuration anew from the tracked file. @param guest whether the cluster is another stack's */
export async function openWorkspace(stack: string, cluster: Cluster, tools: Tools, guest = false): Promise<Workspace> {
  const dir = join(stateDir, "stacks", cluster.name, stack);
  mkdirSync(dir, { recursive: true });
  const env = pulumiEnvironment(cluster, tools);
  const name = stackName(stack, cluster);
  const configFile = join(dir, `Pulumi.${name}.yaml`);
  const log = join(logDir, "pulumi.log");
  const pulumi = (args: readonly string[], options: ExecOptions = {}): Promise<ExecResult> =>
    exec(tools.pulumi, ["-C", root, "--non-interactive", ...args, "--stack", name, ...(withConfig.has(args[0] ?? "") ? ["--config-file", configFile] : [])], {
      logFile: log,
      ...options,
      env: { ...env, ...options.env },
    });

  // `stack init` writes the salt of the passphrase beside the Pulumi.yaml that it finds: here a copy, with our copy of the configuration.
  if (!existsSync(join(backendDir, ".pulumi", "stacks", project, `${name}.json`))) {
    writeFileSync(join(dir, "Pulumi.yaml"), readFileSync(join(root, "Pulumi.yaml")));
    await exec(tools.pulumi, ["-C", dir, "--non-interactive", "stack", "init", name], { env, logFile: log });
  }
  const configuration = await writeConfig(stack, configFile, cluster, guest);
  return { stack: name, cluster, configFile, configuration, pulumi };
}

/** The environment of the CLI: our state and passphrase, this cluster, and none of the user's own Pulumi and Kubernetes settings. */
export function pulumiEnvironment(cluster: Cluster, tools: Tools): NodeJS.ProcessEnv {
  const passphraseFile = join(stateDir, "passphrase");
  mkdirSync(backendDir, { recursive: true });
  if (!existsSync(passphraseFile)) writeFileSync(passphraseFile, randomBytes(24).toString("base64url"), { mode: 0o600 });
  return {
    ...engineEnvironment(tools, cluster.programs),
    PULUMI_BACKEND_URL: `file://${backendDir}`,
    PULUMI_CONFIG_PASSPHRASE_FILE: passphraseFile,
    // The stand-ins talk to this cluster only.
    OAP_EMBEDDED_KUBECONFIG: cluster.kubeconfig,
  };
}

/** The cluster that a stack has for itself. */
export function clusterNameOf(stack: string, flavor: Flavor): string {
  return flavor === "real" ? stack : `${stack}-simulated`;
}

/** One state holds the stacks of all clusters of this clone. Neither a stack nor a cluster has a dot in its name, so no two are the same. */
function stackName(stack: string, cluster: Cluster): string {
  return cluster.name === clusterNameOf(stack, cluster.flavor) ? cluster.name : `${stack}.${cluster.name}`;
}

/** The tracked configuration of the stack with what differs on an embedded cluster. */
async function writeConfig(stack: string, file: string, cluster: Cluster, guest: boolean): Promise<Configuration> {
  const { document, config } = trackedConfiguration(stack);
  const imagesLock = join(cluster.dir, "images.lock");
  const embedded = embeddedConfiguration(config, {
    flavor: cluster.flavor,
    platform: cluster.platform,
    context: cluster.context,
    kubeconfig: cluster.kubeconfig,
    apiServerAddresses: await apiServerAddresses(cluster),
    imagesLock: existsSync(imagesLock) ? imagesLock : undefined,
    share: { node: nodeName, path: sharePath },
    guest,
    capabilities: addonCapabilities(cluster.addons, cluster.flavor),
  });
  if (cluster.flavor === "real") ensureShare(cluster, sharedVolumesOf(embedded));
  document.set("config", document.createNode(Object.fromEntries(Object.entries(embedded).map(([key, value]) => [`${project}:${key}`, value]))));
  const before = existsSync(file) ? (parse(readFileSync(file, "utf8")) as { encryptionsalt?: string } | null) : undefined;
  if (before?.encryptionsalt) document.set("encryptionsalt", before.encryptionsalt);
  else document.delete("encryptionsalt");
  writeFileSync(`${file}.new`, document.toString());
  renameSync(`${file}.new`, file);
  return embedded;
}

/** Our part of a tracked `Pulumi.<stack>.yaml`, without the prefix. @throws UserError where there is none, or no valid YAML */
export function trackedConfiguration(stack: string): { document: Document; config: Configuration } {
  const tracked = join(root, `Pulumi.${stack}.yaml`);
  if (!existsSync(tracked)) {
    const stacks = readdirSync(root).flatMap((name) => /^Pulumi\.(.+)\.yaml$/.exec(name)?.[1] ?? []);
    throw new UserError(`STACK=${stack}: there is no Pulumi.${stack}.yaml`, { fix: `one of STACK=${stacks.join(", STACK=")}, or write that file` });
  }
  // Pulumi reads YAML 1.1, where a time without quotes is not text.
  const document = parseDocument(readFileSync(tracked, "utf8"), { compat: "yaml-1.1" });
  if (document.errors[0]) throw new UserError(`Pulumi.${stack}.yaml is not valid YAML: ${document.errors[0].message}`, { fix: "correct the file" });
  const { config = {} } = (document.toJS() ?? {}) as { config?: Record<string, unknown> };
  const prefix = `${project}:`;
  return {
    document,
    config: Object.fromEntries(Object.entries(config).flatMap(([key, value]) => (key.startsWith(prefix) ? [[key.slice(prefix.length), value]] : []))),
  };
}

/** A configuration as Pulumi passes it: full keys, text or JSON. */
export function entriesOf(config: Configuration): Record<string, string> {
  return Object.fromEntries(Object.entries(config).map(([key, value]) => [`${project}:${key}`, typeof value === "string" ? value : JSON.stringify(value)]));
}

/** Where the API server's proxy reaches pods from. A server on loopback, as that of simulated nodes, has no endpoints: there its own address stands for it. */
async function apiServerAddresses(cluster: Cluster): Promise<readonly string[]> {
  const { stdout } = await cluster.kubectl(["get", "endpointslices", "-n", "default", "-l", "kubernetes.io/service-name=kubernetes", "-o", "json"]);
  const { items } = JSON.parse(stdout) as {
    items: readonly { readonly addressType: string; readonly endpoints: readonly { readonly addresses: readonly string[] }[] | null }[];
  };
  const found = items.flatMap(({ addressType, endpoints }) =>
    (endpoints ?? []).flatMap(({ addresses }) => addresses.map((address) => `${address}/${addressType === "IPv6" ? 128 : 32}`)),
  );
  return found.length > 0 ? found : ["127.0.0.1/32"];
}
