/** Nobody changes production by mistake: the stack's name has to be typed, or given with --yes. */
import { environmentLabel } from "../components/common/labels";
import { usage, refused } from "./errors";
import type { Run } from "./types";

interface Namespace {
  readonly metadata: { readonly labels?: Readonly<Record<string, string>> };
}

/**
 * To be called before anything is changed; a dry run changes nothing and passes. Production is what the stack's configuration says, and what the label of the
 * namespace says: a context alone, with another stack's file or none, is caught too.
 * @param what happens, as in `promotes pool ollama`
 * @throws UserError REFUSED
 */
export async function guard(run: Run, what: string): Promise<void> {
  const { settings, deps } = run;
  if (settings.dryRun) return;
  if (!(await isProduction(run))) return;
  const name = settings.stack ?? settings.namespace ?? "";
  if (settings.yes !== undefined) {
    if (settings.yes === name) return;
    throw usage(`--yes ${settings.yes}: this is ${name}`, `--yes ${name}, if that is what you mean`);
  }
  const where = `${name} is production${settings.target ? ` (context ${settings.target.context})` : ""}`;
  if (!deps.terminal.interactive) throw refused(`${where}, and nobody is there to be asked`, `--yes ${name}`);
  const answer = await deps.terminal.ask(`${where}. This ${what}. Type ${name} to go on: `);
  if (answer.trim() !== name) throw refused("not confirmed: nothing was changed", `type ${name}, or --yes ${name}`);
}

async function isProduction({ settings, client }: Run): Promise<boolean> {
  if (settings.file?.config.environment === "production") return true;
  // Commands that only edit a file need no cluster.
  if (settings.target === undefined || settings.namespace === undefined) return false;
  if (settings.file !== undefined && settings.namespace.startsWith(`ai-${settings.file.config.environment}`)) {
    const own = settings.file.config.cluster.context === settings.target.context;
    if (own) return false;
  }
  const namespace = await client().get<Namespace>(`/api/v1/namespaces/${settings.namespace}`);
  return namespace?.metadata.labels?.[environmentLabel] === "production";
}
