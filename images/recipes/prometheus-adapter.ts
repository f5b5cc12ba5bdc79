/** prometheus-adapter as the upstream image has it (entry point, user), with nothing beside it. */
import { oneProgram } from "./oneProgram";

export const prometheusAdapter = oneProgram({
  image: "prometheus-adapter",
  program: "prometheus-adapter",
  executable: "adapter",
  path: "/adapter",
  user: "65534",
});
