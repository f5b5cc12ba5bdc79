/** What a destroyed stack leaves: the namespaces, claims and volumes with people's data. */
import { ownerLabel, ownerOf } from "../../components/common/labels";
import { bold, say } from "../lib/progress";
import { project, type Workspace } from "./workspace";

export interface Retained {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec?: { readonly volumeName?: string; readonly resources?: { readonly requests?: { readonly storage?: string } } };
}

/** In the order in which they would have to be deleted. */
const kinds = ["persistentvolumeclaims", "secrets", "persistentvolumes", "namespaces"] as const;

/** All of a stack's objects that are there after a destroy. */
export async function retained({ stack, cluster }: Workspace): Promise<readonly Retained[]> {
  const { stdout } = await cluster.kubectl(["get", kinds.join(","), "-A", "-l", `${ownerLabel}=${ownerOf(project, stack)}`, "-o", "json"]);
  const { items } = JSON.parse(stdout) as { items: readonly Retained[] };
  return kinds.flatMap((kind) => items.filter((one) => `${one.kind.toLowerCase()}s` === kind));
}

/** Lists it, and says how to take it over or to delete it. @param chosen variables of make that name the stack */
export async function showRetained(workspace: Workspace, chosen: string): Promise<void> {
  const left = await retained(workspace);
  if (left.length === 0) return;
  say(bold(`\nkept, with the data in it:`));
  for (const { kind, metadata, spec } of left) {
    const size = spec?.resources?.requests?.storage;
    const volume = spec?.volumeName === undefined ? "" : `, volume ${spec.volumeName}`;
    say(`  ${kind} ${metadata.namespace === undefined ? "" : `${metadata.namespace}/`}${metadata.name}${size === undefined ? "" : ` (${size}${volume})`}`);
  }
  say(`\n  to use it again: make up${chosen} (the same stack takes it over)`);
  say("  to delete it:");
  for (const command of deletions(left)) say(`    make kubectl${chosen} ARGS="${command}"`);
  say("  Volumes are retained by what holds them, too: their data is deleted there, or with the cluster.");
}

/** Arguments of kubectl that delete what is left. Claims and credentials go with their namespace; a volume that is retained goes on its own. */
export function deletions(left: readonly Retained[]): readonly string[] {
  const names = (kind: string) => left.filter((one) => one.kind === kind).map(({ metadata }) => metadata.name);
  const bound = left.flatMap(({ kind, spec }) => (kind === "PersistentVolumeClaim" && spec?.volumeName ? [spec.volumeName] : []));
  const namespaces = names("Namespace");
  const volumes = [...new Set([...bound, ...names("PersistentVolume")])];
  return [
    ...(namespaces.length > 0 ? [`delete namespace ${namespaces.join(" ")}`] : []),
    ...(volumes.length > 0 ? [`delete persistentvolume ${volumes.join(" ")} --ignore-not-found`] : []),
  ];
}
