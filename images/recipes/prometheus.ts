/** Prometheus as the upstream image has it (entry point, port, folder of its data), without web pages; promtool beside it. */
import { ensurePrograms } from "../../tools/toolchain";
import { prometheusRelease } from "../../tools/toolchain/programs";
import { sameVersion, type Recipe } from "../recipe";

export const prometheus: Recipe = {
  inputs: ["tools/programs/prometheus/go.mod", "tools/programs/prometheus/go.sum"],
  async collect({ tag }) {
    const program = (await ensurePrograms(["prometheus"])).prometheus;
    sameVersion("prometheus", tag, `v${prometheusRelease(program.version)}`, "tools/programs/prometheus/go.mod");
    return {
      layers: [
        {
          files: {
            "/bin/prometheus": { source: program.path("prometheus"), mode: 0o755 },
            "/bin/promtool": { source: program.path("promtool"), mode: 0o755 },
            "/etc/prometheus": { directory: true },
            "/prometheus": { directory: true, mode: 0o777 },
            "/tmp": { directory: true, mode: 0o1777 },
          },
        },
      ],
      entrypoint: ["/bin/prometheus"],
      cmd: ["--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus"],
      user: "65534:65534",
      ports: [9090],
    };
  },
};
