/** Adds a model to the stack's configuration, or takes one out. The cluster is left to `pulumi up`. */
import { projectOf } from "../../stacks/projects";
import { refused, usage } from "../errors";
import { guard } from "../guard";
import { fileIn } from "../settings";
import { addModel, noModel, removeModel } from "../stack/edits";
import { nextSteps, save } from "../stack/save";
import type { Result, Run } from "../types";

export interface AddOptions {
  /** Name in Ollama's registry or a mirror; with `digest`. */
  readonly from?: string;
  readonly digest?: string;
  /** Name in images.lock; with `path`. */
  readonly image?: string;
  readonly path?: string;
  readonly licence?: string;
  readonly loadMinutes?: number;
  readonly pool?: readonly string[];
  readonly commit?: boolean;
}

/** @throws UserError USAGE where the source is not said, and for all that the configuration then has wrong: form, capacity, memory, licence */
export async function add(run: Run, name: string, options: AddOptions): Promise<Result> {
  const file = fileIn(run.settings);
  const { pool = [] } = options;
  const model = {
    name,
    source: sourceOf(options),
    ...(options.licence === undefined ? {} : { licence: options.licence }),
    ...(options.loadMinutes === undefined ? {} : { loadMinutes: options.loadMinutes }),
  };
  const edit = addModel(file, model, pool);
  run.deps.terminal.note(edit.diff);
  await guard(run, `adds ${name} to the configuration`);
  const branch = { name: branchName("add", name), message: `models: ${name}` };
  const config = await save(run, edit, options.commit ? branch : undefined);
  const unused = pool.length === 0 ? `no pool serves it yet: add it to the models of one\n` : "";
  return { data: { model, pools: pool, config }, text: `${nextSteps(config, "pulumi up loads it")}\n${unused}` };
}

function sourceOf({ from, digest, image, path }: AddOptions): object {
  if (from !== undefined && image === undefined) {
    if (digest !== undefined) return { kind: "registry", name: from, digest };
    throw usage(`--from ${from}: without the digest of its manifest it may be another model tomorrow`, "--digest sha256:…, as the registry serves it");
  }
  if (image !== undefined && from === undefined) return { kind: "image", image, ...(path === undefined ? {} : { path }) };
  throw usage("where does the model come from?", "either --from NAME --digest sha256:… (a registry), or --image NAME [--path /models/NAME]");
}

/** @throws UserError REFUSED where a pool or a team uses it */
export async function remove(run: Run, name: string, { commit = false }: { readonly commit?: boolean }): Promise<Result> {
  const file = fileIn(run.settings);
  const { config } = file;
  if (!config.models.some((model) => model.name === name)) throw noModel(file, name);
  const users = [
    ...config.serving.pools.filter(({ models }) => models.includes(name)).map((pool) => `pool ${pool.name}`),
    ...config.teams.filter(({ models }) => models.includes(name)).map((team) => `team ${team.name} (project ${projectOf(team)})`),
  ];
  if (users.length > 0) throw refused(`${name} is in use by ${users.join(", ")}`, `take it out of their models in ${file.path} first`);
  if (config.models.length === 1) throw refused(`${name} is the last model, and a stack needs one`, "add another one first");
  const edit = removeModel(file, name);
  run.deps.terminal.note(edit.diff);
  await guard(run, `takes ${name} out of the configuration`);
  const saved = await save(run, edit, commit ? { name: branchName("remove", name), message: `models: without ${name}` } : undefined);
  return { data: { model: name, config: saved }, text: `${nextSteps(saved, "pulumi up takes its loader away; what it loaded stays in the store")}\n` };
}

function branchName(what: string, model: string): string {
  return `aictl/${what}-${model.replace(/[^a-z0-9.]+/g, "-")}`;
}
