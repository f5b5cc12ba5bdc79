/** A cluster's folder: `.state/clusters/<name>/`, with `cluster.json` saying what it is. */
import { existsSync, mkdirSync, readFileSync, readdirSync, realpathSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { UserError } from "../lib/errors";
import { stateDir } from "../lib/paths";
import type { AddonName } from "./addons/optional";
import type { Flavor, Platform } from "./types";

/** `cluster.json`. Platform, flavor and id never change. */
export interface ClusterRecord {
  readonly name: string;
  readonly platform: Platform;
  readonly flavor: Flavor;
  readonly id: string;
  /** real: the /30 between the host and the node */
  readonly subnet?: string;
  /** simulated: loopback ports */
  readonly ports?: Ports;
  readonly gpus: number;
  readonly nodes: number;
  /** optional add-ons, what is needed first; @default none */
  readonly addons?: readonly AddonName[];
  /** directory of each program that the cluster runs, the version in its path; kubectl is in `cluster` */
  readonly programs: Readonly<Record<string, string>>;
  /** what runs: program → version */
  readonly versions: Readonly<Record<string, string>>;
}

export interface Ports {
  readonly api: number;
  readonly etcd: number;
  readonly etcdPeer: number;
}

const clustersDir = join(stateDir, "clusters");

/** The folder of a cluster, whether it exists or not. @throws UserError for a name that is no DNS label of at most 40 characters */
export function folderOf(name: string): string {
  if (!/^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$/.test(name)) {
    throw new UserError(`cluster name ${JSON.stringify(name)} is not allowed`, {
      fix: "use at most 40 lower-case letters, digits and dashes, for example dev",
    });
  }
  mkdirSync(clustersDir, { recursive: true });
  return join(realpathSync(clustersDir), name);
}

/** Held while anything is done to a cluster. Beside the folder, since removing the cluster removes the folder. */
export function lockOf(name: string): string {
  return join(dirname(folderOf(name)), `.${name}.lock`);
}

/** @throws UserError where the file is there but unreadable */
export function readRecord(folder: string): ClusterRecord | undefined {
  const path = join(folder, "cluster.json");
  if (!existsSync(path)) return undefined;
  try {
    return JSON.parse(readFileSync(path, "utf8")) as ClusterRecord;
  } catch (cause) {
    throw new UserError(`${path}: not readable as JSON`, { fix: "make clean, then make up", cause });
  }
}

export function writeRecord(folder: string, record: ClusterRecord): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  replaceFile(join(folder, "cluster.json"), `${JSON.stringify(record, undefined, 2)}\n`);
}

/** Names of the clusters of this clone. */
export function clusterNames(): string[] {
  return existsSync(clustersDir)
    ? readdirSync(clustersDir)
        .filter((name) => existsSync(join(clustersDir, name, "cluster.json")))
        .sort()
    : [];
}

/** Writes a file as a whole or not at all: a kill in between leaves the old one. */
export function replaceFile(path: string, text: string | Buffer, mode = 0o600): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeFileSync(`${path}.new`, text, { mode });
  renameSync(`${path}.new`, path);
}
