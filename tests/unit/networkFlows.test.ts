/** Connections as conntrack tells them, and what they say about the table. */
import { expect } from "chai";
import { connectionName, type Connection } from "../../stacks/connections";
import { podOf } from "../../tools/cluster/connections";
import { compareFlows, flowOf, whyUnseen, type ClusterView, type Flow } from "../../tools/cluster/flows";

describe("a line of conntrack", () => {
  it("tells who began a connection, and who answers behind a Service", () => {
    expect(
      flowOf(
        "    [NEW] tcp      6 120 SYN_SENT src=10.244.0.7 dst=10.96.0.1 sport=40112 dport=443 [UNREPLIED] src=198.18.0.2 dst=10.244.0.7 sport=6443 dport=40112",
      ),
    ).to.deep.equal({ protocol: "tcp", source: "10.244.0.7", destination: "198.18.0.2", port: 6443 });
    expect(
      flowOf("[NEW] ipv4     2 udp      17 30 src=10.244.0.7 dst=10.96.0.10 sport=5 dport=53 [UNREPLIED] src=10.244.0.2 dst=10.244.0.7 sport=5353 dport=5"),
    ).to.deep.equal({
      protocol: "udp",
      source: "10.244.0.7",
      destination: "10.244.0.2",
      port: 5353,
    });
  });

  it("is nothing where it is no new connection of TCP or UDP", () => {
    for (const line of [
      "",
      "conntrack v1.4.7 (conntrack-tools): 3 flow events have been shown.",
      "    [NEW] icmp     1 30 src=10.0.0.1 dst=10.0.0.2 type=8 code=0 id=1 [UNREPLIED] src=10.0.0.2 dst=10.0.0.1 type=0 code=0 id=1",
      "[DESTROY] tcp      6 src=10.0.0.1 dst=10.0.0.2 sport=1 dport=2 src=10.0.0.2 dst=10.0.0.1 sport=2 dport=1",
    ]) {
      expect(flowOf(line), line).to.equal(undefined);
    }
  });
});

describe("a line of the pods that were seen", () => {
  it("has the address and the labels", () => {
    expect(podOf('ai|ollama-1|10.244.0.7||{"app":"x"}')).to.deep.equal({ address: "10.244.0.7", namespace: "ai", name: "ollama-1", labels: { app: "x" } });
    expect(podOf("ai|ollama-1|10.244.0.7|false|")?.labels).to.deep.equal({});
  });

  it("is nothing without an address, or with that of the node", () => {
    for (const line of ["", "ai|ollama-1|||{}", "kube-system|proxy|198.18.0.2|true|{}"]) expect(podOf(line), line).to.equal(undefined);
  });
});

describe("connections that were seen", () => {
  const labels = (component: string, instance: string) => ({ "app.kubernetes.io/component": component, "app.kubernetes.io/instance": instance });
  const view: ClusterView = {
    pods: [
      { address: "10.244.0.2", namespace: "kube-system", name: "coredns-1", labels: { "k8s-app": "kube-dns" } },
      { address: "10.244.0.3", namespace: "kube-system", name: "other-1", labels: {} },
      { address: "10.244.0.7", namespace: "ai", name: "ollama-1", labels: labels("model-server", "ollama") },
      { address: "10.244.0.8", namespace: "ai", name: "load-1", labels: labels("model-loader", "registry") },
      { address: "10.244.0.9", namespace: "ai-ml", name: "notebook-1", labels: {} },
      { address: "10.244.0.10", namespace: "watching", name: "prometheus-0", labels: {} },
      { address: "10.244.0.11", namespace: "ways-in", name: "router-1", labels: {} },
      { address: "10.244.0.12", namespace: "ai", name: "gateway-1", labels: labels("gateway", "gateway") },
    ],
    monitoring: ["watching"],
    routers: ["ways-in"],
    databaseAddresses: ["10.40.0.0/24"],
    nodes: ["198.18.0.2", "10.244.0.1"],
    dns: { namespace: "kube-system", labels: { "k8s-app": "kube-dns" }, port: 53 },
    siteAddresses: ["10.30.0.0/24"],
  };
  const server = { namespace: "ai", component: "model-server", instance: "ollama" } as const;
  const loader = { namespace: "ai", component: "model-loader", instance: "registry" } as const;
  const gateway = { namespace: "ai", component: "gateway", instance: "gateway" } as const;
  const table: readonly Connection[] = [
    { from: "router", to: gateway, port: 8080, why: "" },
    { from: gateway, to: "database", port: 5432, why: "" },
    { from: "api-server", to: server, port: 11434, why: "" },
    { from: { namespace: "ai-ml" }, to: server, port: 11434, why: "" },
    { from: "monitoring", to: server, port: 9464, why: "" },
    { from: loader, to: "dns", port: "dns", why: "" },
    { from: loader, to: "internet", port: 443, why: "" },
    { from: loader, to: "site", port: 443, why: "" },
  ];
  const flow = (source: string, destination: string, port: number, protocol: Flow["protocol"] = "tcp"): Flow => ({ protocol, source, destination, port });
  const compare = (...flows: readonly Flow[]) => {
    const { forbidden, unseen } = compareFlows(flows, table, ["ai", "ai-ml"], view);
    return { forbidden, unseen: unseen.map(connectionName) };
  };

  it("leave no row unseen when there was one of each, and none is forbidden", () => {
    expect(
      compare(
        flow("10.244.0.11", "10.244.0.12", 8080),
        flow("10.244.0.12", "10.40.0.7", 5432),
        flow("10.244.0.1", "10.244.0.7", 11434),
        flow("10.244.0.9", "10.244.0.7", 11434),
        flow("10.244.0.10", "10.244.0.7", 9464),
        flow("10.244.0.8", "10.244.0.2", 53, "udp"),
        flow("10.244.0.8", "93.184.215.14", 443),
        flow("10.244.0.8", "10.30.0.7", 443),
      ),
    ).to.deep.equal({ forbidden: [], unseen: [] });
  });

  it("leave all rows unseen when there were none", () => {
    expect(compare().unseen).to.deep.equal(table.map(connectionName));
  });

  for (const [what, one, text] of [
    ["a server that looks up a name", flow("10.244.0.7", "10.244.0.2", 53, "udp"), "udp ai/ollama-1 → kube-system/coredns-1:53"],
    ["a server that asks the API server", flow("10.244.0.7", "198.18.0.2", 6443), "tcp ai/ollama-1 → node 198.18.0.2:6443"],
    ["another pod of the cluster that asks a server", flow("10.244.0.3", "10.244.0.7", 11434), "tcp kube-system/other-1 → ai/ollama-1:11434"],
    ["another pod of the cluster that reads metrics", flow("10.244.0.3", "10.244.0.7", 9464), "tcp kube-system/other-1 → ai/ollama-1:9464"],
    ["a Prometheus that asks a server", flow("10.244.0.10", "10.244.0.7", 11434), "tcp watching/prometheus-0 → ai/ollama-1:11434"],
    ["a router that asks a server", flow("10.244.0.11", "10.244.0.7", 11434), "tcp ways-in/router-1 → ai/ollama-1:11434"],
    ["a server that asks the database", flow("10.244.0.7", "10.40.0.7", 5432), "tcp ai/ollama-1 → 10.40.0.7:5432"],
    ["another port", flow("10.244.0.9", "10.244.0.7", 22), "tcp ai-ml/notebook-1 → ai/ollama-1:22"],
    ["another protocol", flow("10.244.0.9", "10.244.0.7", 11434, "udp"), "udp ai-ml/notebook-1 → ai/ollama-1:11434"],
    ["another pod than DNS on its port", flow("10.244.0.8", "10.244.0.3", 53), "tcp ai/load-1 → kube-system/other-1:53"],
    ["a machine of the site that is not named", flow("10.244.0.8", "10.31.0.7", 443), "tcp ai/load-1 → 10.31.0.7:443"],
    ["a team's pod on the internet", flow("10.244.0.9", "93.184.215.14", 443), "tcp ai-ml/notebook-1 → 93.184.215.14:443"],
    ["somebody outside", flow("93.184.215.14", "10.244.0.7", 11434), "tcp 93.184.215.14 → ai/ollama-1:11434"],
  ] as const) {
    it(`are forbidden of ${what}, and make no row seen`, () => {
      expect(compare(one, one)).to.deep.equal({ forbidden: [text], unseen: table.map(connectionName) });
    });
  }

  it("are the kubelet's to make on its node, whatever the port", () => {
    expect(compare(flow("10.244.0.1", "10.244.0.9", 8888)).forbidden).to.deep.equal([]);
  });

  it("are nobody's business between others", () => {
    expect(compare(flow("10.244.0.3", "10.244.0.2", 53, "udp"), flow("198.18.0.2", "198.18.0.2", 6443)).forbidden).to.deep.equal([]);
  });

  it("can't be of what an embedded cluster has not, and only of that", () => {
    expect(table.map((row) => whyUnseen(row) !== undefined)).to.deep.equal([false, true, false, false, false, false, true, true]);
    expect(whyUnseen({ from: { namespace: "ai-staging", component: "promotion-test" }, to: server, port: 11434, why: "" })).to.include(
      "staging and production",
    );
  });
});
