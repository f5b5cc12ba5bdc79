/**
 * What a killed `up` leaves: a lock of a process that is gone, and objects of which the state does not know.
 * Objects that it made are known by their owner label and taken over by the next `up`, which makes the rest.
 * (`pulumi refresh --import-pending-creates` would be the way, but version 3.259 drops the operations without importing anything.)
 */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { UserError } from "../lib/errors";
import { isAlive } from "../lib/lock";
import { say } from "../lib/progress";
import { ownerLabel, ownerOf } from "../../components/common/labels";
import { notOurs } from "./sharing";
import { backendDir, project, type Workspace } from "./workspace";

/** A step of `pulumi preview --json`. */
interface Step {
  readonly op: string;
  readonly newState?: { readonly custom?: boolean; readonly inputs?: KubernetesInputs };
}
interface KubernetesInputs {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: { readonly name?: string; readonly namespace?: string };
}
interface Lock {
  readonly pid: number;
}

/** Takes over what exists already, instead of refusing it. */
const TAKE_OVER = { PULUMI_K8S_UPSERT_EXISTING_OBJECTS: "true" } as const;

/** There while an `up` runs, and after one that did not end well. */
const marker = (workspace: Workspace) => join(dirname(workspace.configFile), "unfinished");

/** Runs an `up` so that the next one knows whether it ended. */
export async function unfinishedUntilDone(workspace: Workspace, up: () => Promise<void>): Promise<void> {
  writeFileSync(marker(workspace), "");
  await up();
  rmSync(marker(workspace));
}

/**
 * Makes the stack usable again after a kill. Costs nothing but reading the state when all is well.
 * The state's notes of what was begun are not enough: a create can reach the cluster without one. So all that the next `up` would create is looked up.
 * @returns environment for the next `up`: what the killed one had made is taken over, which Pulumi otherwise refuses as existing already
 * @throws UserError when an object of that name belongs to somebody else
 */
export async function recover(workspace: Workspace): Promise<NodeJS.ProcessEnv> {
  await unlock(workspace);
  if (!existsSync(marker(workspace)) && (await pendingOperations(workspace)) === 0) return {};
  const found: string[] = [];
  const foreign: string[] = [];
  const owner = ownerOf(project, workspace.stack);
  for (const inputs of await wouldCreate(workspace)) {
    const object = await find(workspace, inputs);
    // A namespace that admins made beforehand is nobody's: the program takes it over by itself (docs/adr/0005).
    if (object === undefined || (object.owner === undefined && inputs.kind === "Namespace")) continue;
    if (object.owner === owner) found.push(object.what);
    else foreign.push(`${object.what} (of ${object.owner ?? "nobody"})`);
  }
  if (foreign.length > 0) throw notOurs(owner, foreign);
  if (found.length === 0) return {};
  say(`  there already, of an interrupted run or kept by a destroy: ${found.join(", ")}: taking over`);
  return TAKE_OVER;
}

/** What the next `up` would create. None where the preview fails: then `up` fails too, and says why. */
async function wouldCreate(workspace: Workspace): Promise<readonly KubernetesInputs[]> {
  const { code, stdout } = await workspace.pulumi(["preview", "--json"], { env: TAKE_OVER, logFile: "/dev/null", allowFailure: true });
  if (code !== 0) return [];
  const { steps = [] } = JSON.parse(stdout.slice(stdout.indexOf("{"))) as { steps?: readonly Step[] };
  return steps.flatMap(({ op, newState }) => (op === "create" && newState?.custom && newState.inputs ? [newState.inputs] : []));
}

/** Forgets begun operations that an `up` has ended since: their objects stand in the state now. */
export async function forget(workspace: Workspace): Promise<void> {
  if ((await pendingOperations(workspace)) === 0) return;
  await workspace.pulumi(["refresh", "--yes", "--skip-preview", "--clear-pending-creates"]);
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

/** How many operations were begun and not recorded as ended. */
async function pendingOperations(workspace: Workspace): Promise<number> {
  const { stdout } = await workspace.pulumi(["stack", "export"], { logFile: "/dev/null" });
  const { deployment } = JSON.parse(stdout) as { deployment?: { pending_operations?: readonly unknown[] } };
  return deployment?.pending_operations?.length ?? 0;
}

/** The object that an interrupted create may have made, with its owner label; undefined when there is none. */
async function find(workspace: Workspace, { apiVersion, kind, metadata }: KubernetesInputs): Promise<{ what: string; owner: string | undefined } | undefined> {
  if (!apiVersion || !kind || !metadata?.name) return undefined;
  const [group, version] = apiVersion.includes("/") ? apiVersion.split("/") : ["", apiVersion];
  // With a dot at the end for the core group: `Service.v1` would be a kind of a group "v1".
  const resource = `${kind}.${version}.${group}`;
  const { stdout, stderr, code } = await workspace.cluster.kubectl(
    ["get", resource, metadata.name, ...(metadata.namespace ? ["-n", metadata.namespace] : []), "-o", "json", "--ignore-not-found"],
    { allowFailure: true },
  );
  // Its CRD is not there yet, and so it is not either.
  if (/doesn't have a resource type/.test(stderr)) return undefined;
  if (code !== 0)
    throw new UserError(`${kind} ${metadata.name}: whether it is there cannot be told: ${stderr.trim()}`, { fix: "make up, once the cluster answers" });
  if (stdout.trim() === "") return undefined;
  const live = JSON.parse(stdout) as { metadata: { labels?: Record<string, string> } };
  return { what: `${kind} ${metadata.namespace ? `${metadata.namespace}/` : ""}${metadata.name}`, owner: live.metadata.labels?.[ownerLabel] };
}
