import { BlockList, isIPv6 } from "node:net";
import type { List } from "../api";
import { ok, problem, skipped, type Check } from "../types";

interface EndpointSlice {
  readonly endpoints?: readonly { readonly addresses: readonly string[] }[] | null;
}

export const apiServerAddresses: Check = {
  id: "api-server-addresses",
  title: "API server addresses",
  async run(api, { config }) {
    const slices = await api.get<List<EndpointSlice>>(
      "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices?labelSelector=kubernetes.io/service-name%3Dkubernetes",
    );
    const addresses = (slices?.items ?? []).flatMap(({ endpoints }) => (endpoints ?? []).flatMap((endpoint) => endpoint.addresses));
    if (addresses.length === 0) return [skipped("the Service kubernetes has no endpoints: nothing to compare with")];
    const { apiServerAddresses: configured } = config.cluster;
    const outside = addresses.filter((address) => !configured.some((cidr) => contains(cidr, address)));
    if (outside.length === 0) return [ok(addresses.join(", "))];
    const all = addresses.map((address) => `${address}/${isIPv6(address) ? 128 : 32}`);
    return [
      problem(
        `${outside.join(", ")} ${outside.length === 1 ? "is" : "are"} not in cluster.apiServerAddresses (${configured.join(", ")})`,
        "all endpoints of the API server: else network policies keep its proxy, and the checks that go through it, from the pods",
        `cluster.apiServerAddresses: [${all.join(", ")}]`,
      ),
    ];
  },
};

function contains(cidr: string, address: string): boolean {
  const [base = "", prefix = ""] = cidr.split("/");
  const family = isIPv6(address) ? "ipv6" : "ipv4";
  if (isIPv6(base) !== isIPv6(address)) return false;
  const list = new BlockList();
  list.addSubnet(base, Number(prefix), family);
  return list.check(address, family);
}
