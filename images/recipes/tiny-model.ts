/** A model folder as an image, to be mounted as an image volume: /models/tiny with model.gguf, Modelfile and sha256sums. No program in it. */
import type { Recipe } from "../recipe";
import { modelFiles } from "../tiny-model/model";

export const tinyModel: Recipe = {
  inputs: ["images/tiny-model/gguf.ts", "images/tiny-model/model.ts"],
  collect() {
    const files = Object.entries(modelFiles(0)).map(([name, text]) => [`/models/tiny/${name}`, { text }] as const);
    return Promise.resolve({ layers: [{ files: Object.fromEntries(files) }] });
  },
};
