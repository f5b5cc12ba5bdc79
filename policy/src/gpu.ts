/** GPUs that containers ask for. */
import type { Container } from "./pods";
import { quantityAt } from "./quantity";
import { isGpu, type Settings } from "./settings";

export interface Gpus {
  readonly resource: string;
  readonly request: number | undefined;
  readonly limit: number | undefined;
}

/** What a container asks for, by GPU resource; none where it uses no GPU. @throws NotDecided, Malformed */
export function gpusOf(container: Container, settings: Settings): readonly Gpus[] {
  const resources = container.view.view("resources");
  const names = ["limits", "requests"].flatMap((kind) => resources.entries(kind).map(([name]) => name));
  return [...new Set(names)]
    .filter((name) => isGpu(settings, name))
    .map((resource) => ({ resource, request: quantityAt(resources, "requests", resource), limit: quantityAt(resources, "limits", resource) }));
}
