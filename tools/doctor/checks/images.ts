import { reference } from "../../../images/lock";
import { ok, problem, type Check } from "../types";

export const images: Check = {
  id: "images",
  title: "images",
  async run(_api, { config, images: lock }) {
    const unresolved = Object.entries(lock).filter(([, { digest }]) => digest === "unresolved");
    const names = unresolved.map(([name, entry]) => `${name} (${reference(entry)})`).join(", ");
    const required = config.images.requireDigests ?? config.environment === "production";
    if (unresolved.length === 0) return [ok(`all ${Object.keys(lock).length} by digest`)];
    if (!required) return [ok(`by tag only: ${names}; allowed, since images.requireDigests is not set and this is not production`)];
    const why = config.images.requireDigests ? "since images.requireDigests is true" : "as in all of production";
    return Promise.resolve([
      problem(`without a digest: ${names}`, `images by digest only, ${why}`, "make images-lock, on a machine that reaches the registries"),
    ]);
  },
};
