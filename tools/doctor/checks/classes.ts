import { storageClasses, type ClassSpec } from "../../../stacks/storage";
import type { StackConfig } from "../../../stacks/schema";
import type { Api, List } from "../api";
import { ownerOfObject, type StorageClass } from "../objects";
import { ok, problem, skipped, warning, type Check, type Finding } from "../types";

export const managedClasses: Check = {
  id: "managed-classes",
  title: "classes of the stack",
  async run(api, { config, owner }) {
    const made = storageClasses(config.storage.classes);
    if (made.length === 0) return [skipped("storage.classes makes none")];
    const all = (await api.get<List<StorageClass>>("/apis/storage.k8s.io/v1/storageclasses"))?.items ?? [];
    const there = (name: string) => all.find(({ metadata }) => metadata.name === name);
    const provisioners = [...new Set(made.map(({ provisioner }) => provisioner))];
    return [...made.map((spec) => classOf(spec, there(spec.name), owner)), ...(await drivers(api, config.storage.classes.kind, provisioners))];
  },
};

/** A class that the stack makes, against the one of its name that is there. */
function classOf(spec: ClassSpec, found: StorageClass | undefined, owner: string): Finding {
  const { name } = spec;
  if (!found) return ok(`${name}: not there yet; the stack makes it`);
  const whose = ownerOfObject(found);
  if (whose !== owner) {
    return problem(
      `StorageClass ${name} is there, ${whose === undefined ? "and of no stack" : `of stack ${whose}`}`,
      "a free name, since storage.classes makes it",
      whose === undefined
        ? `kubectl delete storageclass ${name} (volumes stay), or storage.classes: {kind: existing} to use it as it is`
        : "set cluster.manage to false: one stack of a cluster manages it",
    );
  }
  const [wanted, is] = [settingsOf(spec), settingsOf(found)];
  const differing = [...new Set([...Object.keys(wanted), ...Object.keys(is)])].filter((key) => wanted[key] !== is[key]);
  if (differing.length === 0) return ok(`${name}: ours`);
  const text = (settings: Readonly<Record<string, string>>) => differing.map((key) => `${key} ${settings[key] ?? "unset"}`).join(", ");
  return warning(
    `StorageClass ${name} has ${text(is)}`,
    `${text(wanted)}, by storage.classes`,
    "nothing: the next `up` makes it anew for new volumes, and those that are there stay as they are; or set storage.classes back",
  );
}

function settingsOf({ provisioner, parameters }: Pick<StorageClass, "provisioner" | "parameters">): Readonly<Record<string, string>> {
  return { provisioner, ...parameters };
}

/** CSI drivers register themselves; local-path-provisioner is none. */
export async function drivers(api: Api, kind: StackConfig["storage"]["classes"]["kind"], names: readonly string[]): Promise<readonly Finding[]> {
  if (kind === "local") return [skipped("a local provisioner does not register itself: whether it runs shows with the first claim")];
  const install =
    kind === "aws"
      ? "install the EBS and EFS CSI drivers (on OpenShift: their operators)"
      : "install OpenShift Data Foundation, or correct storage.classes.namespace";
  return Promise.all(
    names.map(async (name) =>
      (await api.get(`/apis/storage.k8s.io/v1/csidrivers/${name}`))
        ? ok(`driver ${name}`)
        : problem(`no CSI driver ${name}`, `the driver of storage.classes (${kind})`, install),
    ),
  );
}
