/** Argo Rollouts' controller as the upstream image has it (entry point, user), with nothing beside it. */
import { oneProgram } from "./oneProgram";

export const argoRollouts = oneProgram({
  image: "argo-rollouts",
  program: "argo-rollouts",
  executable: "rollouts-controller",
  path: "/bin/rollouts-controller",
  user: "999",
});
