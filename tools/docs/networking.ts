/** Parts of docs/networking.md that are made from the program: who may talk to whom in each stack, and where what is outside is on each platform. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { networkPolicies } from "../../components/foundation/networkPolicies";
import { profileOf, type Peer, type PlatformProfile } from "../../components/common/platform";
import { connections, endName, outsideAddresses, type Connection } from "../../stacks/connections";
import { projects } from "../../stacks/projects";
import type { StackConfig } from "../../stacks/schema";
import { root } from "../lib/paths";
import { withSection } from "./sections";

const path = "docs/networking.md";

/** @param configs of the tracked stacks, by their name @param document default: the file as it is @returns the document made anew, by its path */
export function networkingDocs(configs: Readonly<Record<string, StackConfig>>, document = readFileSync(join(root, path), "utf8")): Record<string, string> {
  const stacks = Object.entries(configs).map(([stack, config]) => stackSection(stack, config));
  return { [path]: withSection(withSection(document, "connections", stacks.join("\n\n")), "platforms", platformTable()) };
}

function stackSection(stack: string, config: StackConfig): string {
  const table = connections(config);
  const policies = projects(config).map(({ namespace }) => {
    const names = networkPolicies(table, namespace, {
      profile: profileOf(config.platform),
      ...outsideAddresses(config),
    }).map(({ name }) => `\`${name}\``);
    return `- \`${namespace}\`: ${names.join(", ")}`;
  });
  return [`### ${stack}`, connectionTable(table), "Policies by namespace:", policies.join("\n")].join("\n\n");
}

/** A row per connection. */
export function connectionTable(table: readonly Connection[]): string {
  const rows = table.map(({ from, to, port, why }) => [
    `\`${endName(from)}\``,
    `\`${endName(to)}\``,
    port === "dns" ? "DNS, UDP and TCP" : `${port}, TCP`,
    why,
  ]);
  return markdown(["from", "to", "port", "why"], rows);
}

function platformTable(): string {
  const profiles = (["openshift", "kubernetes"] as const).map(profileOf);
  const row = (what: string, of: (profile: PlatformProfile) => string) => [what, ...profiles.map(of)];
  return markdown(
    ["", ...profiles.map(({ name }) => name)],
    [
      row("DNS pods", ({ dns }) => peerText(dns.peer)),
      row("their port", ({ dns }) => `${dns.port}, UDP and TCP`),
      row("Prometheus", ({ monitoring }) => peerText(monitoring("network.monitoringNamespace"))),
      row("router", ({ router }) => router("network.exposure.gateway.controllerNamespace").map(peerText).join(" and ")),
      row("API server", ({ apiServerPeers }) => [...apiServerPeers.map(peerText), "`cluster.apiServerAddresses`"].join(" and ")),
    ],
  );
}

function peerText({ namespaceSelector, podSelector, ipBlock }: Peer): string {
  const selector = (what: string, labels: Readonly<Record<string, string>> | undefined) =>
    labels === undefined ? [] : [`${what} with \`${Object.entries(labels).map(([key, value]) => `${key}=${value}`)[0] ?? ""}\``];
  return [
    ...selector("pods", podSelector?.matchLabels),
    ...selector("namespaces", namespaceSelector?.matchLabels),
    ...(ipBlock === undefined ? [] : [`\`${ipBlock.cidr}\``]),
  ].join(" in ");
}

function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), `|${head.map(() => "---").join("|")}|`, ...rows.map(line)].join("\n");
}
