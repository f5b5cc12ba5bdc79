/** The layer that serves, by itself. */
import * as pulumi from "@pulumi/pulumi";
import { ModelPool } from "../../../components/serving/modelPool";
import { ModelStore } from "../../../components/serving/modelStore";
import { SmokeCheck } from "../../../components/smoke/smokeCheck";
import { gpuResourceOf, nodeSelectorOf } from "../../../stacks/gpu";
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
    const sizes = sizingOf(stack);
    const common = { context: context(stack.platform), namespace: pulumi.output("ai-development") };
    const volume = { class: stack.storage.models.class, size: sizes.modelStorage, accessMode: stack.storage.models.accessMode };
    const store = new ModelStore("models", { ...common, models: stack.models, images: reference, volume, loader: sizes.loader }, opts);
    for (const pool of stack.serving.pools) {
      const { scripts } = store;
      const { context: name, kubeconfig, kubectl } = stack.cluster;
      const access = { context: name, kubeconfig, kubectl };
      const models = store.models.filter(({ name }) => pool.models.includes(name));
      const made = new ModelPool(
        pool.name,
        {
          ...common,
          pool,
          models,
          images: { ollama: reference("ollama"), proxy: reference("model-proxy") },
          sizes,
          gpuResource: gpuResourceOf(pool, stack),
          nodeSelector: nodeSelectorOf(pool, stack),
          claimName: "models",
          scripts,
          surge,
          capabilities: stack.cluster.capabilities,
          monitoringNamespace: stack.network.monitoringNamespace,
          ...(stack.cluster.capabilities.argoRollouts ? { blueGreen: { promotion: "automatic", cluster: access } } : {}),
        },
        opts,
      );
      const args = {
        cluster: access,
        service: made.address,
        models: pool.models,
        version: made.version,
        after: made.ready,
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
