/** `make doctor CONTEXT=… [STACK=production]`: what a cluster lacks for a stack, before the first `up`. Changes nothing. */
import { connect } from "../doctor/api";
import { wantedOf } from "../doctor/config";
import { runChecks } from "../doctor/engine";
import { reportJson, reportText } from "../doctor/output";
import { UserError } from "../lib/errors";
import { bold } from "../lib/progress";

interface Options {
  readonly json: boolean;
  readonly configFile: string | undefined;
}

/** Reads STACK, CONTEXT, KUBECONFIG. @returns 1 when there are problems */
export async function doctor(
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
  print: (text: string) => void = (text) => process.stdout.write(text),
): Promise<number> {
  const { json, configFile } = optionsOf(args);
  const stack = env.STACK || "dev";
  const wanted = wantedOf({ stack, file: configFile });
  const { cluster } = wanted.config;
  const context = env.CONTEXT || cluster.context;
  const report = await runChecks(connect({ kubeconfig: env.KUBECONFIG || cluster.kubeconfig, context }), wanted);
  print(json ? reportJson(report, { stack, context }) : `${bold(`stack ${stack} on context ${context}`)}\n${reportText(report)}`);
  return report.counts.problem > 0 ? 1 : 0;
}

/** @throws UserError for what is no option of it */
function optionsOf(args: readonly string[]): Options {
  const rest = [...args];
  let json = false;
  let configFile: string | undefined;
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    if (arg === "--json") json = true;
    else if (arg === "--config-file") configFile = rest.shift();
    else throw new UserError(`doctor: ${arg} is no option`, { fix: "ARGS=--json, ARGS='--config-file PATH', or none" });
  }
  return { json, configFile };
}
