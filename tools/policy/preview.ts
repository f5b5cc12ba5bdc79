/** The real `pulumi preview --policy-pack` of a stack, without a cluster and without its state: what the policies say of the program. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import type { Results } from "../../policy/src/results";
import { exec } from "../lib/exec";
import { logDir, root } from "../lib/paths";
import type { Configuration } from "../stack/embedded";
import { engineEnvironment, type Tools } from "../stack/tools";
import { project } from "../stack/workspace";

export interface PolicyPreview {
  /** Exit status of the CLI: not 0 where something mandatory is violated, or the program fails. */
  readonly code: number;
  /** What the CLI printed. */
  readonly output: string;
  /** Undefined where the engine came to no end. */
  readonly results: Results | undefined;
}

export interface PreviewOptions {
  /** Folder of the pack; none: a preview without policies. */
  readonly pack?: string;
  /** The pack's own settings. */
  readonly policy?: Configuration;
  /** Configuration of others, by full key. */
  readonly others?: Configuration;
  /** Folder of the program. @default this repository */
  readonly program?: string;
  /** Name of the program's project. @default ours */
  readonly projectName?: string;
}

/** @param config of the program, without its prefix */
export async function policyPreview(stack: string, config: Configuration, tools: Tools, options: PreviewOptions = {}): Promise<PolicyPreview> {
  const { pack, policy = {}, others = {}, program = root, projectName = project } = options;
  const dir = mkdtempSync(join(tmpdir(), "oap-policy-"));
  try {
    const env = environment(dir, tools);
    const common = ["--non-interactive", "--color", "never", "--stack", stack];
    // The salt of the passphrase goes into the file of the folder, so that is not the program's.
    writeFileSync(join(dir, "Pulumi.yaml"), readFileSync(join(program, "Pulumi.yaml")));
    await exec(tools.pulumi, ["-C", dir, "--non-interactive", "stack", "init", stack], { env, logFile: join(logDir, "policy.log") });
    const file = join(dir, `Pulumi.${stack}.yaml`);
    const entries = {
      ...prefixed(projectName, withoutCluster(config)),
      ...prefixed("openshift-ai-policy", policy),
      "kubernetes:kubeconfig": noKubeconfig,
      ...others,
    };
    writeFileSync(file, `${readFileSync(file, "utf8")}${stringify({ config: entries }, { compat: "yaml-1.1" })}`);
    const { code, stdout, stderr } = await exec(
      tools.pulumi,
      ["-C", program, "preview", ...common, "--config-file", file, ...(pack === undefined ? [] : ["--policy-pack", pack])],
      { env, logFile: join(logDir, "policy.log"), allowFailure: true },
    );
    const results = join(dir, "results.json");
    return { code, output: stdout + stderr, results: existsSync(results) ? (JSON.parse(readFileSync(results, "utf8")) as Results) : undefined };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function environment(dir: string, tools: Tools): NodeJS.ProcessEnv {
  const backend = join(dir, "state");
  mkdirSync(backend);
  return {
    ...engineEnvironment(tools),
    PULUMI_BACKEND_URL: `file://${backend}`,
    // Nothing secret is in this state, which ends with the preview.
    PULUMI_CONFIG_PASSPHRASE: "policy",
    OPENSHIFT_AI_POLICY_RESULTS: join(dir, "results.json"),
  };
}

/** A kubeconfig that is not there: no cluster is asked, whatever contexts this machine has. */
const noKubeconfig = join(tmpdir(), "no-kubeconfig", "of-policy-previews");

function withoutCluster(config: Configuration): Configuration {
  return typeof config.cluster === "object" && config.cluster !== null ? { ...config, cluster: { ...config.cluster, kubeconfig: noKubeconfig } } : config;
}

function prefixed(prefix: string, config: Configuration): Configuration {
  return Object.fromEntries(Object.entries(config).map(([key, value]) => [`${prefix}:${key}`, value]));
}
