/** How an image is made from packages: one file per image in images/recipes. */
import { UserError } from "../tools/lib/errors";
import type { ImageSpec } from "./archive";

export interface Recipe {
  /** Files of this repository, relative to its root, that decide what the image contains, besides the recipe file itself: when one changes, the image is made again. */
  readonly inputs: readonly string[];
  /**
   * Collects what the image is made of.
   * @param image its entry in images.lock
   * @param work an empty folder, removed once the image is written
   */
  collect(image: { readonly image: string; readonly tag: string }, work: string): Promise<Omit<ImageSpec, "reference">>;
}

/** @param version of the program that goes into the image @param source file that says it @throws UserError where images.lock has another tag */
export function sameVersion(image: string, tag: string, version: string, source: string): void {
  if (version === tag) return;
  throw new UserError(`${image}: images.lock asks for ${tag}, the program is ${version}`, { fix: `give images/images.lock and ${source} the same version` });
}
