import type { List } from "../api";
import { ok, warning, type Check } from "../types";

export const dns: Check = {
  id: "dns",
  title: "DNS",
  async run(api, { profile }) {
    const namespace = profile.dns.peer.namespaceSelector?.matchLabels["kubernetes.io/metadata.name"] ?? "";
    const selector = Object.entries(profile.dns.peer.podSelector?.matchLabels ?? {}).map(([key, value]) => `${key}=${value}`);
    const path = `/api/v1/namespaces/${namespace}/pods?limit=1&labelSelector=${encodeURIComponent(selector.join(","))}`;
    const pods = await api.get<List<unknown>>(path);
    if (pods && pods.items.length > 0) return [ok(`pods ${selector.join(",")} in ${namespace}`)];
    return [
      warning(
        `no pod with ${selector.join(",")} in namespace ${namespace}`,
        `DNS there, port ${profile.dns.port}: network policies let pods ask no other`,
        "see where the cluster's DNS runs; elsewhere, or on node addresses (NodeLocal DNSCache), change the place in components/common/platform.ts: else no name is found where network policies are enforced",
      ),
    ];
  },
};
