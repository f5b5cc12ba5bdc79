/** Argo Rollouts' controller as the upstream image has it (entry point, user), with nothing beside it. */
import { UserError } from "../../tools/lib/errors";
import { ensurePrograms } from "../../tools/toolchain";
import type { Recipe } from "../recipe";

export const argoRollouts: Recipe = {
  inputs: ["tools/programs/argo-rollouts/go.mod", "tools/programs/argo-rollouts/go.sum"],
  async collect({ tag }) {
    const program = (await ensurePrograms(["argo-rollouts"]))["argo-rollouts"];
    if (`v${program.version}` !== tag) {
      throw new UserError(`argo-rollouts: images.lock asks for ${tag}, the program is v${program.version}`, {
        fix: "give images/images.lock and tools/programs/argo-rollouts/go.mod the same version",
      });
    }
    return {
      layers: [{ files: { "/bin/rollouts-controller": { source: program.path("rollouts-controller"), mode: 0o755 } } }],
      entrypoint: ["/bin/rollouts-controller"],
      user: "999",
    };
  },
};
