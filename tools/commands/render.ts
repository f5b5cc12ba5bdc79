/** `make render STACK=production OUT=dir [PLATFORM=…]` */
import { resolve } from "node:path";
import { UserError } from "../lib/errors";
import { say } from "../lib/progress";
import { manifestsOf, write } from "../render/render";
import { trackedConfiguration } from "../stack/workspace";
import { settings } from "./settings";

export async function render(): Promise<number> {
  const { stack, platform } = settings();
  const out = process.env.OUT;
  if (!out) throw new UserError("no folder given for the manifests", { fix: `make render STACK=${stack} OUT=manifests/${stack}` });
  const manifests = await manifestsOf(stack, renderConfiguration(stack, platform));
  write(manifests, resolve(out));
  say(`  ${manifests.length} manifests in ${out}. Secrets are not among them: the cluster has to have them by name (secrets.source: external).`);
  return 0;
}

/** The tracked configuration, as rendering needs it: without secrets, for a cluster that is not asked. */
export function renderConfiguration(stack: string, platform?: string): Record<string, unknown> {
  const { registryCredentials: _secret, ...config } = trackedConfiguration(stack).config;
  return {
    ...config,
    ...(platform === undefined ? {} : { platform }),
    secrets: { source: "external" },
    images: { ...(config.images as object | undefined), requireDigests: false },
  };
}
