import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { builderComponent } from "../../stacks/builds";
import type { ImageReferences } from "../../stacks/images";
import type { BuildConfig, StackConfig } from "../../stacks/schema";
import { metadataOf, type StackContext } from "../common/context";
import { labelsOf, type Part } from "../common/labels";
import { siteEnv } from "../common/site";
import { buildConfigSpec } from "./buildConfig";
import { pipelineSpec, taskSpec } from "./tektonTask";
import { bindingSpec, listenerSpec, templateSpec } from "./tektonTriggers";

export interface ImageBuildArgs {
  readonly context: StackContext;
  readonly namespace: pulumi.Output<string>;
  readonly environment: StackConfig["environment"];
  readonly build: BuildConfig;
  /** What builds. */
  readonly by: "openshift" | "tekton";
  readonly images: ImageReferences;
}

const rbac = "rbac.authorization.k8s.io";

/**
 * An image with models baked in, built from Git; after a push where it has a webhook. Nothing takes a new image by itself: its digest is written into
 * `builds[].digest`, and the next `up` loads the models from it (docs/custom-images.md). All objects have the build's name.
 */
export class ImageBuild extends pulumi.ComponentResource {
  constructor(name: string, args: ImageBuildArgs, opts?: pulumi.ComponentResourceOptions) {
    super("openshift-ai-platform:builds:ImageBuild", name, {}, opts);
    const part: Part = { name: "builds", component: builderComponent, instance: args.build.name };
    if (args.by === "openshift") this.onOpenShift(name, args, part);
    else this.withTekton(name, args, part);
    this.registerOutputs({});
  }

  /** OpenShift copies the labels of a BuildConfig to the pods of its builds. */
  private onOpenShift(name: string, { context, namespace, build, images }: ImageBuildArgs, part: Part): void {
    const metadata = metadataOf(context, build.name, namespace, part);
    if (build.output.image === undefined) {
      // Pods may name its tags as images; ours name digests.
      const lookup = { lookupPolicy: { local: true } };
      new k8s.apiextensions.CustomResource(
        `${name}-images`,
        { apiVersion: "image.openshift.io/v1", kind: "ImageStream", metadata, spec: lookup },
        { parent: this },
      );
    }
    const spec = buildConfigSpec({ build, site: context.site, base: images(build.base) });
    new k8s.apiextensions.CustomResource(name, { apiVersion: "build.openshift.io/v1", kind: "BuildConfig", metadata, spec }, { parent: this });
  }

  private withTekton(name: string, { context, namespace, environment, build, images }: ImageBuildArgs, part: Part): void {
    const { profile, site } = context;
    const account = `${build.name}-builder`;
    const metadata = (object: string = build.name) => metadataOf(context, object, namespace, part);
    const custom = (suffix: string, apiVersion: string, kind: string, spec: object) =>
      new k8s.apiextensions.CustomResource(`${name}-${suffix}`, { apiVersion, kind, metadata: metadata(), spec }, { parent: this });

    new k8s.core.v1.ServiceAccount(account, { metadata: metadata(account), automountServiceAccountToken: false }, { parent: this });
    custom("task", "tekton.dev/v1", "Task", taskSpec({ build, environment, tools: images("model-builder"), env: siteEnv(site) }));
    custom("pipeline", "tekton.dev/v1", "Pipeline", pipelineSpec(build.name));
    if (build.webhook === undefined) return;

    const triggers = "triggers.tekton.dev/v1beta1";
    const listener = this.listenerAccount(`${build.name}-listener`, { context, namespace }, part);
    custom("binding", triggers, "TriggerBinding", bindingSpec);
    custom("template", triggers, "TriggerTemplate", templateSpec({ build, profile, pullSecret: site.pullSecret, account }, labelsOf(context.owner, part)));
    custom("listener", triggers, "EventListener", listenerSpec({ build, secret: build.webhook.secret, owner: context.owner, profile, account: listener }));
  }

  /** It reads triggers and makes runs: rights that Tekton's installation has roles for. */
  private listenerAccount(account: string, { context, namespace }: Pick<ImageBuildArgs, "context" | "namespace">, part: Part): string {
    const metadata = metadataOf(context, account, namespace, part);
    const subjects = [{ kind: "ServiceAccount", name: account, namespace }];
    const role = (roleName: string) => ({ apiGroup: rbac, kind: "ClusterRole", name: roleName });
    new k8s.core.v1.ServiceAccount(account, { metadata }, { parent: this });
    new k8s.rbac.v1.RoleBinding(account, { metadata, roleRef: role("tekton-triggers-eventlistener-roles"), subjects }, { parent: this });
    new k8s.rbac.v1.ClusterRoleBinding(
      account,
      {
        metadata: { name: pulumi.interpolate`${namespace}-${account}`, labels: metadata.labels },
        roleRef: role("tekton-triggers-eventlistener-clusterroles"),
        subjects,
      },
      { parent: this },
    );
    return account;
  }
}
