/** Builds of images with models baked in: what they run, where their images are, and whom they talk to. Pure. */
import { httpsPort, type Connection, type ConnectionsConfig, type PodGroup } from "./connections";
import type { ImageReferences } from "./images";
import { namespaceOf } from "./projects";
import type { BuildConfig, StackConfig } from "./schema";

/** Registry of OpenShift, as pods and nodes reach it. */
const internalRegistry = "image-registry.openshift-image-registry.svc:5000";

/** Component of the pods of builds, and of those that GitHub calls. */
export const builderComponent = "model-builder";
export const listenerComponent = "build-listener";

/** Where Tekton's controllers are, and the port of its interceptors. */
const tektonNamespaces: Readonly<Record<StackConfig["platform"], string>> = { openshift: "openshift-pipelines", kubernetes: "tekton-pipelines" };
const interceptorsPort = 8443;

/** Policies see the API server's own port. */
const apiServerPort = 6443;

/** Where a build's image goes, without a tag. */
export function imageOf({ name, output }: BuildConfig, { environment }: Pick<StackConfig, "environment">): string {
  return output.image ?? `${internalRegistry}/${namespaceOf(environment, "platform")}/${name}`;
}

/**
 * References of images by name: those of builds by the digest that the configuration names, all others as before.
 * @throws Error for a build without a digest; the checks refuse a model that needs one
 */
export function withBuilds(images: ImageReferences, config: Pick<StackConfig, "environment" | "builds">): ImageReferences {
  return (name) => {
    const build = config.builds.find((one) => one.name === name);
    if (build === undefined) return images(name);
    if (build.digest === undefined) throw new Error(`builds: ${name} has no digest`);
    return `${imageOf(build, config)}@${build.digest}`;
  };
}

/**
 * A Dockerfile whose image holds the models' folders and nothing else. The first stage checks what comes from Git.
 * @param base reference of an image with bash and sha256sum
 * @param script content of prepare.sh
 */
export function dockerfileOf({ models }: Pick<BuildConfig, "models">, base: string, script: string): string {
  const folders = models.map(({ folder }) => folder);
  return [
    `FROM ${base} AS check`,
    // One that need not be root, nor write anywhere else.
    "WORKDIR /tmp/models",
    ...folders.map((folder) => `COPY ${JSON.stringify([folder, `/tmp/models/${folder}`])}`),
    `RUN ${JSON.stringify(["/bin/bash", "-c", script, "prepare", ...folders])}`,
    "FROM scratch",
    `COPY --from=check ${JSON.stringify(["/tmp/models", "/models"])}`,
    "",
  ].join("\n");
}

/** What builds need: their repository and their registry; and the API server what starts them. */
export function buildConnections(config: ConnectionsConfig): readonly Connection[] {
  const { allowedAddresses, downloads, proxy } = config.network;
  const tekton = config.cluster.capabilities.builds === "tekton";
  return config.builds.flatMap<Connection>((build) => {
    const pods = (component: NonNullable<PodGroup["component"]>): PodGroup => ({
      namespace: namespaceOf(config.environment, "platform"),
      component,
      instance: build.name,
    });
    const from = pods(builderComponent);
    const why = "reads its repository, and writes its image";
    return [
      { from, to: "dns", port: "dns", why: "finds the repository and the registry" },
      ...(downloads && proxy === undefined ? [{ from, to: "internet", port: httpsPort, why } as const] : []),
      ...(downloads && proxy !== undefined ? [{ from, to: "proxy", port: portOf(proxy.url), why } as const] : []),
      ...(allowedAddresses.length > 0 ? [{ from, to: "site", port: httpsPort, why } as const] : []),
      ...(build.output.image === undefined
        ? [{ from, to: { namespace: "openshift-image-registry" }, port: 5000, why: "writes its image into OpenShift's registry" } as const]
        : []),
      ...(tekton && build.webhook !== undefined ? listening(pods(listenerComponent), config) : []),
    ];
  });
}

/** What a listener needs to start builds. The way in from GitHub is the site's to open (docs/custom-images.md). */
function listening(from: PodGroup, { platform }: ConnectionsConfig): Connection[] {
  return [
    { from, to: "dns", port: "dns", why: "finds Tekton's interceptors" },
    { from, to: "api-server", port: apiServerPort, why: "reads triggers and makes the runs of builds" },
    { from, to: { namespace: tektonNamespaces[platform] }, port: interceptorsPort, why: "has the signatures of calls checked" },
  ];
}

function portOf(url: string): number {
  return Number(/:([0-9]+)/.exec(url.replace(/^https?:\/\/[^:/]+/, ""))?.[1]);
}
