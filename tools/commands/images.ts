/** `make images-lock`: fills in the digests that images.lock lacks, where registries answer. `make images-push`: puts images into a registry of yours. */
import { relative } from "node:path";
import { pushImages } from "../../images/push";
import { craneRegistry } from "../../images/registry";
import { resolveImagesLock } from "../../images/resolve";
import { UserError } from "../lib/errors";
import { root } from "../lib/paths";
import { say } from "../lib/progress";
import { ensurePrograms } from "../toolchain";

export async function imagesLock(): Promise<undefined> {
  await resolveImagesLock();
  return undefined;
}

/** Reads REGISTRY, IMAGES, OUT and DRY_RUN. */
export async function imagesPush(args: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<undefined> {
  const unknown = args.filter((arg) => !["--dry-run", "--make"].includes(arg));
  if (unknown.length > 0) throw new UserError(`ARGS=${unknown.join(" ")}: no such option`, { fix: "ARGS=--dry-run or ARGS=--make" });
  const images = [...new Set((env.IMAGES ?? "").split(/[\s,]+/).filter(Boolean))];
  const dryRun = args.includes("--dry-run") || (env.DRY_RUN ?? "") !== "";
  const out = await pushImages(
    {
      registry: env.REGISTRY?.replace(/\/+$/, ""),
      ...(images.length > 0 ? { images } : {}),
      ...(env.OUT ? { out: env.OUT } : {}),
      make: args.includes("--make"),
      dryRun,
    },
    { registry: async (name) => craneRegistry((await ensurePrograms(["crane"])).crane.path("crane"), name) },
  );
  const below = relative(root, out);
  const lock = below.startsWith("..") ? out : below;
  say(
    dryRun
      ? "  dry run: nothing was pushed or written"
      : `  ${lock} has what the registry has. Read it, commit it, and name it: openshift-ai-platform:images.lock: ${lock}\n  for the policies, openshift-ai-policy:registries must name ${env.REGISTRY ?? ""}, and the others that you take images from`,
  );
  return undefined;
}
