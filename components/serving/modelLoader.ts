/** The pod that loads one model. Pure. */
import type { ImageReferences } from "../../stacks/images";
import { manifestPath, modelObjectName, upstreamReference } from "../../stacks/modelNames";
import { parseBytes } from "../../stacks/quantities";
import type { ModelConfig } from "../../stacks/schema";
import type { ContainerSize } from "../../stacks/sizing";
import type { StackContext } from "../common/context";
import type { Part } from "../common/labels";
import { dnsLabel, shortHash } from "../common/names";
import { podTemplate, type PodTemplateSpec } from "../common/podTemplate";
import { homePath, loaderEnv, storePath } from "./ollamaEnv";
import { runScript, scriptsMount, scriptsVolume } from "./scripts";

/** Where a model comes from, with images by reference, and what the loader makes of it. */
export type Source = (
  { readonly kind: "image"; readonly reference: string; readonly path: string } | { readonly kind: "registry"; readonly name: string; readonly digest: string }
) & { readonly quantize?: string };

/** @param quantize type that the loader makes of its weights; undefined: they stay as they are */
export function sourceOf(source: ModelConfig["source"], images: ImageReferences, quantize?: string): Source {
  const from: Source =
    source.kind === "image"
      ? { kind: "image", reference: images(source.image), path: source.path }
      : { kind: "registry", name: source.name, digest: source.digest };
  return quantize === undefined ? from : { ...from, quantize };
}

/** Short digest of all that decides what a model's name stands for. */
export function sourceVersion(model: string, source: Source): string {
  return shortHash([model, source], 12);
}

export function jobName(model: string, version: string): string {
  return `${dnsLabel("load", modelObjectName(model))}-${version}`;
}

/** Where a model comes from, for people and tools: the name in its registry with the digest, or the image. */
export function sourceReference(source: Source): string {
  return source.kind === "registry" ? upstreamReference(source.name, source.digest) : source.reference;
}

export interface LoaderPodArgs {
  readonly context: StackContext;
  readonly part: Part;
  readonly model: string;
  readonly source: Source;
  readonly version: string;
  /** Reference of the Ollama image. */
  readonly image: string;
  readonly size: ContainerSize;
  readonly claimName: string;
  readonly serviceAccountName: string;
}

const sourcePath = "/source";

export function loaderPod(args: LoaderPodArgs): PodTemplateSpec {
  const { source } = args;
  const from: Record<string, string> =
    source.kind === "image"
      ? { SOURCE_DIR: source.path === "/" ? sourcePath : `${sourcePath}${source.path}` }
      : { SOURCE_NAME: source.name, SOURCE_MANIFEST: manifestPath(source.name), SOURCE_DIGEST: source.digest };
  const made = source.quantize === undefined ? {} : quantizing(source.quantize, args.size);
  return podTemplate(args.context, {
    part: args.part,
    priorityClassName: "ai-batch",
    serviceAccountName: args.serviceAccountName,
    restartPolicy: "Never",
    container: {
      name: "loader",
      image: args.image,
      command: runScript("load.sh"),
      env: { ...loaderEnv(), MODEL: args.model, MANIFEST: manifestPath(args.model), VERSION: args.version, ...from, ...made },
      resources: args.size,
      writable: { [homePath]: "16Mi", "/tmp": "256Mi" },
      mounts: [
        { name: "store", mountPath: storePath },
        scriptsMount,
        ...(source.kind === "image" ? [{ name: "source", mountPath: sourcePath, readOnly: true }] : []),
      ],
    },
    volumes: [
      { name: "store", persistentVolumeClaim: { claimName: args.claimName } },
      scriptsVolume,
      ...(source.kind === "image" ? [{ name: "source", image: { reference: source.reference, pullPolicy: "IfNotPresent" } }] : []),
    ],
  });
}

/** Ollama quantizes as many matrices at the same time as Go has processors (WriteGGUF in fs/ggml/gguf.go): one, so that the memory is enough that is planned. */
function quantizing(type: string, { limits }: ContainerSize): Record<string, string> {
  return { QUANTIZE: type, GOMAXPROCS: "1", GOMEMLIMIT: String((parseBytes(limits.memory) * 9n) / 10n) };
}
