/** What the add-ons share: they run as a distribution's do, restricted, with small requests. */
import type { KubeObject } from "../api";

export const systemNamespace = "kube-system";

/** Passes the restricted Pod Security Standard. */
export const podSecurity = { runAsNonRoot: true, runAsUser: 65532, runAsGroup: 65532, seccompProfile: { type: "RuntimeDefault" } } as const;
export const containerSecurity = { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ["ALL"] } } as const;

/** @param requests CPU and memory, for example "50m", "40Mi"; @param limit of memory */
export const resources = (cpu: string, memory: string, limit: string) => ({ requests: { cpu, memory }, limits: { memory: limit } });

export interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

export function namespace(name: string, labels: Readonly<Record<string, string>> = {}): KubeObject {
  return { apiVersion: "v1", kind: "Namespace", metadata: { name, labels } };
}

export function serviceAccount(name: string, ns = systemNamespace): KubeObject {
  return { apiVersion: "v1", kind: "ServiceAccount", metadata: { name, namespace: ns } };
}

export function clusterRole(name: string, rules: readonly Rule[], labels: Readonly<Record<string, string>> = {}): KubeObject {
  return { apiVersion: rbac, kind: "ClusterRole", metadata: { name, labels }, rules };
}

const rbac = "rbac.authorization.k8s.io/v1";

/** Binds a cluster role to a user (by name) or a service account (by namespace and name). */
export function clusterRoleBinding(
  name: string,
  role: string,
  subject: { readonly user: string } | { readonly account: string; readonly namespace: string },
): KubeObject {
  const who =
    "user" in subject
      ? { kind: "User", apiGroup: "rbac.authorization.k8s.io", name: subject.user }
      : { kind: "ServiceAccount", name: subject.account, namespace: subject.namespace };
  return {
    apiVersion: rbac,
    kind: "ClusterRoleBinding",
    metadata: { name },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: role },
    subjects: [who],
  };
}

/** A role in a namespace and its binding to a service account of that namespace. */
export function role(name: string, ns: string, account: string, rules: readonly Rule[]): KubeObject[] {
  return [{ apiVersion: rbac, kind: "Role", metadata: { name, namespace: ns }, rules }, roleBinding(name, ns, name, account)];
}

export function roleBinding(name: string, ns: string, roleName: string, account: string): KubeObject {
  return {
    apiVersion: rbac,
    kind: "RoleBinding",
    metadata: { name, namespace: ns },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: roleName },
    subjects: [{ kind: "ServiceAccount", name: account, namespace: ns }],
  };
}

/** A Deployment of one pod. */
export function deployment(name: string, ns: string, labels: Readonly<Record<string, string>>, spec: object): KubeObject {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace: ns, labels },
    spec: {
      replicas: 1,
      // The one node has no room for two of each; a moment without is fine.
      strategy: { type: "Recreate" },
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { priorityClassName: "system-cluster-critical", securityContext: podSecurity, ...spec } },
    },
  };
}
