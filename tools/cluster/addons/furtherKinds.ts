/**
 * Kinds that the program makes where a capability is claimed, and whose controllers a plain embedded cluster does not have: for admission and schemas, not to
 * be waited for. From their projects' Go modules.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { moduleDir } from "../../toolchain";
import type { KubeObject } from "../api";
import type { Platform } from "../types";
import { crdFromOpenApi, type OpenApi } from "./crdFromOpenApi";
import { manifestsOf, yamlFiles } from "./crds";
import { monitoringKinds } from "./monitoring";
import { rolloutKinds } from "./rollouts";

export async function furtherKinds(platform: Platform): Promise<readonly KubeObject[]> {
  return [
    ...(await rolloutKinds()),
    ...(await monitoringKinds()),
    ...(await scalingKinds()),
    ...(await tektonKinds()),
    ...(platform === "openshift" ? await buildKinds() : []),
  ];
}

/** VerticalPodAutoscaler, and KEDA's ScaledObject and TriggerAuthentication. */
export async function scalingKinds(): Promise<readonly KubeObject[]> {
  const vpa = await moduleDir("crds", "k8s.io/autoscaler/vertical-pod-autoscaler");
  const keda = await moduleDir("crds", "github.com/kedacore/keda/v2");
  return manifestsOf([
    join(vpa, "deploy/vpa-v1-crd-gen.yaml"),
    ...["scaledobjects", "scaledjobs", "triggerauthentications", "clustertriggerauthentications"].map((kind) =>
      join(keda, `config/crd/bases/keda.sh_${kind}.yaml`),
    ),
  ]);
}

/** Tekton's kinds with one version each: the others are made by a webhook that is not there. */
export async function tektonKinds(): Promise<readonly KubeObject[]> {
  const pipeline = await moduleDir("crds", "github.com/tektoncd/pipeline");
  const triggers = await moduleDir("crds", "github.com/tektoncd/triggers");
  const files = [
    ...["task", "taskrun", "pipeline", "pipelinerun"].map((kind) => join(pipeline, `config/300-crds/300-${kind}.yaml`)),
    ...yamlFiles(join(triggers, "config")).filter((file) => /\/300-(eventlistener|trigger|triggerbinding|triggertemplate|interceptor)\.yaml$/.test(file)),
  ];
  return manifestsOf(files).map(withoutConversion);
}

interface Versions {
  readonly versions: readonly { readonly storage: boolean }[];
}

function withoutConversion(crd: KubeObject): KubeObject {
  const { versions } = crd.spec as Versions;
  const spec = Object.entries({ ...(crd.spec as Versions), versions: versions.filter(({ storage }) => storage) }).filter(([name]) => name !== "conversion");
  return { ...crd, spec: Object.fromEntries(spec) };
}

/** BuildConfig and ImageStream, which on OpenShift an aggregated API server serves: here as custom resources, by the schema that it publishes. */
export async function buildKinds(): Promise<readonly KubeObject[]> {
  const api = await moduleDir("crds", "github.com/openshift/api");
  const document = JSON.parse(readFileSync(join(api, "openapi/openapi.json"), "utf8")) as OpenApi;
  return [
    crdFromOpenApi(document, "com.github.openshift.api.build.v1.BuildConfig", {
      group: "build.openshift.io",
      version: "v1",
      kind: "BuildConfig",
      plural: "buildconfigs",
    }),
    crdFromOpenApi(document, "com.github.openshift.api.image.v1.ImageStream", {
      group: "image.openshift.io",
      version: "v1",
      kind: "ImageStream",
      plural: "imagestreams",
    }),
  ];
}
