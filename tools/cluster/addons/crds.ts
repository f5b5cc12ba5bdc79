/** Kinds that the program uses and a distribution brings: Gateway API and volume snapshots everywhere, Route and SecurityContextConstraints on OpenShift. From their projects' Go modules. */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { moduleDir } from "../../toolchain";
import type { KubeObject } from "../api";
import type { Platform } from "../types";

export async function crds(platform: Platform): Promise<KubeObject[]> {
  const gateway = await moduleDir("crds", "sigs.k8s.io/gateway-api");
  const snapshotter = await moduleDir("crds", "github.com/kubernetes-csi/external-snapshotter/client/v8");
  const files = [
    ...yamlFiles(join(gateway, "config/crd/standard")),
    ...yamlFiles(join(snapshotter, "config/crd")).filter((file) => file.includes("/snapshot.storage.k8s.io_")),
  ];
  if (platform === "openshift") {
    const api = await moduleDir("crds", "github.com/openshift/api");
    files.push(
      join(api, "route/v1/zz_generated.crd-manifests/routes.crd.yaml"),
      join(api, "security/v1/zz_generated.crd-manifests/0000_03_config-operator_01_securitycontextconstraints.crd.yaml"),
    );
  }
  return manifestsOf(files);
}

/** The objects of manifests, as a server-side apply takes them. */
export function manifestsOf(files: readonly string[]): KubeObject[] {
  return (
    files
      .flatMap((file) => parseAllDocuments(readFileSync(file, "utf8")).map((document) => document.toJS() as KubeObject | null))
      .filter((object) => object !== null)
      // The API server fills these in; a null in a patch would be an empty value.
      .map(({ apiVersion, kind, metadata, spec }) => ({
        apiVersion,
        kind,
        metadata: {
          name: metadata.name,
          ...(metadata.labels ? { labels: metadata.labels } : {}),
          ...(metadata.annotations ? { annotations: metadata.annotations } : {}),
        },
        spec,
      }))
  );
}

/** Manifests in a folder, in the order of their names. */
export function yamlFiles(dir: string): string[] {
  return readdirSync(dir)
    .filter((file) => file.endsWith(".yaml") && file !== "kustomization.yaml")
    .sort()
    .map((file) => join(dir, file));
}
