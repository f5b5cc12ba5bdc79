import { join } from "node:path";
import { UserError } from "../lib/errors";
import { step } from "../lib/progress";
import { ensurePrograms } from "../toolchain";
import { programsDir, requiredVersion } from "../toolchain/gomod";
import { hostTools } from "../toolchain/hosttools";
import { clusterRoleBinding } from "./addons/common";
import { dns, dnsPlace } from "./addons/dns";
import { gateway } from "./addons/gateway";
import { metricsServer } from "./addons/metrics";
import { localStorage } from "./addons/storage";
import { until, type Api } from "./api";
import { ensureCgroup } from "./cgroups";
import { nodeIsReady, podsAreCurrent, serviceAnswers } from "./checks";
import { controlPlane, environment } from "./control-plane";
import { ensureAddonImages, type AddonImages, type AddonPrograms } from "./images";
import { cgroupName, subnetOf } from "./names";
import { ensureNamespaces, hasNamespaces, insidePrefix, namespacesReady } from "./namespaces";
import { containerd, kubelet, kubeProxy } from "./node";
import { pem } from "./pki";
import { assertRunning, ensureProcess, logPath, pidOf } from "./processes";
import { canRunReal, ctrOf, ensureGpus, ensureSubnet } from "./real";
import { nodeName } from "./settings";
import { writeRecord, type ClusterRecord } from "./state";
import { sweep } from "./stop";

export async function startReal(dir: string, old: ClusterRecord): Promise<void> {
  const reason = canRunReal();
  if (reason) throw new UserError(`no real cluster is possible here: ${reason}`, { fix: "use a simulated one (FLAVOR=simulated), or run as root on Linux" });
  const programs = await ensurePrograms(["cluster", "containerd", "runc", "coredns", "local-path-provisioner", "traefik", "pause"]);
  const tools = await hostTools();
  const metricsVersion = requiredVersion(join(programsDir, "cluster"), "sigs.k8s.io/metrics-server");

  const through = ["containerd", "etcd", "kube-apiserver", "kube-scheduler", "kube-proxy"]
    .map((name) => pidOf(dir, name))
    .find((pid) => pid !== undefined && hasNamespaces(pid));
  // Without any process of ours, what is left (shims, pods) belongs to namespaces that nobody can enter: as after a restart of the machine.
  const anew = !namespacesReady(dir) && through === undefined;
  if (anew) await sweep(old.id);
  const subnet = !anew ? subnetOf((old.subnet ?? "").split("/")[0] ?? "") : await ensureSubnet(old, tools.env);
  const record: ClusterRecord = {
    ...old,
    subnet: subnet.cidr,
    programs: Object.fromEntries(Object.values(programs).map((program) => [program.name, program.dir])),
    versions: Object.fromEntries(Object.values(programs).map((program) => [program.name === "cluster" ? "kubernetes" : program.name, program.version])),
  };
  writeRecord(dir, record);

  const env = environment(dir, [programs.containerd.dir, tools.env.PATH].join(":"));
  const since = Date.now();
  await step("network and mount namespace", async (note) => {
    ensureCgroup(cgroupName(record.id));
    await ensureNamespaces(dir, record.id, subnet, { ...env, PATH: tools.env.PATH }, through);
    note(`node address ${subnet.node}`);
  });
  const places = {
    dir,
    record,
    programs: programs.cluster.dir,
    address: subnet.node,
    env,
    prefix: insidePrefix(dir) ?? [],
    containerd: programs.containerd.dir,
    runc: programs.runc.path("runc"),
  };
  const runtime = containerd(places);
  const kubeletRights = clusterRoleBinding("kube-apiserver-kubelet-client", "system:kubelet-api-admin", { user: "kube-apiserver-kubelet-client" });
  const api = await controlPlane(places, [runtime], [[kubeletRights]]);
  try {
    const images = await importImages(dir, record, programs, metricsVersion);
    await node(api, places, record, images, { since: anew ? since : undefined });
  } finally {
    api.close();
  }
}

function importImages(
  dir: string,
  record: ClusterRecord,
  programs: AddonPrograms & Record<"containerd", { dir: string }>,
  metricsVersion: string,
): Promise<AddonImages> {
  const ctr = ctrOf(dir, record.name, programs.containerd.dir);
  return step("images of the add-ons", async () => {
    const answers = async () => (await ctr(["version"], { allowFailure: true, timeoutMs: 5000 })).code === 0;
    await until("containerd answers", 30_000, answers, () => assertRunning(dir, "containerd"), `see ${logPath(dir, "containerd")}`);
    return ensureAddonImages(programs, metricsVersion, ctr);
  });
}

async function node(
  api: Api,
  places: Parameters<typeof kubelet>[0],
  record: ClusterRecord,
  images: AddonImages,
  { since }: { since: number | undefined },
): Promise<void> {
  const { dir, id } = { dir: places.dir, id: record.id };
  const alive = () => ["containerd", "kubelet", "kube-proxy", "kube-apiserver"].forEach((name) => assertRunning(dir, name));
  const tls = { certificate: pem(dir, "metrics-server.crt"), key: pem(dir, "metrics-server.key"), authority: pem(dir, "ca.crt") };
  await step("node, DNS, metrics, volumes", async (note) => {
    const kubeletSince = Date.now();
    const kubeletStarted = await ensureProcess(dir, id, kubelet(places));
    await ensureProcess(dir, id, kubeProxy(places));
    await api.apply([
      ...dns(record.platform, images.coredns),
      ...metricsServer(images.metricsServer, tls),
      ...localStorage(images.localPathProvisioner, images.helper),
      ...gateway(record.platform, images.traefik),
    ]);
    await until("node ready", 90_000, () => nodeIsReady(api, nodeName, kubeletStarted ? kubeletSince : undefined), alive, `see ${logPath(dir, "kubelet")}`);
    await ensureGpus(api, record.gpus);
    const { name, namespace } = dnsPlace(record.platform);
    await until(
      "DNS answers",
      90_000,
      () => serviceAnswers(api, namespace, `${name}:metrics`, "metrics"),
      alive,
      `see make kubectl ARGS="-n ${namespace} describe pods"`,
    );
    if (since !== undefined) await until("pods are started again", 60_000, () => podsAreCurrent(api, since), alive, `see ${logPath(dir, "kubelet")}`);
    note(`${record.gpus} GPU${record.gpus === 1 ? "" : "s"}`);
  });
}
