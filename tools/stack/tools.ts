/** What is needed to run Pulumi: the CLI and the plugins, wherever they come from. */
import { delimiter, dirname, join } from "node:path";
import { say } from "../lib/progress";
import { compiledDir, stateDir } from "../lib/paths";
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

/**
 * The environment that every call of the CLI has: these tools, and none of the user's own Pulumi and Kubernetes settings. Where the state is, and its passphrase, is
 * the caller's to add.
 * @param programs folders for PATH, before the user's
 */
export function engineEnvironment(tools: Tools, ...programs: readonly string[]): NodeJS.ProcessEnv {
  return {
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("PULUMI_") && name !== "KUBECONFIG")),
    PATH: [...tools.path, dirname(process.execPath), ...programs, process.env.PATH].join(delimiter),
    PULUMI_HOME: tools.pulumiHome,
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    NODE_COMPILE_CACHE: compiledDir,
  };
}
