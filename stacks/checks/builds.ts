/** Builds of images: by whom, where to, and what they are for. */
import type { Problem } from "../problems";
import type { StackConfig } from "../schema";
import { problem } from "./problem";

/** @param images names in images.lock */
export function builds(config: StackConfig, images: readonly string[]): Problem[] {
  const { builds: by } = config.cluster.capabilities;
  return config.builds.flatMap(({ name, base, models, context, webhook, output, digest }, b) => {
    const field = `builds[${b}]`;
    const problems: Problem[] = [];
    if (by === "none") {
      const fix = "set the capability to openshift or tekton, whichever the cluster has, or remove the build";
      problems.push(problem(field, name, "nothing while cluster.capabilities.builds is none", fix));
    }
    if (by === "tekton" && output.image === undefined) {
      const fix = "set it, for example registry.example.com/ai/" + name;
      problems.push({ field: `${field}.output.image`, value: undefined, allowed: "a repository: only OpenShift has a registry of its own", fix });
    }
    if (images.includes(name)) problems.push(problem(`${field}.name`, name, "a name that images.lock does not have", `rename it, for example ${name}-models`));
    if (!images.includes(base)) problems.push(problem(`${field}.base`, base, `a name from images/images.lock: ${images.join(", ")}`, "set it to ollama"));
    if (webhook !== undefined && /^([0-9a-f]{40}|v?[0-9]+(\.[0-9]+)+)$/.test(context.git.ref)) {
      problems.push(
        problem(`${field}.context.git.ref`, context.git.ref, "a branch, since there is a webhook: a commit or a tag gets no pushes", "set it to the branch"),
      );
    }
    const folders = models.map(({ folder }) => folder);
    folders.forEach((folder, m) => {
      if (folders.indexOf(folder) !== m) problems.push(problem(`${field}.models[${m}].folder`, folder, "each once", "rename or remove one of them"));
    });
    const takers = config.models.findIndex(({ source }) => source.kind === "image" && source.image === name);
    if (takers >= 0 && digest === undefined) {
      problems.push({
        field: `${field}.digest`,
        value: undefined,
        allowed: `the digest of the image, since models[${takers}] comes from it`,
        fix: "build it first, without the model (docs/custom-images.md), and write down the digest that the build says",
      });
    }
    return problems;
  });
}
