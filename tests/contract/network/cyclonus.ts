/** Asks cyclonus, which knows what NetworkPolicies mean, whether they let traffic through. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exec } from "../../../tools/lib/exec";

export interface NetworkPolicy {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: object;
}

/** One end of traffic. */
export interface Peer {
  readonly address: string;
  /** Undefined: no pod, and so bound by no policy. */
  readonly pod?: { readonly namespace: string; readonly namespaceLabels: Readonly<Record<string, string>>; readonly labels: Readonly<Record<string, string>> };
}

export interface Traffic {
  readonly from: Peer;
  readonly to: Peer;
  readonly port: number;
  readonly protocol: "TCP" | "UDP";
}

/** @returns for each traffic, in order, whether the policies allow it @throws Error when cyclonus fails or leaves one out */
export async function allowedBy(cyclonus: string, policies: readonly NetworkPolicy[], traffic: readonly Traffic[]): Promise<readonly boolean[]> {
  const dir = mkdtempSync(join(tmpdir(), "oap-cyclonus-"));
  try {
    const [policyPath, trafficPath] = ["policies.json", "traffic.json"].map((name) => join(dir, name)) as [string, string];
    const items = policies.map((policy) => ({ apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", ...withPresence(policy) }));
    writeFileSync(policyPath, JSON.stringify({ apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicyList", metadata: {}, items }));
    writeFileSync(trafficPath, JSON.stringify(traffic.map(toCyclonus)));
    const { stdout } = await exec(cyclonus, ["analyze", "--mode", "query-traffic", "--policy-path", policyPath, "--traffic-path", trafficPath]);
    const answers = [...stdout.matchAll(/IS ALLOWED\? +\| +(TRUE|FALSE) /g)].map(([, answer]) => answer === "TRUE");
    if (answers.length !== traffic.length) throw new Error(`cyclonus answered ${answers.length} of ${traffic.length} questions:\n${stdout.slice(0, 2000)}`);
    return answers;
  } finally {
    rmSync(dir, { recursive: true });
  }
}

function toCyclonus({ from, to, port, protocol }: Traffic): object {
  const peer = ({ address, pod }: Peer) => ({
    IP: address,
    ...(pod === undefined ? {} : { Internal: { Namespace: pod.namespace, NamespaceLabels: pod.namespaceLabels, PodLabels: pod.labels } }),
  });
  return { Source: peer(from), Destination: peer(to), ResolvedPort: port, ResolvedPortName: "", Protocol: protocol };
}

/**
 * The same policies, with each label that must be there and empty asked for twice: cyclonus v0.5.6 takes one that is missing for one that is empty
 * (IsLabelsMatchLabelSelector in pkg/kube/labelselector.go), which Kubernetes does not.
 */
function withPresence<T>(value: T): T {
  return JSON.parse(
    JSON.stringify(value, (key, part: unknown) => {
      const { matchLabels } = (part ?? {}) as { matchLabels?: Readonly<Record<string, string>> };
      if (key === "matchLabels" || matchLabels === undefined) return part;
      const empty = Object.keys(matchLabels).filter((label) => matchLabels[label] === "");
      return empty.length === 0 ? part : { ...(part as object), matchExpressions: empty.map((label) => ({ key: label, operator: "Exists" })) };
    }),
  ) as T;
}
