import { ensurePrograms } from "../../tools/toolchain";
import type { ProgramName } from "../../tools/toolchain/programs";
import { sameVersion, type Recipe } from "../recipe";

export interface OneProgram {
  /** Name of the image in images.lock. */
  readonly image: string;
  readonly program: ProgramName;
  /** @default the program's name */
  readonly executable?: string;
  /** Where the image has it; its entry point. */
  readonly path: string;
  readonly user: string;
}

/** An image with one static program and nothing beside it. */
export function oneProgram({ image, program: name, executable = name, path, user }: OneProgram): Recipe {
  const module = `tools/programs/${name}/go.mod`;
  return {
    inputs: ["images/recipes/oneProgram.ts", module, `tools/programs/${name}/go.sum`],
    async collect({ tag }) {
      const program = (await ensurePrograms([name]))[name];
      sameVersion(image, tag, `v${program.version}`, module);
      return { layers: [{ files: { [path]: { source: program.path(executable), mode: 0o755 } } }], entrypoint: [path], user };
    },
  };
}
