/** prometheus-adapter as the upstream image has it (entry point, user), with nothing beside it. */
import { UserError } from "../../tools/lib/errors";
import { ensurePrograms } from "../../tools/toolchain";
import type { Recipe } from "../recipe";

export const prometheusAdapter: Recipe = {
  inputs: ["tools/programs/prometheus-adapter/go.mod", "tools/programs/prometheus-adapter/go.sum"],
  async collect({ tag }) {
    const program = (await ensurePrograms(["prometheus-adapter"]))["prometheus-adapter"];
    if (`v${program.version}` !== tag) {
      throw new UserError(`prometheus-adapter: images.lock asks for ${tag}, the program is v${program.version}`, {
        fix: "give images/images.lock and tools/programs/prometheus-adapter/go.mod the same version",
      });
    }
    return { layers: [{ files: { "/adapter": { source: program.path("adapter"), mode: 0o755 } } }], entrypoint: ["/adapter"], user: "65534" };
  },
};
