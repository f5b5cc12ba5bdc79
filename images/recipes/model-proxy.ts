/** The sidecar and router of the model servers: one static program and nothing else, no shell, no user that it needs. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../tools/lib/paths";
import { UserError } from "../../tools/lib/errors";
import { exec } from "../../tools/lib/exec";
import { ensurePrograms } from "../../tools/toolchain";
import type { Recipe } from "../recipe";

const folder = "images/model-proxy";

export const modelProxy: Recipe = {
  inputs: readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => /\.go$|^go\.(mod|sum)$/.test(file) && !file.endsWith("_test.go"))
    .sort()
    .map((file) => `${folder}/${file}`),
  async collect({ tag }) {
    const program = (await ensurePrograms(["model-proxy"]))["model-proxy"].path("model-proxy");
    const version = (await exec(program, ["version"])).stdout.trim();
    if (version !== tag) {
      throw new UserError(`model-proxy: images.lock asks for ${tag}, the program is ${version}`, {
        fix: `give images/images.lock and ${folder}/main.go the same version`,
      });
    }
    return {
      layers: [{ files: { "/usr/bin/model-proxy": { source: program, mode: 0o755 } } }],
      entrypoint: ["/usr/bin/model-proxy"],
      user: "65532:65532",
      ports: [11434, 9464],
    };
  },
};
