/** Ollama as the upstream image has it (entry point, port, paths), for CPUs only. */
import { UserError } from "../../tools/lib/errors";
import { ensurePrograms } from "../../tools/toolchain";
import { debianBase } from "../debian";
import type { Recipe } from "../recipe";

export const ollama: Recipe = {
  inputs: ["images/debian.ts", "tools/programs/ollama/go.mod", "tools/programs/ollama/go.sum"],
  async collect({ tag }) {
    const program = (await ensurePrograms(["ollama"])).ollama;
    if (program.version.replace(/^v/, "") !== tag) {
      throw new UserError(`ollama: images.lock asks for ${tag}, the program is ${program.version}`, {
        fix: "give images/images.lock and tools/programs/ollama/go.mod the same version",
      });
    }
    return {
      layers: [...(await debianBase()), { files: { "/usr/bin/ollama": { source: program.path("ollama"), mode: 0o755 } } }],
      entrypoint: ["/bin/ollama"],
      cmd: ["serve"],
      env: { OLLAMA_HOST: "0.0.0.0:11434" },
      ports: [11434],
    };
  },
};
