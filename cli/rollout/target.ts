/** The version to go back to, and whether it can be gone back to. Nothing is changed here. */
import { amountOf } from "../../tools/doctor/objects";
import { usage } from "../errors";
import type { Job, Quota } from "../kube/objects";
import { loaders, paths } from "../kube/paths";
import type { Client } from "../types";
import { versionName, type Pool, type Version } from "./pool";
import type { Unserved } from "./unserved";
import { podRequests } from "../gpu/requests";

/**
 * @param revision undefined: the version that serves where another one was given up or is on its way, else the newest before it that served
 * @throws UserError
 */
export function targetVersion(pool: Pool, revision: number | undefined, unserved: Unserved): Version {
  const { versions } = pool;
  const known = versions.map((version) => named(version, unserved)).join("; ") || "none";
  if (revision !== undefined) {
    const found = versions.find((version) => version.revision === revision);
    if (found) return found;
    throw usage(`pool ${pool.name} has no revision ${revision} any more`, `--to-revision with one of: ${known}`);
  }
  const stable = pool.rollout && versions.find(({ hash }) => hash === pool.rollout?.status?.stableRS);
  const found = stable && !stable.wanted ? stable : versions.find(({ wanted, hash }) => !wanted && !unserved.has(hash));
  if (found) return found;
  throw usage(
    `pool ${pool.name} has no earlier version${versions.some(({ wanted }) => !wanted) ? " that served" : ""}`,
    `there is: ${known}; configure what you want and run pulumi up${versions.length > 1 ? ", or name a version by --to-revision" : ""}`,
  );
}

/** Versions that are newer than the target and were not taken, with why. */
export function passedOver({ versions }: Pool, target: Version, unserved: Unserved): readonly string[] {
  return versions
    .filter(({ revision, wanted, hash }) => revision > target.revision && !wanted && unserved.has(hash))
    .map((version) => named(version, unserved));
}

function named(version: Version, unserved: Unserved): string {
  const reason = unserved.get(version.hash);
  return reason === undefined ? versionName(version) : `${versionName(version)}, which never served (${reason})`;
}

export interface TargetCheck {
  readonly check: string;
  readonly ok: boolean;
  readonly found: string;
  /** Said where it is not ok. */
  readonly fix?: string;
}

/** All that must be so for a version to come up again. */
export async function checkTarget(client: Client, pool: Pool, target: Version): Promise<readonly TargetCheck[]> {
  const { namespace } = pool;
  const [jobs, quotas, stored] = await Promise.all([
    client.list<Job>(paths.jobs(namespace, loaders)),
    client.list<Quota>(paths.quotas(namespace)),
    inStore(client, namespace, pool.name),
  ]);
  const exists: TargetCheck = { check: "version", ok: true, found: `${versionName(target)} is kept as ReplicaSet ${target.set.metadata.name}` };
  return [exists, ...target.models.map((model) => modelCheck(model, jobs, stored)), ...quotaChecks(pool, target, quotas)];
}

/** Names in the store, as a replica lists them: all mount the same. undefined: none could be asked. */
async function inStore(client: Client, namespace: string, pool: string): Promise<readonly string[] | undefined> {
  try {
    const { status, text } = await client.text(`${paths.service(namespace, pool, "http")}/api/tags`);
    return status === 200 ? ((JSON.parse(text) as { models?: readonly { readonly name: string }[] }).models?.map(({ name }) => name) ?? []) : undefined;
  } catch {
    return undefined;
  }
}

function modelCheck({ name, job }: Version["models"][number], jobs: readonly Job[], stored: readonly string[] | undefined): TargetCheck {
  const check = `model ${name}`;
  const loader = jobs.find(({ metadata }) => metadata.name === job);
  if (loader && (loader.status?.succeeded ?? 0) > 0) return { check, ok: true, found: `loaded by Job ${loader.metadata.name}` };
  const fix = "--config restore configures that version's models: pulumi up then loads them again";
  if (loader) return { check, ok: false, found: `its Job ${loader.metadata.name} did not end well`, fix };
  // A name may stand for another model by now: only the Job of that very version tells, unless nobody loaded the name anew.
  const again = jobs.some(({ metadata }) => metadata.annotations?.["openshift-ai-platform/model"] === name);
  if (again) return { check, ok: false, found: "the store has another version under this name by now", fix };
  if (stored?.includes(name)) return { check, ok: true, found: "in the store, as a running replica lists it; its Job is gone" };
  return {
    check,
    ok: false,
    found: stored === undefined ? "its Job is gone, and no replica could be asked what the store has" : "no longer in the store",
    fix,
  };
}

/** Pods that come beside those that run, until these go. */
export function besides({ rollout, deployment }: Pool, target: Version): number {
  const running = target.set.status?.replicas ?? 0;
  if (rollout) return Math.max(0, (rollout.spec.strategy?.blueGreen?.previewReplicaCount ?? rollout.spec.replicas ?? 1) - running);
  const surge = deployment.spec.strategy?.rollingUpdate?.maxSurge ?? 1;
  const wanted = deployment.spec.replicas ?? 1;
  return typeof surge === "number" ? surge : Math.ceil((wanted * Number.parseInt(surge)) / 100);
}

function quotaChecks(pool: Pool, target: Version, quotas: readonly Quota[]): TargetCheck[] {
  // What is on its way now gives its room back.
  const going = pool.versions.filter(({ active, hash }) => !active && hash !== target.hash && pool.rollout !== undefined);
  const freed = going.reduce((sum, { set }) => sum + (set.status?.replicas ?? 0), 0);
  const pods = Math.max(0, besides(pool, target) - freed);
  const needs = { ...podRequests(target.set.spec.template.spec), pods: 1 } as Readonly<Record<string, number>>;
  return quotas.map(({ metadata, status }) => {
    const short = Object.entries(needs).flatMap(([resource, each]) => {
      // A quota counts pods by their name, all else by `requests.`; a plain `cpu` means the same as `requests.cpu`.
      const name = [`requests.${resource}`, resource].find((one) => status?.hard?.[one] !== undefined);
      if (name === undefined) return [];
      const free = amountOf(status?.hard?.[name]) - amountOf(status?.used?.[name]);
      return each * pods > free ? [`${name}: ${each * pods} needed, ${free} left of ${status?.hard?.[name] ?? ""}`] : [];
    });
    const check = `quota ${metadata.name}`;
    if (short.length === 0) return { check, ok: true, found: `room for ${pods} more pod${pods === 1 ? "" : "s"}` };
    const fix = "lower replicas of a pool, or raise the quota in the stack's configuration and run pulumi up; --force tries it all the same";
    return { check, ok: false, found: `no room for ${pods} more: ${short.join("; ")}`, fix };
  });
}
