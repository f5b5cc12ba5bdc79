/** Connections that were really made, as conntrack tells them, against the table of connections. Pure. */
import { BlockList, isIPv6 } from "node:net";
import { notInternet } from "../../components/foundation/networkPolicies";
import { includes, isPodGroup, type Connection, type Outside, type PodGroup } from "../../stacks/connections";

/** A connection from who began it to who answered: the pod behind a Service, and the port there. */
export interface Flow {
  readonly protocol: "tcp" | "udp";
  readonly source: string;
  readonly destination: string;
  readonly port: number;
}

/** A pod that had an address. */
export interface SeenPod {
  readonly address: string;
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Where everything in the cluster is, or was while flows were recorded. */
export interface ClusterView {
  /** All pods with an address of their own; not those of the host's network. */
  readonly pods: readonly SeenPod[];
  /** Addresses of the nodes, that on the pods' bridge included: the API server and the kubelet come from there. */
  readonly nodes: readonly string[];
  /** Labels of the DNS pods, and their port. */
  readonly dns: { readonly namespace: string; readonly labels: Readonly<Record<string, string>>; readonly port: number };
  /** Namespaces of the Prometheus that reads metrics. @default none */
  readonly monitoring?: readonly string[];
  /** Namespaces of what passes requests from outside on. @default none */
  readonly routers?: readonly string[];
  /** CIDRs of the forward proxy, of the site, and of a database of its own. @default none */
  readonly proxyAddresses?: readonly string[];
  readonly siteAddresses?: readonly string[];
  readonly databaseAddresses?: readonly string[];
}

export interface Comparison {
  /** Connections from or to a project that no row allows, each once, for people: `tcp ai-development/ollama-1 → 10.0.0.1:22`. */
  readonly forbidden: readonly string[];
  /** Rows that no connection was seen of. */
  readonly unseen: readonly Connection[];
}

/**
 * One line of `conntrack -E -e NEW`: what was asked for, then the reply that is expected, whose source is who really answers.
 * @returns undefined for what is no new TCP or UDP connection
 */
export function flowOf(line: string): Flow | undefined {
  const [, protocol] = /\[NEW\]\s+(?:ipv[46]\s+[0-9]+\s+)?(tcp|udp)\s/.exec(line) ?? [];
  const all = (key: string) => [...line.matchAll(new RegExp(`\\b${key}=(\\S+)`, "g"))].map(([, value]) => value);
  const [source, destination] = all("src");
  const port = all("sport")[1];
  if ((protocol !== "tcp" && protocol !== "udp") || source === undefined || destination === undefined || port === undefined) return undefined;
  return { protocol, source, destination, port: Number(port) };
}

/**
 * @param table of all projects of the stack
 * @param namespaces of its projects; connections that have no end there are none of its business
 */
export function compareFlows(flows: readonly Flow[], table: readonly Connection[], namespaces: readonly string[], view: ClusterView): Comparison {
  const ends = endsOf(view);
  const seen = new Set<Connection>();
  const forbidden = new Set<string>();
  for (const flow of flows) {
    const [from, to] = [ends(flow.source), ends(flow.destination)];
    if (![from, to].some(({ pod }) => pod !== undefined && namespaces.includes(pod.namespace))) continue;
    const rows = table.filter((row) => isEnd(row.from, from) && isEnd(row.to, to) && isPort(row.port, flow, view));
    for (const row of rows) seen.add(row);
    // No policy keeps a node from its own pods: the kubelet probes them.
    if (rows.length === 0 && !from.isNode) forbidden.add(`${flow.protocol} ${from.name} → ${to.name}:${flow.port}`);
  }
  return { forbidden: [...forbidden], unseen: table.filter((row) => !seen.has(row)) };
}

/** Why a row can't be seen on an embedded cluster; undefined: it can, and a test that does not see it has found something. */
export function whyUnseen({ from, to }: Connection): string | undefined {
  if (to === "internet" || to === "proxy" || to === "site" || to === "database") return "pods of the embedded cluster have no way out of it";
  if ([from, to].some((end) => isPodGroup(end) && end.component === "promotion-test"))
    return "needs the stacks staging and production on one cluster, and a promotion test";
  return undefined;
}

interface End {
  readonly name: string;
  readonly pod?: PodGroup & { readonly namespace: string };
  readonly is: readonly Outside[];
  readonly isNode: boolean;
}

function endsOf({
  pods,
  nodes,
  dns,
  monitoring = [],
  routers = [],
  proxyAddresses = [],
  siteAddresses = [],
  databaseAddresses = [],
}: ClusterView): (address: string) => End {
  const byAddress = new Map(pods.map((pod) => [pod.address, pod]));
  const [proxy, site, database] = [proxyAddresses, siteAddresses, databaseAddresses].map(blockList) as [Check, Check, Check];
  const closed = blockList([...notInternet.ipv4, ...notInternet.ipv6]);
  return (address) => {
    const pod = byAddress.get(address);
    if (pod) {
      const { namespace, name, labels } = pod;
      const isDns = namespace === dns.namespace && Object.entries(dns.labels).every(([key, value]) => labels[key] === value);
      const is: Outside[] = [
        ...(isDns ? ["dns" as const] : []),
        ...(monitoring.includes(namespace) ? ["monitoring" as const] : []),
        ...(routers.includes(namespace) ? ["router" as const] : []),
      ];
      const group = { namespace, component: labels["app.kubernetes.io/component"], instance: labels["app.kubernetes.io/instance"] } as PodGroup;
      return { name: `${namespace}/${name}`, pod: group, is, isNode: false };
    }
    if (nodes.includes(address)) return { name: `node ${address}`, is: ["api-server"], isNode: true };
    const is: Outside[] = [];
    if (proxy(address)) is.push("proxy");
    if (site(address)) is.push("site");
    if (database(address)) is.push("database");
    if (!closed(address)) is.push("internet");
    return { name: address, is, isNode: false };
  };
}

type Check = (address: string) => boolean;

function blockList(cidrs: readonly string[]): Check {
  const list = new BlockList();
  for (const cidr of cidrs) {
    const [network = "", bits = ""] = cidr.split("/");
    list.addSubnet(network, Number(bits), familyOf(network));
  }
  return (address) => list.check(address, familyOf(address));
}

function familyOf(address: string): "ipv4" | "ipv6" {
  return isIPv6(address) ? "ipv6" : "ipv4";
}

function isEnd(wanted: PodGroup | Outside, end: End): boolean {
  return isPodGroup(wanted) ? end.pod !== undefined && includes(wanted, end.pod) : end.is.includes(wanted);
}

function isPort(wanted: Connection["port"], { port, protocol }: Flow, { dns }: ClusterView): boolean {
  return wanted === "dns" ? port === dns.port : port === wanted && protocol === "tcp";
}
