import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { pullingLoader } from "../../stacks/connections";
import type { ImageReferences } from "../../stacks/images";
import { modelAnnotations, modelLabels } from "../../stacks/modelNames";
import { factsOf } from "../../stacks/serving/modelFacts";
import type { ModelConfig } from "../../stacks/schema";
import type { ContainerSize } from "../../stacks/sizing";
import { metadataOf, retainedMetadata, type StackContext } from "../common/context";
import type { Part } from "../common/labels";
import { scriptFiles, scriptsName } from "./scripts";
import { jobName, loaderPod, sourceOf, sourceReference, sourceVersion } from "./modelLoader";

export interface ModelStoreArgs {
  readonly context: StackContext;
  readonly namespace: pulumi.Output<string>;
  readonly models: readonly ModelConfig[];
  readonly images: ImageReferences;
  readonly volume: { readonly class: string | undefined; readonly size: string; readonly accessMode: "ReadWriteOnce" | "ReadWriteMany" };
  readonly loader: ContainerSize;
}

/** What a server needs to know of a model in the store. */
export interface StoredModel {
  readonly name: string;
  readonly config: ModelConfig;
  /** Changes when the model that this name stands for does. */
  readonly version: string;
  readonly loaded: k8s.batch.v1.Job;
}

/**
 * The volume of models, the scripts that fill and check it, and one Job per model that loads it. The volume outlives the stack; the Jobs of the next one find
 * what is on it, and load only what is not. A Job that ended well stays, since it is the record
 * that its model is there; to have a model checked and repaired, delete its Job and run `up --refresh`.
 */
export class ModelStore extends pulumi.ComponentResource {
  /** Name of the claim. */
  readonly claimName: pulumi.Output<string>;
  readonly scripts: k8s.core.v1.ConfigMap;
  readonly models: readonly StoredModel[];

  constructor(name: string, args: ModelStoreArgs, opts?: pulumi.ComponentResourceOptions) {
    super("openshift-ai-platform:serving:ModelStore", name, {}, opts);
    const { context, namespace, volume } = args;
    const part: Part = { name: "ollama", component: "model-store", instance: name };

    const claim = new k8s.core.v1.PersistentVolumeClaim(
      name,
      {
        metadata: retainedMetadata(context, name, namespace, part),
        spec: {
          accessModes: [volume.accessMode],
          ...(volume.class === undefined ? {} : { storageClassName: volume.class }),
          resources: { requests: { storage: volume.size } },
        },
      },
      { parent: this, ...context.retained },
    );
    this.claimName = claim.metadata.name;

    this.scripts = new k8s.core.v1.ConfigMap(
      `${name}-scripts`,
      { metadata: metadataOf(context, scriptsName, namespace, part), data: scriptFiles() },
      { parent: this },
    );

    const loaderName = `${name}-loader`;
    const account = new k8s.core.v1.ServiceAccount(
      loaderName,
      { metadata: metadataOf(context, loaderName, namespace, part), automountServiceAccountToken: false },
      { parent: this },
    );

    this.models = args.models.map((model) => {
      const source = sourceOf(model.source, args.images, model.quantize);
      const version = sourceVersion(model.name, source);
      const loaderPart: Part = { name: "ollama", component: "model-loader", instance: source.kind === "registry" ? pullingLoader : "image" };
      const metadata = metadataOf(context, jobName(model.name, version), namespace, loaderPart);
      const loaded = new k8s.batch.v1.Job(
        `${name}-load-${version}`,
        {
          metadata: {
            ...metadata,
            labels: { ...metadata.labels, ...modelLabels(model.name) },
            // Else a Job that failed once stays failed: the provider would wait for it again instead of running it anew.
            annotations: {
              "pulumi.com/replaceUnready": "true",
              ...modelAnnotations(model.name, sourceReference(source), { quantize: model.quantize, licence: factsOf(model).licence }),
            },
          },
          spec: {
            backoffLimit: 4,
            activeDeadlineSeconds: model.loadMinutes * 60,
            podFailurePolicy: { rules: [{ action: "FailJob", onExitCodes: { containerName: "loader", operator: "In", values: [64] } }] },
            template: loaderPod({
              context,
              part: loaderPart,
              model: model.name,
              source,
              version,
              image: args.images("ollama"),
              size: args.loader,
              claimName: name,
              serviceAccountName: loaderName,
            }),
          },
        },
        {
          parent: this,
          dependsOn: [claim, this.scripts, account],
          customTimeouts: { create: `${model.loadMinutes + 1}m`, update: `${model.loadMinutes + 1}m` },
        },
      );
      return { name: model.name, config: model, version, loaded };
    });

    this.registerOutputs({ claimName: this.claimName });
  }
}
