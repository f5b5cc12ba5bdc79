/**
 * A cluster on paper: pods of every group, strangers beside them, and machines outside, with what the table of connections says about each pair. Written
 * without regard to how policies are made, so that the two can be compared.
 */
import { networkPolicies } from "../../../components/foundation/networkPolicies";
import { profileOf, type PlatformProfile } from "../../../components/common/platform";
import { connections, includes, isPodGroup, outsideAddresses, type Connection, type Outside, type PodGroup } from "../../../stacks/connections";
import { projects } from "../../../stacks/projects";
import type { StackConfig } from "../../../stacks/schema";
import type { NetworkPolicy, Peer, Traffic } from "./cyclonus";

/** Addresses that the configurations of the tests name. */
export const addresses = { apiServer: "10.0.0.10", proxy: "10.20.0.5", mirror: "10.30.0.7" } as const;

/** One end, with what it counts as in the table. */
interface Subject extends Peer {
  readonly name: string;
  readonly group?: PodGroup;
  readonly is: readonly Outside[];
}

interface Stack {
  readonly namespaces: ReadonlySet<string>;
  readonly table: readonly Connection[];
}

export interface Question extends Traffic {
  readonly text: string;
  /** Whether the table says so. */
  readonly expected: boolean;
}

/** Ports of the table, and some that it must not have. */
const ports = [
  ...[11434, 9464, 11435, 9465, 443, 53, 5353, 6443, 22, 8080, 3128].map((port) => ({ port, protocol: "TCP" }) as const),
  ...[11434, 443, 53, 5353].map((port) => ({ port, protocol: "UDP" }) as const),
];
const hostNetwork = "policy-group.network.openshift.io/host-network";

/** All policies of stacks that share a cluster. */
export function policiesOf(configs: readonly StackConfig[]): readonly NetworkPolicy[] {
  return configs.flatMap((config) =>
    projects(config).flatMap(({ namespace }) =>
      networkPolicies(connections(config), namespace, {
        profile: profileOf(config.platform),
        ...outsideAddresses(config),
      }).map(({ name, spec }) => ({ metadata: { name, namespace }, spec })),
    ),
  );
}

/**
 * Every pair of ends, one of them at least in a project, on every port.
 * @param only asks what the policies of this namespace alone let through: the other end's may be stricter, and would hide what these allow too much
 */
export function questionsOf(configs: readonly StackConfig[], only?: string): readonly Question[] {
  const [first] = configs;
  if (first === undefined) throw new Error("no stack");
  const profile = profileOf(first.platform);
  const stacks = configs.map<Stack>((config) => ({ namespaces: new Set(projects(config).map(({ namespace }) => namespace)), table: connections(config) }));
  const all = subjects(configs, profile);
  const governed = ({ pod }: Subject) =>
    pod === undefined || (only !== undefined && pod.namespace !== only) ? [] : stacks.filter(({ namespaces }) => namespaces.has(pod.namespace));
  return all.flatMap((from) =>
    all.flatMap((to) => {
      const bound = [...governed(from), ...governed(to)];
      if (from === to || bound.length === 0) return [];
      return ports.map(({ port, protocol }) => ({
        from,
        to,
        port,
        protocol,
        text: `${from.name} → ${to.name} ${port}/${protocol}`,
        // Each stack rules over the ends that are its own.
        expected: bound.every(({ table }) => table.some((row) => isEnd(row.from, from) && isEnd(row.to, to) && isPort(row.port, port, protocol, profile))),
      }));
    }),
  );
}

function isEnd(end: PodGroup | Outside, subject: Subject): boolean {
  if (!isPodGroup(end)) return subject.is.includes(end);
  return subject.group !== undefined && includes(end, subject.group);
}

function isPort(wanted: Connection["port"], port: number, protocol: string, profile: PlatformProfile): boolean {
  return wanted === "dns" ? port === profile.dns.port : port === wanted && protocol === "TCP";
}

function subjects(configs: readonly StackConfig[], profile: PlatformProfile): readonly Subject[] {
  const monitoringNamespaces = new Set(configs.map(({ network }) => network.monitoringNamespace));
  let next = 1;
  const pod = (namespace: string, labels: Record<string, string>, is: readonly Outside[] = [], namespaceLabels: Record<string, string> = {}): Subject => {
    const part = (key: string) => labels[`app.kubernetes.io/${key}`];
    return {
      name: [namespace, ...Object.values(labels)].join("/"),
      address: `10.244.0.${next++}`,
      pod: { namespace, labels, namespaceLabels: { "kubernetes.io/metadata.name": namespace, ...namespaceLabels } },
      group: { namespace, component: part("component"), instance: part("instance") } as PodGroup,
      is,
    };
  };
  const labels = (component: string, instance: string) => ({ "app.kubernetes.io/component": component, "app.kubernetes.io/instance": instance });
  const outside = (name: string, address: string, ...is: Outside[]): Subject => ({ name, address, is });
  const [dnsNamespace, dnsPods] =
    profile.name === "openshift" ? ["openshift-dns", { "dns.operator.openshift.io/daemonset-dns": "default" }] : ["kube-system", { "k8s-app": "kube-dns" }];
  const has = (end: Outside) => configs.some((config) => (end === "proxy" ? config.network.proxy !== undefined : config.network.allowedAddresses.length > 0));
  return [
    ...configs.flatMap((config) =>
      projects(config).flatMap(({ namespace, kind }) =>
        kind === "platform"
          ? [
              ...config.serving.pools.flatMap(({ name }) =>
                ["model-router", "model-server", "model-analysis"].map((component) => pod(namespace, labels(component, name))),
              ),
              ...["model-router", "model-server", "model-analysis"].map((component) => pod(namespace, labels(component, "another"))),
              pod(namespace, labels("model-loader", "registry")),
              pod(namespace, labels("model-loader", "image")),
              pod(namespace, labels("promotion-test", "candidate")),
              pod(namespace, { app: "stranger" }),
            ]
          : [pod(namespace, { app: "notebook" }), pod(namespace, labels("model-router", "ollama")), pod(namespace, labels("model-server", "ollama"))],
      ),
    ),
    // Namespaces that are nobody's project, or that of a stack on another cluster.
    pod("elsewhere", labels("model-loader", "registry"), [], { name: "ai-development" }),
    ...(configs.some(({ environment }) => environment === "staging") ? [] : [pod("ai-staging", labels("promotion-test", "candidate"))]),
    ...(configs.some(({ environment }) => environment === "production")
      ? []
      : ["model-router", "model-server"].map((component) => pod("ai-production", labels(component, "ollama")))),
    // Where Prometheus is, on each platform; elsewhere its namespace has no meaning.
    pod("openshift-user-workload-monitoring", { app: "prometheus" }, profile.name === "openshift" ? ["monitoring"] : [], {
      "network.openshift.io/policy-group": "monitoring",
    }),
    ...["monitoring", "watching"].map((namespace) =>
      pod(namespace, { app: "prometheus" }, profile.name === "kubernetes" && monitoringNamespaces.has(namespace) ? ["monitoring"] : []),
    ),
    pod(dnsNamespace, dnsPods, ["dns"]),
    pod(dnsNamespace, { app: "other" }),
    pod("elsewhere", dnsPods),
    // On OpenShift this is what the host network of the control plane looks like.
    pod("openshift-host-network", {}, profile.name === "openshift" ? ["api-server"] : [], { [hostNetwork]: "" }),
    outside("the API server", addresses.apiServer, "api-server"),
    outside("the proxy", addresses.proxy, ...(has("proxy") ? (["proxy"] as const) : [])),
    outside("the mirror", addresses.mirror, ...(has("site") ? (["site"] as const) : [])),
    outside("another machine of the site", "192.168.7.7"),
    outside("a cloud's metadata", "169.254.169.254"),
    outside("the internet", "93.184.215.14", "internet"),
    outside("the internet by IPv6", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "internet"),
    outside("a unique local address", "fd00::1"),
  ];
}
