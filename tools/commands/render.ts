/** `make render STACK=production OUT=dir [PLATFORM=…]` */
import { resolve } from "node:path";
import { UserError } from "../lib/errors";
import type { Platform } from "../cluster";
import { say, yellow } from "../lib/progress";
import { imagesWithoutDigest, manifestsOf, tokenSecrets, write } from "../render/render";
import { without, type Configuration } from "../stack/embedded";
import { trackedConfiguration } from "../stack/workspace";
import { settings } from "./settings";

export async function render(): Promise<number> {
  const { stack, platform } = settings();
  const out = process.env.OUT;
  if (!out) throw new UserError("no folder given for the manifests", { fix: `make render STACK=${stack} OUT=manifests/${stack}` });
  const manifests = await manifestsOf(stack, renderConfiguration(stack, platform));
  write(manifests, resolve(out));
  say(`  ${manifests.length} manifests in ${out}; kubectl apply --server-side -k ${out}`);
  say("  No secret's content is among them: the cluster has to have Secrets with content by name (secrets.source: external).");
  const tokens = tokenSecrets(manifests);
  if (tokens.length > 0) say(`  The cluster fills in: ${tokens.map((name) => `Secret ${name}`).join(", ")}, the token of a service account.`);
  const unpinned = imagesWithoutDigest(manifests);
  if (unpinned.length > 0) say(yellow(`  without a digest: ${unpinned.join(", ")}. make images-lock writes it, where registries answer.`));
  return 0;
}

/** The tracked configuration, as rendering needs it: without secrets, for a cluster that is not asked. */
export function renderConfiguration(stack: string, platform?: Platform): Configuration {
  const { config } = trackedConfiguration(stack);
  return {
    ...without(config, "registryCredentials"),
    ...(platform === undefined ? {} : { platform }),
    secrets: { source: "external" },
    // Said, not refused: what is rendered is read before it is applied.
    images: { ...(config.images as object | undefined), requireDigests: false },
  };
}
