/** `make policy STACK=production [PLATFORM=…]`: what the policies say of a stack, before anything is made and without a cluster. */
import { join } from "node:path";
import { isClean } from "../../policy/src/cli/check";
import { table } from "../../policy/src/cli/table";
import { UserError } from "../lib/errors";
import { logDir } from "../lib/paths";
import { say, step } from "../lib/progress";
import { ensurePack } from "../policy/pack";
import { policyPreview, type PolicyPreview } from "../policy/preview";
import type { Platform } from "../cluster";
import { openTools } from "../stack/tools";
import { renderConfiguration } from "./render";
import { settings } from "./settings";

/** Exemptions of this repository's own stacks. They hold for this look at the program only: an `up` on a cluster of yours knows of none. */
export const exemptionsFile = "exemptions.yaml";

export async function policy(): Promise<number> {
  const { stack, platform } = settings();
  const pack = await ensurePack();
  const tools = await openTools();
  const { results, output } = await step(`preview of ${stack} with the policies`, () => stackPolicies(stack, platform, tools, pack));
  if (results === undefined)
    throw new UserError(`the preview of stack ${stack} came to no end:\n${output.trim()}`, {
      fix: `correct what it names; all of it is in ${logDir}/policy.log`,
    });
  say(table(results).trimEnd());
  return isClean(results) ? 0 : 1;
}

/** The policies over one of our stacks, by a real preview. */
export function stackPolicies(
  stack: string,
  platform: Platform | undefined,
  tools: Awaited<ReturnType<typeof openTools>>,
  pack: string,
): Promise<PolicyPreview> {
  return policyPreview(stack, renderConfiguration(stack, platform), tools, { pack, policy: { exemptions: join(pack, exemptionsFile) } });
}
