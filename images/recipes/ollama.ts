/** Ollama as the upstream image has it (entry point, port, paths), for CPUs only. */
import { ensurePrograms } from "../../tools/toolchain";
import { debianBase } from "../debian";
import { sameVersion, type Recipe } from "../recipe";

export const ollama: Recipe = {
  inputs: ["images/debian.ts", "tools/programs/ollama/go.mod", "tools/programs/ollama/go.sum"],
  async collect({ tag }) {
    const program = (await ensurePrograms(["ollama"])).ollama;
    sameVersion("ollama", tag, program.version.replace(/^v/, ""), "tools/programs/ollama/go.mod");
    return {
      layers: [...(await debianBase()), { files: { "/usr/bin/ollama": { source: program.path("ollama"), mode: 0o755 } } }],
      entrypoint: ["/bin/ollama"],
      cmd: ["serve"],
      env: { OLLAMA_HOST: "0.0.0.0:11434" },
      ports: [11434],
    };
  },
};
