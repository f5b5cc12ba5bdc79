/** The sidecar and router of the model servers: one static program and nothing else, no shell, no user that it needs. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../tools/lib/paths";
import { exec } from "../../tools/lib/exec";
import { ensurePrograms } from "../../tools/toolchain";
import { sameVersion, type Recipe } from "../recipe";

const folder = "images/model-proxy";

export const modelProxy: Recipe = {
  inputs: readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => /\.go$|^go\.(mod|sum)$/.test(file) && !file.endsWith("_test.go"))
    .sort()
    .map((file) => `${folder}/${file}`),
  async collect({ tag }) {
    const program = (await ensurePrograms(["model-proxy"]))["model-proxy"].path("model-proxy");
    const { stdout } = await exec(program, ["version"]);
    sameVersion("model-proxy", tag, stdout.trim(), `${folder}/main.go`);
    return {
      layers: [{ files: { "/usr/bin/model-proxy": { source: program, mode: 0o755 } } }],
      entrypoint: ["/usr/bin/model-proxy"],
      user: "65532:65532",
      ports: [11434, 9464],
    };
  },
};
