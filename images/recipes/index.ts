/** All recipes, by the image's name in images.lock. */
import type { Recipe } from "../recipe";
import { ollama } from "./ollama";
import { tinyModel } from "./tiny-model";

export const recipes: Readonly<Record<string, Recipe>> = { ollama, "tiny-model": tinyModel };
