/**
 * What a killed `up` leaves: a lock of a process that is gone, and operations that were begun and not recorded as ended.
 * Objects that it made are found by their owner label and taken into the state; the rest is made again by the next `up`.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../lib/errors";
import { isAlive } from "../lib/lock";
import { say } from "../lib/progress";
import { ownerLabel, ownerOf } from "../../components/common/labels";
import { backendDir, project, type Workspace } from "./workspace";

interface PendingOperation {
  readonly type: string;
  readonly resource: { readonly urn: string; readonly type: string; readonly custom: boolean; readonly inputs?: KubernetesInputs };
}
interface KubernetesInputs {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: { readonly name?: string; readonly namespace?: string };
}
interface Lock {
  readonly pid: number;
}

/** Makes the stack usable again after a kill. Does nothing, and costs nothing but reading the state, when all is well. */
export async function recover(workspace: Workspace): Promise<void> {
  await unlock(workspace);
  const pending = await pendingOperations(workspace);
  if (pending.length === 0) return;
  say(`  an earlier run was interrupted in ${pending.length} operation${pending.length > 1 ? "s" : ""}; taking over what it made`);
  const found: string[] = [];
  for (const { resource } of pending.filter((operation) => operation.type === "creating" && operation.resource.custom)) {
    const id = await findOwned(workspace, resource.inputs ?? {});
    if (id) found.push(resource.urn, id);
  }
  await workspace.pulumi([
    "refresh",
    "--yes",
    "--skip-preview",
    ...found.flatMap((part) => ["--import-pending-creates", part]), // URN, id, URN, id, …
    "--clear-pending-creates",
  ]);
}

/** A lock whose process is gone is removed by `pulumi cancel`; a live one is respected. */
async function unlock(workspace: Workspace): Promise<void> {
  const dir = join(backendDir, ".pulumi", "locks", "organization", project, workspace.stack);
  for (const file of list(dir)) {
    let pid: number | undefined;
    try {
      pid = (JSON.parse(readFileSync(join(dir, file), "utf8")) as Lock).pid;
    } catch {
      pid = undefined; // half-written: its writer was killed
    }
    if (pid !== undefined && isAlive(pid, "")) {
      throw new UserError(`stack ${workspace.stack} is being changed by another process (${pid})`, { fix: "wait for it to end, then run this again" });
    }
    await workspace.pulumi(["cancel", "--yes"]);
    say("  removed the lock of a run that was killed");
    return;
  }
}

function list(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch {
    return [];
  }
}

async function pendingOperations(workspace: Workspace): Promise<readonly PendingOperation[]> {
  const { stdout } = await workspace.pulumi(["stack", "export"], { logFile: "/dev/null" });
  const { deployment } = JSON.parse(stdout) as { deployment?: { pending_operations?: PendingOperation[] } };
  return deployment?.pending_operations ?? [];
}

/** The id of an object that an interrupted create of this stack made, "namespace/name" or "name"; undefined when there is none, or when it is somebody else's. */
async function findOwned(workspace: Workspace, { apiVersion, kind, metadata }: KubernetesInputs): Promise<string | undefined> {
  if (!apiVersion || !kind || !metadata?.name) return undefined;
  const [group, version] = apiVersion.includes("/") ? apiVersion.split("/") : ["", apiVersion];
  const resource = `${kind}.${version}${group ? `.${group}` : ""}`;
  const { stdout, code } = await workspace.cluster.kubectl(
    ["get", resource, metadata.name, ...(metadata.namespace ? ["-n", metadata.namespace] : []), "-o", "json", "--ignore-not-found"],
    { allowFailure: true },
  );
  if (code !== 0 || stdout.trim() === "") return undefined;
  const live = JSON.parse(stdout) as { metadata: { labels?: Record<string, string> } };
  if (live.metadata.labels?.[ownerLabel] !== ownerOf(project, workspace.stack)) return undefined;
  return metadata.namespace ? `${metadata.namespace}/${metadata.name}` : metadata.name;
}
