/** What the site has, and what is asked of it. */
import type { Problem } from "../problems";
import type { StackConfig } from "../schema";
import { problem } from "./problem";

export function cluster({ cluster: { manage, nodeLabels }, storage: { classes } }: StackConfig): Problem[] {
  if (manage) return [];
  const allowed = "while cluster.manage is false";
  const fix = "leave it to the stack that manages the cluster, or set cluster.manage to true";
  const nodes = nodeLabels.map(({ node }) => node);
  return [
    ...(nodes.length > 0 ? [problem("cluster.nodeLabels", nodes, `nothing ${allowed}`, fix)] : []),
    ...(classes.kind === "existing" ? [] : [problem("storage.classes.kind", classes.kind, `"existing" ${allowed}`, fix)]),
  ];
}

export function network({ network: ways, cluster: { capabilities }, models, environment, layers }: StackConfig): Problem[] {
  const pulled = models.findIndex(({ source }) => source.kind === "registry");
  const problems: Problem[] = [];
  if (ways.noProxy.length > 0 && ways.proxy === undefined) {
    problems.push(problem("network.noProxy", ways.noProxy, "nothing while there is no network.proxy", "set network.proxy, or remove it"));
  }
  if (ways.allowedHosts.length > 0 && !capabilities.egressFirewall) {
    problems.push(
      problem(
        "network.allowedHosts",
        ways.allowedHosts,
        "nothing while cluster.capabilities.egressFirewall is false: a NetworkPolicy knows addresses only",
        "set the capability where OVN-Kubernetes is the network, or give the list to a forward proxy and set network.proxy",
      ),
    );
  }
  if (layers.serving && pulled >= 0 && !ways.downloads && ways.allowedAddresses.length === 0) {
    const through = ways.proxy ? ", which goes through network.proxy" : "";
    problems.push(
      problem(
        "network.downloads",
        false,
        `true while models[${pulled}] comes from a registry and network.allowedAddresses names no address of it`,
        `set it to true${through}, or name the mirror's addresses in network.allowedAddresses`,
      ),
    );
  }
  if (ways.promotionTests && environment === "development") {
    problems.push(problem("network.promotionTests", true, "false in development: staging tests production", "remove it"));
  }
  return problems;
}

/** @returns problems without values: one of the two fields is a secret */
export function secrets({ registry: { pullSecret }, registryCredentials, secrets: { source } }: StackConfig): Problem[] {
  if (registryCredentials === undefined) {
    if (pullSecret === undefined || source === "external") return [];
    const command = "pulumi config set --secret registryCredentials < config.json";
    return [
      problem(
        "registry.pullSecret",
        pullSecret,
        "nothing while secrets.source is generated and there are no registryCredentials to make it from",
        `${command}, or set secrets.source to external where the Secret is there already`,
      ),
    ];
  }
  if (source === "external")
    return [
      problem(
        "registryCredentials",
        undefined,
        "nothing while secrets.source is external: the stack makes no Secret",
        "pulumi config rm registryCredentials, or set secrets.source to generated",
      ),
    ];
  if (pullSecret === undefined)
    return [
      problem("registryCredentials", undefined, "nothing while registry.pullSecret names no Secret", "set registry.pullSecret, for example to registry-pull"),
    ];
  return [];
}
