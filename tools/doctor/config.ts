/** What a cluster is compared with: a stack's configuration file, read without Pulumi and without its secrets. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { ownerOf } from "../../components/common/labels";
import { profileOf } from "../../components/common/platform";
import { mergeLocks, parseOwnLock, type ImagesLock } from "../../images/lock";
import { fileEntries, type FileEntries } from "../../stacks/file";
import { ImagesError, readImagesLock } from "../../stacks/images";
import { ConfigError, loadConfig } from "../../stacks/load";
import { projects } from "../../stacks/projects";
import type { StackConfig } from "../../stacks/schema";
import { UserError } from "../lib/errors";
import { root } from "../lib/paths";
import { project } from "../stack/workspace";
import { thisMachine } from "./machine";
import type { Machine, Wanted } from "./types";

export interface StackFile {
  readonly stack: string;
  /** Another file than `Pulumi.<stack>.yaml`. */
  readonly file?: string | undefined;
}

/** @throws UserError for a file that is not there and for all that is wrong with it */
export function wantedOf({ stack, file = `Pulumi.${stack}.yaml` }: StackFile, machine: Machine = thisMachine()): Wanted {
  const entries = read(file, stack);
  try {
    const lock = readImagesLock();
    const config = loadConfig(entries.texts, file, Object.keys(lock), entries.secrets);
    return {
      stack,
      config,
      profile: profileOf(config.platform),
      owner: ownerOf(project, stack),
      projects: projects(config),
      images: resolved(lock, config),
      machine,
    };
  } catch (error) {
    if (error instanceof ConfigError || error instanceof ImagesError)
      throw new UserError(error.message, { fix: "correct the file, then run this again", cause: error });
    throw error;
  }
}

function read(file: string, stack: string): FileEntries {
  let text: string;
  try {
    text = readFileSync(resolve(root, file), "utf8");
  } catch (cause) {
    throw new UserError(`STACK=${stack}: ${file} cannot be read`, { fix: "name a stack that has a configuration file, for example STACK=dev", cause });
  }
  try {
    return fileEntries(text);
  } catch (error) {
    if (error instanceof SyntaxError) throw new UserError(`${file} is not valid YAML: ${error.message}`, { fix: "correct the file" });
    throw error;
  }
}

function resolved(lock: ImagesLock, config: StackConfig): ImagesLock {
  const own = config.images.lock;
  if (own === undefined) return lock;
  let text: string;
  try {
    text = readFileSync(resolve(root, own), "utf8");
  } catch (cause) {
    throw new UserError(`images.lock: ${own} cannot be read`, {
      fix: "make up writes it for an embedded cluster, make images-push for a registry of yours; else take the field away",
      cause,
    });
  }
  const { images, problems } = parseOwnLock(text);
  if (images === undefined) throw new UserError(`${own}: ${problems.join("; ")}`, { fix: "make up or make images-push writes it anew" });
  return mergeLocks(lock, images);
}
