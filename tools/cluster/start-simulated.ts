import { ensurePrograms } from "../toolchain";
import { step } from "../lib/progress";
import { until } from "./api";
import { nodeIsReady } from "./checks";
import type { Places } from "./components";
import { controlPlane, environment } from "./control-plane";
import { assertRunning, ensureProcess, logPath, pidOf } from "./processes";
import { choosePorts, ensureNodes, ensureVolumes, kwok, kwokRights } from "./simulated";
import { writeRecord, type ClusterRecord } from "./state";

export async function startSimulated(dir: string, old: ClusterRecord): Promise<void> {
  const programs = await ensurePrograms(["cluster"]);
  const running = pidOf(dir, "etcd") !== undefined || pidOf(dir, "kube-apiserver") !== undefined;
  const ports = running && old.ports ? old.ports : await choosePorts(old.ports);
  const record = { ...old, ports, programs: { cluster: programs.cluster.dir }, versions: { kubernetes: programs.cluster.version } };
  writeRecord(dir, record);
  const places: Places = { dir, record, programs: programs.cluster.dir, address: "127.0.0.1", env: environment(dir, process.env.PATH) };
  const api = await controlPlane(places, [], [kwokRights()]);
  try {
    await step(`${record.nodes} simulated node${record.nodes === 1 ? "" : "s"}`, async () => {
      await ensureProcess(dir, record.id, await kwok(places));
      await ensureNodes(api, record);
      await ensureVolumes(api);
      await until(
        "simulated nodes ready",
        60_000,
        () => nodeIsReady(api, `node${record.nodes}`),
        () => assertRunning(dir, "kwok"),
        `see ${logPath(dir, "kwok")}`,
      );
    });
  } finally {
    api.close();
  }
}
