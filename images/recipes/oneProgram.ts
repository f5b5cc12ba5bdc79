import { UserError } from "../../tools/lib/errors";
import { ensurePrograms } from "../../tools/toolchain";
import type { Recipe } from "../recipe";

/** An image with one program of the prometheus-operator module. */
export function operatorImage(name: string, executable: string): Recipe {
  return {
    inputs: ["images/recipes/operatorImage.ts", "tools/programs/prometheus-operator/go.mod", "tools/programs/prometheus-operator/go.sum"],
    async collect({ tag }) {
      const program = (await ensurePrograms(["prometheus-operator"]))["prometheus-operator"];
      if (`v${program.version}` !== tag) {
        throw new UserError(`${name}: images.lock asks for ${tag}, the program is v${program.version}`, {
          fix: "give images/images.lock and tools/programs/prometheus-operator/go.mod the same version",
        });
      }
      const path = `/bin/${executable}`;
      return { layers: [{ files: { [path]: { source: program.path(executable), mode: 0o755 } } }], entrypoint: [path], user: "65534:65534" };
    },
  };
}
