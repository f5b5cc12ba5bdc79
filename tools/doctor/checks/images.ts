import { digestsRequired, unpinnedImages, unpublishedImages, usedImages } from "../../../stacks/imageUse";
import { ok, problem, warning, type Check } from "../types";

export const images: Check = {
  id: "images",
  title: "images",
  run(_api, { config, images: lock }) {
    const used = usedImages(config);
    const unpinned = unpinnedImages(lock, config);
    if (unpinned.length === 0) return Promise.resolve([ok(`all ${used.length} by digest`)]);
    if (digestsRequired(config)) {
      const why = config.images.requireDigests === true ? "since images.requireDigests is true" : "as in all of production";
      return Promise.resolve(
        unpinned.map(({ name, reference, fix }) => problem(`without a digest: ${name} (${reference})`, `images by digest only, ${why}`, fix)),
      );
    }
    const unpublished = unpublishedImages(lock, config);
    const names = unpinned.map(({ name, reference }) => `${name} (${reference})`).join(", ");
    return Promise.resolve([
      ok(`by tag only: ${names}; allowed, since images.requireDigests is not set and this is not production`),
      ...unpublished.map((name) =>
        warning(`${name} is on no registry`, "in a registry that the machines reach, or on the machines", unpinned.find((one) => one.name === name)?.fix ?? ""),
      ),
    ]);
  },
};
