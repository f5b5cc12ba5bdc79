/** A pool in the cluster with its versions: made by Argo Rollouts where there is a Rollout, else by its Deployment. */
import { holdAnnotation, poolAnnotation } from "../../components/serving/poolAnnotations";
import { usage } from "../errors";
import type { Deployment, ReplicaSet, Rollout, Template } from "../kube/objects";
import { paths, replicasOf } from "../kube/paths";
import type { Hold, PoolVersion } from "../stack/edits";
import type { Client } from "../types";
import { verdictOf, verdictOfDeployment, type Verdict } from "./state";

/** Labels by which the controllers tell versions apart; never part of a template that is written. */
const hashLabels = ["rollouts-pod-template-hash", "pod-template-hash"] as const;

export interface Version {
  readonly revision: number;
  /** Of its template: what a hold names. */
  readonly hash: string;
  readonly set: ReplicaSet;
  readonly models: readonly StoredModel[];
  /** What it was made from; undefined: nobody wrote it down. */
  readonly made: PoolVersion | undefined;
  /** Whether it is what the Deployment says now. */
  readonly wanted: boolean;
  /** Whether users are served by it. */
  readonly active: boolean;
}

/** A model of a version, with the Job that loaded it. */
export interface StoredModel {
  readonly name: string;
  readonly job: string | undefined;
}

export interface Pool {
  readonly name: string;
  readonly namespace: string;
  readonly deployment: Deployment;
  /** undefined: Argo Rollouts does not make its pods */
  readonly rollout: Rollout | undefined;
  /** Newest first. */
  readonly versions: readonly Version[];
  readonly hold: Hold | undefined;
  readonly verdict: Verdict;
}

/** @throws UserError where there is no such pool */
export async function readPool(client: Client, namespace: string, name: string): Promise<Pool> {
  const [deployment, rollout, sets] = await Promise.all([
    client.get<Deployment>(paths.deployment(namespace, name)),
    client.get<Rollout>(paths.rollout(namespace, name)),
    client.list<ReplicaSet>(paths.replicaSets(namespace, replicasOf(name))),
  ]);
  if (!deployment) throw await noSuchPool(client, namespace, name);
  return {
    name,
    namespace,
    deployment,
    rollout,
    versions: versionsOf(deployment, rollout, sets),
    hold: jsonOf<Hold>(deployment.metadata.annotations?.[holdAnnotation]),
    verdict: rollout ? verdictOf(rollout, deployment) : verdictOfDeployment(deployment),
  };
}

async function noSuchPool(client: Client, namespace: string, name: string) {
  const there = await client.list<Deployment>(paths.deployments(namespace, replicasOf()));
  const names = there.map(({ metadata }) => metadata.name);
  return usage(
    `there is no pool ${name} in ${namespace} (context ${client.context})`,
    names.length > 0 ? `one of ${names.join(", ")}` : "pulumi up makes the pools of the configuration; or name another --stack, --context or --namespace",
  );
}

export function versionsOf(deployment: Deployment, rollout: Rollout | undefined, sets: readonly ReplicaSet[]): readonly Version[] {
  const ownedBy = (owner: { readonly metadata: { readonly uid?: string } }) =>
    sets.filter(({ metadata }) => metadata.ownerReferences?.some(({ uid, controller }) => controller === true && uid === owner.metadata.uid));
  const own = ownedBy(rollout ?? deployment);
  // The Deployment behind a Rollout makes an empty ReplicaSet for each template too: that one keeps what the Deployment was annotated with.
  const annotated = ownedBy(deployment);
  const { revision, hash } = rollout
    ? { revision: "rollout.argoproj.io/revision", hash: hashLabels[0] }
    : { revision: "deployment.kubernetes.io/revision", hash: hashLabels[1] };
  const wanted = canonical(deployment.spec.template);
  const activeHash = rollout?.status?.blueGreen?.activeSelector ?? rollout?.status?.stableRS;
  return own
    .map((set): Version => {
      const text = canonical(set.spec.template);
      const same = annotated.filter((one) => canonical(one.spec.template) === text);
      const kept = [set, ...same].map(({ metadata }) => metadata.annotations?.[poolAnnotation]).find((one) => one !== undefined);
      const name = set.metadata.labels?.[hash] ?? set.metadata.name;
      return {
        revision: Number(set.metadata.annotations?.[revision] ?? 0),
        hash: name,
        set,
        models: modelsOf(set.spec.template),
        made: jsonOf<PoolVersion>(kept),
        wanted: text === wanted,
        active: rollout ? name === activeHash : (set.status?.readyReplicas ?? 0) > 0,
      };
    })
    .sort((a, b) => b.revision - a.revision);
}

/** A template without what controllers put into it. */
export function cleanTemplate(template: Template): Template {
  const { labels = {}, annotations } = template.metadata ?? {};
  const kept = Object.entries(labels).filter(([key]) => !hashLabels.some((hash) => hash === key));
  return { ...template, metadata: { labels: Object.fromEntries(kept), ...(annotations === undefined ? {} : { annotations }) } };
}

/** The same text for templates that make the same pods, whatever the order of their keys. */
function canonical(template: Template): string {
  return JSON.stringify(cleanTemplate(template), (_, value: unknown) =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}

/** A line `name manifest job` for each, which the pod's own check reads too. */
function modelsOf({ spec }: Template): readonly StoredModel[] {
  const lines = spec.containers.flatMap(({ env = [] }) => env.filter(({ name }) => name === "MODELS").map(({ value = "" }) => value)).at(0) ?? "";
  return lines
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => {
      const [name = "", , job] = line.split(" ");
      return { name, job };
    });
}

function jsonOf<T>(text: string | undefined): T | undefined {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as T;
  } catch {
    return undefined; // somebody else's text: as if there were none
  }
}

/** `revision 3 (6d4c8f9b75)` */
export function versionName({ revision, hash }: Pick<Version, "revision" | "hash">): string {
  return `revision ${revision} (${hash})`;
}
