/** All recipes, by the image's name in images.lock. */
import type { Recipe } from "../recipe";
import { argoRollouts } from "./argo-rollouts";
import { modelBuilder } from "./model-builder";
import { modelProxy } from "./model-proxy";
import { ollama } from "./ollama";
import { postgres } from "./postgres";
import { prometheus } from "./prometheus";
import { prometheusAdapter } from "./prometheus-adapter";
import { prometheusConfigReloader } from "./prometheus-config-reloader";
import { prometheusOperator } from "./prometheus-operator";
import { tinyModel } from "./tiny-model";

export const recipes: Readonly<Record<string, Recipe>> = {
  "argo-rollouts": argoRollouts,
  ollama,
  postgres,
  prometheus,
  "prometheus-adapter": prometheusAdapter,
  "prometheus-config-reloader": prometheusConfigReloader,
  "prometheus-operator": prometheusOperator,
  "model-builder": modelBuilder,
  "model-proxy": modelProxy,
  "tiny-model": tinyModel,
};
