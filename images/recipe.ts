/** How an image is made from packages: one file per image in images/recipes. */
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
