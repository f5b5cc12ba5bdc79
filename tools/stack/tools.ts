/** What is needed to run Pulumi: the CLI and the plugins, wherever they come from. */
import { join } from "node:path";
import { say } from "../lib/progress";
import { stateDir } from "../lib/paths";
import { installPlugins } from "../plugins/install";
import { ensurePrograms } from "../toolchain";

export interface Tools {
  /** The CLI. */
  readonly pulumi: string;
  readonly pulumiHome: string;
  /** To be put in front of PATH: the language host. */
  readonly path: readonly string[];
}

export async function openTools(): Promise<Tools> {
  const { pulumi } = await ensurePrograms(["pulumi"]);
  const pulumiHome = join(stateDir, "pulumi-home");
  const cli = pulumi.path("pulumi");
  const { plugins, path } = await installPlugins(cli, pulumiHome);
  const sources = new Map<string, string[]>();
  for (const plugin of plugins) sources.set(plugin.source, [...(sources.get(plugin.source) ?? []), `${plugin.name} ${plugin.version}`]);
  for (const [source, names] of sources) say(`  Pulumi plugins (${source}): ${names.join(", ")}`);
  return { pulumi: cli, pulumiHome, path };
}
