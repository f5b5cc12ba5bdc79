import { atLeast } from "../../toolchain/versions";
import { ok, problem, skipped, warning, type Check, type Finding, type Machine } from "../types";

/** Oldest Node that the Pulumi SDK runs on, and oldest CLI that fits it. */
const minimum = { node: "22.0.0", pulumi: "3.250.0" } as const;

/** What a person needs who runs `pulumi` by hand; `make` brings its own. */
export const machine: Check = {
  id: "machine",
  title: "this machine",
  async run(_api, { config, machine: local }) {
    return [await nodeOf(local), ...(await pulumiOf(local)), ...kubectlOf(config.cluster.kubectl, config.smokeCheck, local)];
  },
};

async function nodeOf(local: Machine): Promise<Finding> {
  const fix = "install Node.js 22 or newer; the one that npm installed for make counts in npm scripts only";
  const path = local.which("node");
  if (path === undefined) return warning("no node on PATH", `Node ${minimum.node} or newer, to run pulumi by hand`, fix);
  const found = (await local.output(path, ["--version"]))?.replace(/^v/, "") ?? "unknown";
  return atLeast(found, minimum.node) ? ok(`Node ${found}`) : warning(`Node ${found} (${path})`, `Node ${minimum.node} or newer, to run pulumi by hand`, fix);
}

async function pulumiOf(local: Machine): Promise<Finding[]> {
  const path = local.which("pulumi");
  if (path === undefined) return [skipped("no pulumi on PATH: make brings its own")];
  const found = (await local.output(path, ["version"]))?.replace(/^v/, "") ?? "unknown";
  const version = atLeast(found, minimum.pulumi)
    ? ok(`pulumi ${found}`)
    : warning(`pulumi ${found} (${path})`, `pulumi ${minimum.pulumi} or newer`, "upgrade it, or take it off PATH: make then brings its own");
  const { env } = local;
  const backend = env.PULUMI_BACKEND_URL ?? "";
  if (backend.startsWith("https://") || env.PULUMI_ACCESS_TOKEN) return [version, ok("state in a Pulumi service: it keeps the secrets' key")];
  const passphrase = env.PULUMI_CONFIG_PASSPHRASE !== undefined || env.PULUMI_CONFIG_PASSPHRASE_FILE !== undefined;
  return [
    version,
    passphrase
      ? ok("a passphrase for the secrets is set")
      : warning(
          "neither PULUMI_CONFIG_PASSPHRASE nor PULUMI_CONFIG_PASSPHRASE_FILE is set",
          "a passphrase, where the state is in a file or a bucket (PULUMI_BACKEND_URL); none, where you are logged in to a Pulumi service or use a key service",
          "export PULUMI_CONFIG_PASSPHRASE_FILE=path of a file that only you can read",
        ),
  ];
}

function kubectlOf(program: string, smokeCheck: boolean, local: Machine): Finding[] {
  const path = local.which(program);
  if (path !== undefined) return [ok(`kubectl: ${path}`)];
  const fix = "install kubectl, or name it in cluster.kubectl";
  return smokeCheck
    ? [problem(`no program ${program}`, "kubectl, for the check after an `up` (smokeCheck: true)", `${fix}; or set smokeCheck to false`)]
    : [warning(`no program ${program}`, "kubectl, for questions before a `destroy`", fix)];
}
