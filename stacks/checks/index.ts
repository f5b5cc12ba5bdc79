/** What no single field can tell: names that must exist, pairs that contradict each other, sums that must fit. Pure. */
import { capacityProblems } from "../capacity";
import type { Problem } from "../problems";
import type { StackConfig } from "../schema";
import { memoryProblems } from "../serving/memoryProblems";
import { builds } from "./builds";
import { gateway } from "./gateway";
import { gpus } from "./gpus";
import { models } from "./models";
import { duplicates, unknownNames } from "./names";
import { pools } from "./pools";
import { rollouts } from "./rollouts";
import { sharing } from "./sharing";
import { cluster, network, secrets } from "./site";
import { storage } from "./storage";

/** All contradictions of a configuration that is well-formed. @param images names in images.lock, by which models of kind `image` are found */
export function contradictions(config: StackConfig, images: readonly string[]): readonly Problem[] {
  const counted = [
    ...duplicates(config),
    ...unknownNames(config, images),
    ...pools(config),
    ...models(config),
    ...gpus(config),
    ...sharing(config),
    ...builds(config, images),
    ...gateway(config),
  ];
  return [
    ...counted,
    ...cluster(config),
    ...rollouts(config),
    ...network(config),
    ...storage(config),
    ...secrets(config),
    // Sums of what is there twice or not at all would only confuse.
    ...(counted.length > 0 ? [] : [...capacityProblems(config), ...(config.layers.serving ? memoryProblems(config) : [])]),
  ];
}
