/** Takes a hold away, so that the next `up` makes what the configuration says. */
import { guard } from "../guard";
import { fileIn } from "../settings";
import { noPool, setHold } from "../stack/edits";
import { nextSteps, save } from "../stack/save";
import type { Result, Run } from "../types";

export async function releaseHold(run: Run, name: string, { commit = false }: { readonly commit?: boolean }): Promise<Result> {
  const file = fileIn(run.settings);
  const pool = file.config.serving.pools.find((one) => one.name === name);
  if (!pool) throw noPool(file, name);
  if (!pool.hold) return { data: { pool: name, released: false }, text: `pool ${name} is under no hold in ${file.path}\n` };
  const { hold } = pool;
  const edit = setHold(file, name, undefined);
  run.deps.terminal.note(edit.diff);
  await guard(run, `releases the hold of pool ${name} at ${hold.revision}`);
  const branch = {
    name: `aictl/release-${name}-${hold.revision}`,
    message: `${name}: hold at ${hold.revision} released\n\nIt was held by ${hold.by} since ${hold.since}: ${hold.reason}`,
  };
  const config = await save(run, edit, commit ? branch : undefined);
  return { data: { pool: name, released: config.written, hold, config }, text: `${nextSteps(config, "pulumi up makes what the configuration says")}\n` };
}
