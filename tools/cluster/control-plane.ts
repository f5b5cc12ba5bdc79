/** Starts the control plane, the same for both flavors. */
import { join } from "node:path";
import { step } from "../lib/progress";
import { crds } from "./addons/crds";
import { openshiftAdmission } from "./addons/openshift";
import { apiOf, until, type Api, type KubeObject } from "./api";
import { admissionWorks, policiesExist } from "./checks";
import { apiPortOf, apiServer, controllerManager, etcd, openshiftNamespaces, scheduler, type Places } from "./components";
import { ensurePki, pkiDir } from "./pki";
import { assertRunning, ensureProcess, logPath, stopProcess, type Component } from "./processes";

/** The environment of components: a home of their own, so that none reads or writes the user's. */
export function environment(dir: string, path: string | undefined): NodeJS.ProcessEnv {
  return { PATH: path, HOME: join(dir, "home"), TMPDIR: process.env.TMPDIR, LANG: "C.UTF-8" };
}

/** etcd, API server, controllers, scheduler; `beside` is started at the same time. Applies the platform's kinds and rights. */
export async function controlPlane(places: Places, beside: readonly Component[], rights: readonly (readonly KubeObject[])[]): Promise<Api> {
  const { dir, record } = places;
  const server = `https://${places.address}:${apiPortOf(record)}`;
  const openshift = record.platform === "openshift";
  return step(`control plane, Kubernetes ${record.versions.kubernetes ?? ""}`, async (note) => {
    await ensurePki(dir, {
      server,
      address: places.address,
      context: `oap-${record.name}`,
      features: [record.flavor, ...(openshift ? (["openshift"] as const) : [])],
    });
    for (const part of [etcd(places), ...beside, apiServer(places)]) await ensureProcess(dir, record.id, part);
    const api = apiOf(server, pkiDir(dir));
    try {
      const alive = () => ["etcd", "kube-apiserver", ...beside.map((part) => part.name)].forEach((name) => assertRunning(dir, name));
      const ready = async () => (await api.call("GET", "/readyz")).status === 200;
      try {
        await until("API server ready", 90_000, ready, alive, `see ${logPath(dir, "kube-apiserver")} and ${logPath(dir, "etcd")}`);
      } catch (error) {
        await stopProcess(dir, "kube-apiserver", 1000); // one that can't start ends by itself some time later, which would be in the next start
        throw error;
      }
      const isNew = openshift && !(await policiesExist(api));
      await api.apply([...rights.flat(), ...(openshift ? openshiftAdmission() : [])]);
      const parts = [controllerManager(places), scheduler(places), ...(openshift ? [openshiftNamespaces(places)] : [])];
      for (const part of parts) await ensureProcess(dir, record.id, part);
      await api.apply(await crds(record.platform));
      if (isNew) await until("admission of pods", 60_000, () => admissionWorks(api), alive, `see ${logPath(dir, "kube-apiserver")}`);
      for (const part of parts) assertRunning(dir, part.name);
      note(server);
      return api;
    } catch (error) {
      api.close();
      throw error;
    }
  });
}
