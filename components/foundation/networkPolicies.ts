/** Makes network policies from the table of connections, one per group of pods. Pure. */
import type { types } from "@pulumi/kubernetes";
import { isPodGroup, type Connection, type Outside, type PodGroup } from "../../stacks/connections";
import type { Peer, PlatformProfile } from "../common/platform";

type Spec = types.input.networking.v1.NetworkPolicySpec;

/** Addresses that are no internet: of a network policy's point of view the pods, Services and machines of the site. */
const notInternet = ["10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"];

export interface PolicyEnvironment {
  readonly profile: PlatformProfile;
  /** Where the API server's proxy comes from, as CIDRs. */
  readonly apiServerAddresses: readonly string[];
}

/** A policy with the group that it is for; undefined: all pods. */
export interface NamedPolicy {
  readonly name: string;
  readonly group: PodGroup | undefined;
  readonly spec: Spec;
}

/** `default-deny`, which allows nothing in or out to anyone, and a policy for each group that has a connection. */
export function networkPolicies(table: readonly Connection[], environment: PolicyEnvironment): readonly NamedPolicy[] {
  const groups = new Map<string, PodGroup>();
  for (const end of table.flatMap(({ from, to }) => [from, to]).filter(isPodGroup)) groups.set(keyOf(end), end);
  return [
    { name: "default-deny", group: undefined, spec: { podSelector: {}, policyTypes: ["Ingress", "Egress"] } },
    ...[...groups].map(([key, group]) => {
      const is = (end: PodGroup | Outside) => isPodGroup(end) && keyOf(end) === key;
      const ingress = table.filter(({ to }) => is(to)).map(({ from, port }) => ({ from: peersOf(from, environment), ports: portsOf(port, environment) }));
      const egress = table.filter(({ from }) => is(from)).map(({ to, port }) => ({ to: peersOf(to, environment), ports: portsOf(port, environment) }));
      return {
        name: key,
        group,
        spec: {
          podSelector: { matchLabels: labelsOf(group) },
          policyTypes: ["Ingress", "Egress"],
          // An empty list is the same as none, and the API server does not keep it.
          ...(ingress.length > 0 ? { ingress } : {}),
          ...(egress.length > 0 ? { egress } : {}),
        },
      };
    }),
  ];
}

function keyOf({ component, instance }: PodGroup): string {
  return `${component}-${instance}`;
}

function labelsOf({ component, instance }: PodGroup): Record<string, string> {
  return { "app.kubernetes.io/component": component, "app.kubernetes.io/instance": instance };
}

function peersOf(end: PodGroup | Outside, { profile, apiServerAddresses }: PolicyEnvironment): (Peer | types.input.networking.v1.NetworkPolicyPeer)[] {
  if (isPodGroup(end)) return [{ podSelector: { matchLabels: labelsOf(end) } }];
  switch (end) {
    case "api-server":
      return [...profile.apiServerPeers, ...apiServerAddresses.map((cidr) => ({ ipBlock: { cidr } }))];
    case "dns":
      return [profile.dns.peer];
    case "internet":
      return [{ ipBlock: { cidr: "0.0.0.0/0", except: notInternet } }, { ipBlock: { cidr: "::/0", except: ["fc00::/7", "fe80::/10"] } }];
  }
}

function portsOf(port: Connection["port"], { profile }: PolicyEnvironment): types.input.networking.v1.NetworkPolicyPort[] {
  if (port !== "dns") return [{ protocol: "TCP", port }];
  return [
    { protocol: "UDP", port: profile.dns.port },
    { protocol: "TCP", port: profile.dns.port },
  ];
}
