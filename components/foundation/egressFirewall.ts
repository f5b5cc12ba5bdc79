/**
 * Rules of OVN-Kubernetes' EgressFirewall (k8s.ovn.org/v1), which knows host names as a NetworkPolicy does not. The first rule that matches decides; it is
 * asked for traffic that leaves the cluster only, never for that between pods. Pure.
 * Source: https://ovn-kubernetes.io/features/network-security-controls/egress-firewall
 */
import { connectionName, isPodGroup, type Connection } from "../../stacks/connections";

export interface EgressRule {
  readonly type: "Allow" | "Deny";
  readonly to: { readonly dnsName: string } | { readonly cidrSelector: string };
  readonly ports?: readonly { readonly protocol: "TCP"; readonly port: number }[];
}

/** What may be reached of what is outside. */
export interface EgressEnvironment {
  /** The only hosts of the internet; `*.example.com` needs a cluster that resolves wildcards. */
  readonly allowedHosts: readonly string[];
  /** As CIDRs: the API server is outside the network of pods. */
  readonly apiServerAddresses: readonly string[];
  readonly proxyAddresses?: readonly string[];
  readonly siteAddresses?: readonly string[];
  readonly databaseAddresses?: readonly string[];
}

/** Rules of one namespace: what the table has for it, the API server, and nothing else. */
export function egressRules(table: readonly Connection[], namespace: string, environment: EgressEnvironment): readonly EgressRule[] {
  const { allowedHosts, apiServerAddresses, proxyAddresses = [], siteAddresses = [], databaseAddresses = [] } = environment;
  const allow = (to: EgressRule["to"], port?: number): EgressRule => ({
    type: "Allow",
    to,
    ...(port === undefined ? {} : { ports: [{ protocol: "TCP", port }] }),
  });
  const leaving = table.flatMap((row) => {
    if (!isPodGroup(row.from) || row.from.namespace !== namespace || isPodGroup(row.to)) return [];
    switch (row.to) {
      case "internet":
        return allowedHosts.map((dnsName) => allow({ dnsName }, tcp(row)));
      case "proxy":
        return proxyAddresses.map((cidrSelector) => allow({ cidrSelector }, tcp(row)));
      case "site":
        return siteAddresses.map((cidrSelector) => allow({ cidrSelector }, tcp(row)));
      case "database":
        return databaseAddresses.map((cidrSelector) => allow({ cidrSelector }, tcp(row)));
      case "api-server": // all projects have it
      case "dns": // pods
      case "monitoring": // pods
      case "router": // comes in
        return [];
    }
  });
  return [
    ...apiServerAddresses.map((cidrSelector) => allow({ cidrSelector })),
    ...leaving,
    ...["0.0.0.0/0", "::/0"].map((cidrSelector): EgressRule => ({ type: "Deny", to: { cidrSelector } })),
  ];
}

function tcp(row: Connection): number {
  if (row.port === "dns") throw new Error(`${connectionName(row)}: only DNS pods have the port "dns"`);
  return row.port;
}
