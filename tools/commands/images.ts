/** `make images-lock`: fills in the digests that images.lock lacks, where registries answer. */
import { resolveImagesLock } from "../../images/resolve";

export async function imagesLock(): Promise<undefined> {
  await resolveImagesLock();
  return undefined;
}
