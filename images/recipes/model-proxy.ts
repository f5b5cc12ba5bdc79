/** The gateway, and the sidecar and router of the model servers: one static program and nothing else, no shell, no user that it needs. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../tools/lib/paths";
import { exec } from "../../tools/lib/exec";
import { ensurePrograms } from "../../tools/toolchain";
import { authorities } from "../debian";
import { sameVersion, type Recipe } from "../recipe";

const folder = "images/model-proxy";

export const modelProxy: Recipe = {
  inputs: readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => /\.(go|sql)$|^go\.(mod|sum)$/.test(file) && !file.endsWith("_test.go"))
    .sort()
    .map((file) => `${folder}/${file}`)
    .concat("images/debian.ts"),
  async collect({ tag }) {
    const program = (await ensurePrograms(["model-proxy"]))["model-proxy"].path("model-proxy");
    const { stdout } = await exec(program, ["version"]);
    sameVersion("model-proxy", tag, stdout.trim(), `${folder}/main.go`);
    return {
      // A database of the site's may have a certificate of one of these.
      layers: [{ files: { "/usr/bin/model-proxy": { source: program, mode: 0o755 }, ...(await authorities()) } }],
      entrypoint: ["/usr/bin/model-proxy"],
      user: "65532:65532",
      ports: [8080, 9464, 11434],
    };
  },
};
