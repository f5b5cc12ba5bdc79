/** The provider's own configuration (`kubernetes:config:*`, else PULUMI_K8S_* of the environment), and what a change of it means. */
import type { Change, Difference, Failure } from "../lib/provider";
import { hasUnknown, isUnknown, same, textAt, type Value, type ValueMap } from "../lib/values";
import { connect, defaultKubeconfig, type Connection } from "./kubeconfig";
import type { Mutability } from "./force-new";

export interface Settings extends Mutability {
  readonly enablePatchForce: boolean;
  readonly upsertExistingObjects: boolean;
  readonly deleteUnreachable: boolean;
  readonly skipUpdateUnreachable: boolean;
  /** Namespace of objects that name none. */
  readonly namespace: string;
  /** How to reach the cluster, or why it can't be reached. */
  readonly connection: Connection | Error;
}

const ENVIRONMENT = {
  enablePatchForce: "PULUMI_K8S_ENABLE_PATCH_FORCE",
  upsertExistingObjects: "PULUMI_K8S_UPSERT_EXISTING_OBJECTS",
  deleteUnreachable: "PULUMI_K8S_DELETE_UNREACHABLE",
  skipUpdateUnreachable: "PULUMI_K8S_SKIP_UPDATE_UNREACHABLE",
  enableConfigMapMutable: "PULUMI_K8S_ENABLE_CONFIGMAP_MUTABLE",
  enableSecretMutable: "PULUMI_K8S_ENABLE_SECRET_MUTABLE",
} as const;

export function readSettings(config: ReadonlyMap<string, string>, env: NodeJS.ProcessEnv = process.env): Settings {
  const value = (key: string) => config.get(`kubernetes:config:${key}`) || undefined;
  const flag = (key: keyof typeof ENVIRONMENT) => (value(key) ?? env[ENVIRONMENT[key]]) === "true";
  let connection: Connection | Error;
  try {
    const kubeconfig = value("kubeconfig") ?? defaultKubeconfig(env);
    if (!kubeconfig) throw new Error("kubeconfig: none given (kubernetes:kubeconfig, KUBECONFIG or ~/.kube/config)");
    if (isUnknown(kubeconfig)) throw new Error("kubeconfig: not known yet");
    connection = connect(kubeconfig, { context: value("context"), cluster: value("cluster") });
  } catch (error) {
    connection = error instanceof Error ? error : new Error(String(error));
  }
  return {
    enablePatchForce: flag("enablePatchForce"),
    upsertExistingObjects: flag("upsertExistingObjects"),
    deleteUnreachable: flag("deleteUnreachable"),
    skipUpdateUnreachable: flag("skipUpdateUnreachable"),
    enableConfigMapMutable: flag("enableConfigMapMutable"),
    enableSecretMutable: flag("enableSecretMutable"),
    namespace: value("namespace") ?? (connection instanceof Error ? undefined : connection.namespace) ?? "default",
    connection,
  };
}

const isOn = (value: Value | undefined): boolean => value === true || value === "true";

/** What the official provider can and this one cannot is refused by name, not ignored. */
export function checkConfig(news: ValueMap): readonly Failure[] {
  const failures: Failure[] = [];
  const refuse = (property: string) =>
    failures.push({ property, reason: `${property} is not in the stand-in of the kubernetes plugin; install the official plugin to use it` });
  if (news.renderYamlToDirectory !== undefined && news.renderYamlToDirectory !== "") refuse("renderYamlToDirectory");
  if (news.enableServerSideApply !== undefined && !isOn(news.enableServerSideApply) && !hasUnknown(news.enableServerSideApply))
    refuse("enableServerSideApply: false");
  return failures;
}

/** Which server and CA a configuration means; undefined where that can't be said. */
function target(config: ValueMap): string | undefined {
  const kubeconfig = textAt(config, "kubeconfig");
  if (!kubeconfig) return undefined;
  try {
    const { server, tls } = connect(kubeconfig, { context: textAt(config, "context"), cluster: textAt(config, "cluster") });
    return JSON.stringify([server, tls.ca, tls.servername, tls.rejectUnauthorized]);
  } catch {
    return undefined;
  }
}

/**
 * Another cluster means that all objects are made anew; another way to the same cluster does not. `clusterIdentifier`, where
 * it is set, is what decides.
 */
export function diffConfig(olds: ValueMap, news: ValueMap): Difference {
  const changes = new Map<string, Change>();
  for (const key of new Set([...Object.keys(olds), ...Object.keys(news)])) {
    if (key.startsWith("__") || key === "version" || same(olds[key], news[key])) continue;
    changes.set(key, { kind: !(key in olds) ? "add" : !(key in news) ? "delete" : "update", replace: false });
  }
  const replace = (key: string) => {
    const change = changes.get(key);
    if (change) changes.set(key, { ...change, replace: true });
  };
  const [oldId, newId] = [olds.clusterIdentifier, news.clusterIdentifier];
  if (oldId !== undefined && newId !== undefined) {
    if (!same(oldId, newId)) replace("clusterIdentifier");
    return { changes };
  }
  const where = ["kubeconfig", "context", "cluster"];
  const unknown = where.filter((key) => hasUnknown(news[key] ?? null));
  if (unknown.length > 0) unknown.forEach(replace);
  else {
    const [before, after] = [target(olds), target(news)];
    if (before !== undefined && after !== undefined && before !== after) where.forEach(replace);
  }
  return { changes };
}
