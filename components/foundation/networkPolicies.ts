/** Makes the network policies of a project from the table of connections, one per group of its pods. Pure. */
import type { types } from "@pulumi/kubernetes";
import { isPodGroup, type Connection, type Outside, type PodGroup } from "../../stacks/connections";
import type { Peer, PlatformProfile } from "../common/platform";

type Spec = types.input.networking.v1.NetworkPolicySpec;
type PolicyPeer = Peer | types.input.networking.v1.NetworkPolicyPeer;

/**
 * Addresses that are no internet: from a network policy's point of view the pods, Services and machines of the site (RFC 1918, RFC 6598, RFC 3927), and
 * the range in which the embedded cluster's node is (RFC 2544).
 */
export const notInternet = {
  ipv4: ["10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16", "198.18.0.0/15"],
  ipv6: ["fc00::/7", "fe80::/10"],
} as const;

/** Where what is outside the projects is. */
export interface PolicyEnvironment {
  readonly profile: PlatformProfile;
  /** Where the API server's proxy comes from, as CIDRs. */
  readonly apiServerAddresses: readonly string[];
  /** Namespace of the Prometheus, where the platform has none of its own. */
  readonly monitoringNamespace: string;
  /** Namespace of what passes requests from outside on, where the platform has no router of its own. @default none */
  readonly routerNamespace?: string | undefined;
  /** Addresses of the forward proxy, as CIDRs. @default none */
  readonly proxyAddresses?: readonly string[];
  /** Addresses of the site that the end `site` stands for, as CIDRs. @default none */
  readonly siteAddresses?: readonly string[];
  /** Addresses of the database server that is not the stack's own, as CIDRs. @default none */
  readonly databaseAddresses?: readonly string[];
}

/** A policy with the group that it is for; undefined: all pods. */
export interface NamedPolicy {
  readonly name: string;
  readonly group: PodGroup | undefined;
  readonly spec: Spec;
}

/**
 * Policies of one namespace: `default-deny`, which allows nothing in or out to anyone, and one for each group that has a connection.
 * @throws Error when a row names something outside that the environment has no address for
 */
export function networkPolicies(table: readonly Connection[], namespace: string, environment: PolicyEnvironment): readonly NamedPolicy[] {
  const groups = new Map<string, PodGroup>();
  for (const end of table.flatMap(({ from, to }) => [from, to]).filter(isPodGroup)) {
    if (end.namespace === namespace) groups.set(keyOf(end), end);
  }
  return [
    { name: "default-deny", group: undefined, spec: { podSelector: {}, policyTypes: ["Ingress", "Egress"] } },
    ...[...groups].map(([key, group]) => {
      const is = (end: PodGroup | Outside) => isPodGroup(end) && end.namespace === namespace && keyOf(end) === key;
      const peers = (end: PodGroup | Outside) => peersOf(end, namespace, environment);
      const rules = (rows: readonly (readonly [PodGroup | Outside, Connection["port"]])[]) =>
        byPeers(rows.map(([end, port]) => ({ peers: peers(end), ports: portsOf(port, environment) })));
      const ingress = rules(table.filter(({ to }) => is(to)).map(({ from, port }) => [from, port])).map((rule) => ({ from: rule.peers, ports: rule.ports }));
      const egress = rules(table.filter(({ from }) => is(from)).map(({ to, port }) => [to, port])).map((rule) => ({ to: rule.peers, ports: rule.ports }));
      return {
        name: key,
        group,
        spec: {
          podSelector: selectorOf(group),
          policyTypes: ["Ingress", "Egress"],
          // An empty list is the same as none, and the API server does not keep it.
          ...(ingress.length > 0 ? { ingress } : {}),
          ...(egress.length > 0 ? { egress } : {}),
        },
      };
    }),
  ];
}

interface Rule {
  readonly peers: PolicyPeer[];
  readonly ports: types.input.networking.v1.NetworkPolicyPort[];
}

/** One rule for all ports of the same peers. */
function byPeers(rules: readonly Rule[]): readonly Rule[] {
  const found = new Map<string, Rule>();
  for (const { peers, ports } of rules) {
    const key = JSON.stringify(peers);
    found.set(key, { peers, ports: [...(found.get(key)?.ports ?? []), ...ports] });
  }
  return [...found.values()];
}

/** Name of a group's policy: `model-server-ollama`, `model-server`, `all-pods`. */
function keyOf({ component, instance }: PodGroup): string {
  return component === undefined ? "all-pods" : [component, ...(instance === undefined ? [] : [instance])].join("-");
}

function selectorOf({ component, instance }: PodGroup): { readonly matchLabels?: Record<string, string> } {
  if (component === undefined) return {};
  return { matchLabels: { "app.kubernetes.io/component": component, ...(instance === undefined ? {} : { "app.kubernetes.io/instance": instance }) } };
}

function peersOf(end: PodGroup | Outside, namespace: string, environment: PolicyEnvironment): PolicyPeer[] {
  if (isPodGroup(end)) return [podsOf(end, namespace)];
  const peers = outsideOf(end, environment);
  // A rule with an empty list of peers would allow everyone.
  if (peers.length === 0) throw new Error(`the table of connections names "${end}", which has no address here`);
  return peers;
}

function podsOf(group: PodGroup, namespace: string): PolicyPeer {
  if (group.namespace === namespace) return { podSelector: selectorOf(group) };
  const namespaceSelector = { matchLabels: { "kubernetes.io/metadata.name": group.namespace } };
  return group.component === undefined ? { namespaceSelector } : { namespaceSelector, podSelector: selectorOf(group) };
}

function outsideOf(end: Outside, environment: PolicyEnvironment): PolicyPeer[] {
  const { profile, apiServerAddresses, proxyAddresses = [], siteAddresses = [], databaseAddresses = [] } = environment;
  switch (end) {
    case "api-server":
      return [...profile.apiServerPeers, ...blocks(apiServerAddresses)];
    case "database":
      return blocks(databaseAddresses);
    case "dns":
      return [profile.dns.peer];
    case "internet":
      return [{ ipBlock: { cidr: "0.0.0.0/0", except: [...notInternet.ipv4] } }, { ipBlock: { cidr: "::/0", except: [...notInternet.ipv6] } }];
    case "monitoring":
      return [profile.monitoring(environment.monitoringNamespace)];
    case "router":
      return [...profile.router(environment.routerNamespace)];
    case "proxy":
      return blocks(proxyAddresses);
    case "site":
      return blocks(siteAddresses);
  }
}

function blocks(addresses: readonly string[]): PolicyPeer[] {
  return addresses.map((cidr) => ({ ipBlock: { cidr } }));
}

function portsOf(port: Connection["port"], { profile }: PolicyEnvironment): types.input.networking.v1.NetworkPolicyPort[] {
  if (port !== "dns") return [{ protocol: "TCP", port }];
  return [
    { protocol: "UDP", port: profile.dns.port },
    { protocol: "TCP", port: profile.dns.port },
  ];
}
