/** Objects that builds are made of, as the program makes them. */
import * as pulumi from "@pulumi/pulumi";
import { ImageBuild } from "../../../components/builds/imageBuild";
import { cluster, config, reference, tiny, type Fields } from "../../unit/support/config";
import { context } from "../../unit/support/context";
import { deploy } from "../../unit/support/mocks";

export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec?: Readonly<Record<string, unknown>>;
}

const git = { url: "https://git.example.com/ai/models.git" };
const output = { image: "registry.example.com/ai/team-models" };
const small: Fields = { name: "team-models", models: [{ name: tiny, folder: "models/tiny" }], context: { git }, output };

/** With everything that can be left out, and without. */
export const kinds: Readonly<Record<"all" | "least", Fields>> = {
  least: small,
  all: {
    ...small,
    context: { git: { ...git, ref: "release/1.0", secret: "models-git" } },
    webhook: { secret: "models-webhook" },
    output: { ...output, secret: "registry-push" },
    nodeSelector: { zone: "a" },
  },
};

const site = { pullSecret: "registry-pull", trustedCA: true, proxy: { url: "http://proxy.example.com:3128", noProxy: [".example.com"] } };

export async function objectsOf(by: "openshift" | "tekton", platform: "openshift" | "kubernetes", fields: Fields): Promise<readonly KubeObject[]> {
  const [build] = config({ ...cluster({ capabilities: { builds: by } }), builds: [fields] }).builds;
  if (build === undefined) throw new Error("no build");
  const { resources } = await deploy((opts) => {
    const args = {
      context: context(platform, site),
      namespace: pulumi.output("ai-development"),
      environment: "development",
      build,
      by,
      images: reference,
    } as const;
    return new ImageBuild(build.name, args, opts);
  });
  return resources.filter(({ inputs }) => inputs.kind !== undefined).map(({ inputs }) => inputs as unknown as KubeObject);
}
