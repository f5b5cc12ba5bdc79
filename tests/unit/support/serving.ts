/** The layer that serves, by itself. */
import * as pulumi from "@pulumi/pulumi";
import { ModelPool } from "../../../components/serving/modelPool";
import { ModelStore } from "../../../components/serving/modelStore";
import { SmokeCheck } from "../../../components/smoke/smokeCheck";
import { sizingOf } from "../../../stacks/sizing";
import { config, digest, reference, tiny, type Fields } from "./config";
import { context } from "./context";
import { deploy, type Deployed } from "./mocks";

export const pulled = { name: "codellama:7b-v1.0-base", source: { kind: "registry", name: "codellama:7b-code", digest } };
export const fromImage = { name: tiny, source: { kind: "image", image: "tiny-model", path: "/models/tiny" } };

/** The store of models and the pools of a configuration, each pool with its smoke check. */
export function serving(fields: Fields = {}, surge = false): Promise<Deployed> {
  return deploy((opts) => {
    const stack = config(fields);
    const { server, loader, modelStorage } = sizingOf(stack);
    const common = { context: context(stack.platform), namespace: pulumi.output("ai-development") };
    const volume = { class: stack.storage.models.class, size: modelStorage, accessMode: stack.storage.models.accessMode };
    const store = new ModelStore("models", { ...common, models: stack.models, images: reference, volume, loader }, opts);
    for (const pool of stack.serving.pools) {
      const { scripts } = store;
      const models = store.models.filter(({ name }) => pool.models.includes(name));
      const made = new ModelPool(pool.name, { ...common, pool, models, image: reference("ollama"), server, loader, claimName: "models", scripts, surge }, opts);
      const { context: name, kubeconfig, kubectl } = stack.cluster;
      const args = {
        cluster: { context: name, kubeconfig, kubectl },
        service: made.address,
        models: pool.models,
        version: made.version,
        after: [made.workload],
      };
      new SmokeCheck(`smoke-${pool.name}`, args, opts);
    }
  });
}

export interface Metadata {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}
export const metadata = (inputs: Readonly<Record<string, unknown>>) => inputs.metadata as Metadata;
