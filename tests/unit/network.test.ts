/** Who may talk to whom: the table, and the policies and firewall rules that are made from it. */
import * as pulumi from "@pulumi/pulumi";
import { expect } from "chai";
import { egressRules } from "../../components/foundation/egressFirewall";
import { Isolation } from "../../components/foundation/isolation";
import { networkPolicies } from "../../components/foundation/networkPolicies";
import { profileOf } from "../../components/common/platform";
import { connectionName, connections, includes, outsideAddresses, type Connection } from "../../stacks/connections";
import { projects } from "../../stacks/projects";
import { connectionTable, networkingDocs } from "../../tools/docs/networking";
import { cluster, config, digest, pools, tiny, type Fields } from "./support/config";
import { deploy, promiseOf, type Deployed } from "./support/mocks";

const pulled = { name: "codellama:7b-v1.0-base", source: { kind: "registry", name: "codellama:7b-code", digest } };
const fromImage = { name: tiny, source: { kind: "image", image: "tiny-model" } };
const proxy = { url: "http://proxy.example.com:80", addresses: ["10.20.0.5/32", "10.20.0.6/32"] };
const team = (name: string, models: readonly string[], project = name): Fields => ({
  name,
  project,
  group: `ai-${name}`,
  quota: { cpu: "1", memory: "2Gi" },
  models,
});

const rows = (fields: Fields = {}) => connections(config(fields)).map(connectionName);
const pulling = (network: Fields = {}) =>
  rows({ models: [pulled], ...pools({ models: [pulled.name] }), network }).filter((row) => row.includes("model-loader"));

describe("the table of connections", () => {
  it("lets the API server's proxy reach each pool's routers, and these their replicas, and nothing else, when no model is pulled and no team is there", () => {
    const of = (pool: string) => [
      `api-server → ai-development/model-router/${pool}:11434`,
      `ai-development/model-router/${pool} → dns:dns`,
      `ai-development/model-router/${pool} → ai-development/model-server/${pool}:11434`,
      `ai-development/model-router/${pool} → ai-development/model-server/${pool}:9464`,
    ];
    expect(rows(pools({ name: "chat", gpusPerReplica: 0 }, { name: "code", gpusPerReplica: 0 }))).to.deep.equal([...of("chat"), ...of("code")]);
  });

  it("lets Prometheus read metrics of routers and replicas, where there is one", () => {
    const reads = (capabilities: Fields) => rows(cluster({ capabilities })).filter((row) => row.startsWith("monitoring"));
    expect(reads({ monitoring: true })).to.deep.equal([
      "monitoring → ai-development/model-router/ollama:9464",
      "monitoring → ai-development/model-server/ollama:9464",
    ]);
    expect(reads({})).to.deep.equal([]);
  });

  it("lets the analysis of a new version ask it, and ask as users do, where Argo Rollouts makes one", () => {
    const asks = (capabilities: Fields) => rows(cluster({ capabilities })).filter((row) => row.includes("model-analysis"));
    const analysis = "ai-development/model-analysis/ollama";
    expect(asks({ argoRollouts: true })).to.deep.equal([
      `${analysis} → dns:dns`,
      `${analysis} → ai-development/model-server/ollama:11434`,
      `${analysis} → ai-development/model-router/ollama:11434`,
    ]);
    expect(asks({})).to.deep.equal([]);
  });

  it("has no servers and no loaders where serving is left out", () => {
    expect(rows({ layers: { serving: false }, models: [pulled], ...pools({ models: [pulled.name] }) })).to.deep.equal([]);
  });

  const loader = "ai-development/model-loader/registry";
  const dns = `${loader} → dns:dns`;
  for (const [what, network, expected] of [
    ["the internet", {}, [dns, `${loader} → internet:443`]],
    ["the forward proxy in place of the internet", { proxy }, [dns, `${loader} → proxy:80`]],
    ["a proxy that has no name to look up", { proxy: { ...proxy, url: "http://10.20.0.5:3128/" } }, [`${loader} → proxy:3128`]],
    ["a mirror besides the internet", { allowedAddresses: ["10.30.0.0/24"] }, [dns, `${loader} → internet:443`, `${loader} → site:443`]],
    ["a mirror only, where downloads are off", { downloads: false, allowedAddresses: ["10.30.0.0/24"], proxy }, [dns, `${loader} → site:443`]],
  ] as const) {
    it(`lets only loaders that pull reach ${what}`, () => {
      expect(pulling(network)).to.deep.equal(expected);
    });
  }

  it("lets a team's project ask the pools that serve a model of its teams, and look up names", () => {
    const fields = {
      models: [fromImage, { ...fromImage, name: "other:1b-v1.0-random" }],
      ...pools({ name: "one", gpusPerReplica: 0 }, { name: "two", models: ["other:1b-v1.0-random"], gpusPerReplica: 0 }),
      teams: [team("ml", [tiny]), team("apps", []), team("data", ["other:1b-v1.0-random"], "ml")],
    };
    expect(rows(fields).filter((row) => row.startsWith("ai-development-"))).to.deep.equal([
      "ai-development-ml/* → dns:dns",
      "ai-development-ml/* → ai-development/model-router/one:11434",
      "ai-development-ml/* → ai-development/model-router/two:11434",
      "ai-development-apps/* → dns:dns",
    ]);
  });

  it("has the same row for promotion tests in staging's and production's tables", () => {
    const row = "ai-staging/promotion-test → ai-production/model-router:11434";
    const network = { promotionTests: true };
    expect(rows({ environment: "staging", network }))
      .to.include(row)
      .and.include("ai-staging/promotion-test → dns:dns");
    expect(rows({ environment: "production", network }))
      .to.include(row)
      .and.not.include("ai-staging/promotion-test → dns:dns");
    expect(rows({ environment: "staging" })).not.to.include(row);
  });

  it("takes a group without a component, or without an instance, for all pods that it could mean", () => {
    const pod = { namespace: "a", component: "model-server", instance: "x" };
    expect(includes({ namespace: "a" }, pod)).to.equal(true);
    expect(includes({ namespace: "a", component: "model-server" }, pod)).to.equal(true);
    expect(includes({ namespace: "a", component: "model-server", instance: "y" }, pod)).to.equal(false);
    expect(includes({ namespace: "b" }, pod)).to.equal(false);
    expect(includes({ namespace: "a", component: "model-server" }, { namespace: "a" })).to.equal(false);
  });
});

describe("network policies", () => {
  const environment = { profile: profileOf("kubernetes"), apiServerAddresses: ["198.18.0.2/32"], monitoringNamespace: "monitoring" };
  const policies = (fields: Fields, namespace = "ai-development", more: object = {}) =>
    networkPolicies(connections(config(fields)), namespace, { ...environment, ...more });
  const named = (list: ReturnType<typeof networkPolicies>, name: string) => list.find((policy) => policy.name === name)?.spec;

  it("deny everything to everyone first, and where a namespace has no connection, nothing more", () => {
    for (const namespace of ["ai-infrastructure", "ai-other"]) {
      expect(policies({ models: [fromImage, pulled] }, namespace)).to.deep.equal([
        { name: "default-deny", group: undefined, spec: { podSelector: {}, policyTypes: ["Ingress", "Egress"] } },
      ]);
    }
  });

  const podsOf = (component: string) => ({ matchLabels: { "app.kubernetes.io/component": component, "app.kubernetes.io/instance": "ollama" } });
  const tcp = (port: number) => [{ protocol: "TCP", port }];

  it("let the API server's proxy reach a pool's routers on their pods' port, and let these reach DNS and their replicas", () => {
    expect(named(policies({}), "model-router-ollama")).to.deep.equal({
      podSelector: podsOf("model-router"),
      policyTypes: ["Ingress", "Egress"],
      ingress: [{ from: [{ ipBlock: { cidr: "198.18.0.2/32" } }], ports: tcp(11434) }],
      egress: [
        {
          to: [
            {
              namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "kube-system" } },
              podSelector: { matchLabels: { "k8s-app": "kube-dns" } },
            },
          ],
          ports: [{ protocol: "UDP", port: 53 }, ...tcp(53)],
        },
        { to: [{ podSelector: podsOf("model-server") }], ports: [...tcp(11434), ...tcp(9464)] },
      ],
    });
  });

  it("let nobody but its routers reach a replica, and let it reach nobody", () => {
    expect(named(policies({}), "model-server-ollama")).to.deep.equal({
      podSelector: podsOf("model-server"),
      policyTypes: ["Ingress", "Egress"],
      ingress: [{ from: [{ podSelector: podsOf("model-router") }], ports: [...tcp(11434), ...tcp(9464)] }],
    });
  });

  for (const [platform, label] of [
    ["openshift", { "network.openshift.io/policy-group": "monitoring" }],
    ["kubernetes", { "kubernetes.io/metadata.name": "watching" }],
  ] as const) {
    it(`know Prometheus on ${platform} by ${Object.keys(label)[0]}`, () => {
      const all = policies(cluster({ capabilities: { monitoring: true } }), "ai-development", {
        profile: profileOf(platform),
        monitoringNamespace: "watching",
      });
      for (const name of ["model-router-ollama", "model-server-ollama"]) {
        const rule = (named(all, name)?.ingress as { from: unknown; ports: unknown }[]).at(-1);
        expect(rule, name).to.deep.equal({ from: [{ namespaceSelector: { matchLabels: label } }], ports: tcp(9464) });
      }
    });
  }

  it("know the API server on OpenShift by the label of the host network, too", () => {
    expect(named(policies({}, "ai-development", { profile: profileOf("openshift") }), "model-router-ollama")).to.have.deep.nested.property("ingress[0].from", [
      { namespaceSelector: { matchLabels: { "policy-group.network.openshift.io/host-network": "" } } },
      { ipBlock: { cidr: "198.18.0.2/32" } },
    ]);
  });

  for (const [platform, port, namespace] of [
    ["kubernetes", 53, "kube-system"],
    ["openshift", 5353, "openshift-dns"],
  ] as const) {
    it(`let loaders that pull ask the DNS pods of ${platform} on the port where these listen, and reach port 443 outside the site`, () => {
      const loader = named(policies({ models: [fromImage, pulled] }, "ai-development", { profile: profileOf(platform) }), "model-loader-registry");
      expect(loader).not.to.have.property("ingress");
      expect(loader?.egress).to.have.deep.nested.property("[0].ports", [
        { protocol: "UDP", port },
        { protocol: "TCP", port },
      ]);
      expect(loader?.egress).to.have.deep.nested.property("[0].to[0].namespaceSelector.matchLabels", { "kubernetes.io/metadata.name": namespace });
      expect(loader?.egress).to.have.deep.nested.property("[1].ports", [{ protocol: "TCP", port: 443 }]);
      expect(loader?.egress).to.have.deep.nested.property("[1].to[0].ipBlock.except").that.includes.members(["10.0.0.0/8", "169.254.0.0/16"]);
    });
  }

  it("open both ends between a team's project and a pool's routers, each in its own namespace", () => {
    const fields = { teams: [team("ml", [tiny])] };
    const all = named(policies(fields, "ai-development-ml"), "all-pods");
    expect(all)
      .to.deep.include({ podSelector: {}, policyTypes: ["Ingress", "Egress"] })
      .and.not.to.have.property("ingress");
    expect(all).to.have.deep.nested.property("egress[1]", {
      to: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "ai-development" } }, podSelector: podsOf("model-router") }],
      ports: tcp(11434),
    });
    expect(named(policies(fields), "model-router-ollama")).to.have.deep.nested.property("ingress[1]", {
      from: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "ai-development-ml" } } }],
      ports: tcp(11434),
    });
  });

  it("let loaders reach the proxy and the site by their addresses, on the proxy's port and on 443", () => {
    const fields = { models: [fromImage, pulled], network: { proxy, allowedAddresses: ["10.30.0.0/24"] } };
    const loader = named(policies(fields, "ai-development", { proxyAddresses: proxy.addresses, siteAddresses: ["10.30.0.0/24"] }), "model-loader-registry");
    expect(loader?.egress).to.have.deep.nested.property("[1]", {
      to: [{ ipBlock: { cidr: "10.20.0.5/32" } }, { ipBlock: { cidr: "10.20.0.6/32" } }],
      ports: [{ protocol: "TCP", port: 80 }],
    });
    expect(loader?.egress).to.have.deep.nested.property("[2]", { to: [{ ipBlock: { cidr: "10.30.0.0/24" } }], ports: [{ protocol: "TCP", port: 443 }] });
  });

  it("let the gateway reach a database of the site's by its addresses, and the router reach the gateway", () => {
    const postgres = { kind: "external", host: "postgres.example.com", port: 6432, addresses: ["10.40.0.0/24"] };
    const fields = { gateway: { host: "api.example.com" }, data: { postgres } };
    const gateway = named(policies(fields, "ai-development", { profile: profileOf("openshift"), databaseAddresses: postgres.addresses }), "gateway-gateway");
    expect(gateway?.egress).to.deep.include({ to: [{ ipBlock: { cidr: "10.40.0.0/24" } }], ports: tcp(6432) });
    const groups = ["ingress", "host-network"].map((group) => ({ namespaceSelector: { matchLabels: { [`policy-group.network.openshift.io/${group}`]: "" } } }));
    expect(gateway?.ingress).to.deep.include({ from: groups, ports: tcp(8080) });
    const attached = {
      ...fields,
      platform: "kubernetes",
      ...cluster({ capabilities: { gatewayApi: true } }),
      network: { exposure: { gateway: { name: "public", namespace: "gateways" } } },
    };
    const there = named(policies(attached, "ai-development", { databaseAddresses: postgres.addresses, routerNamespace: "gateways" }), "gateway-gateway");
    expect(there?.ingress).to.deep.include({ from: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "gateways" } } }], ports: tcp(8080) });
    expect(() => policies(attached, "ai-development", { routerNamespace: "gateways" })).to.throw(
      'the table of connections names "database", which has no address here',
    );
  });

  it("are refused rather than opened to everyone where an end has no address", () => {
    expect(() => policies({ models: [fromImage, pulled], network: { proxy } })).to.throw('the table of connections names "proxy", which has no address here');
  });
});

describe("rules of an egress firewall", () => {
  const environment = {
    allowedHosts: ["registry.ollama.ai"],
    apiServerAddresses: ["10.0.0.10/32"],
    proxyAddresses: ["10.20.0.5/32"],
    siteAddresses: ["10.30.0.0/24"],
  };
  const end = ["0.0.0.0/0", "::/0"].map((cidrSelector) => ({ type: "Deny", to: { cidrSelector } }));
  const first = { type: "Allow", to: { cidrSelector: "10.0.0.10/32" } };
  const rulesOf = (network: Fields, namespace = "ai-development") =>
    egressRules(connections(config({ models: [fromImage, pulled], network })), namespace, environment);

  it("let loaders reach the named hosts and the site, the API server first, and close all the rest last", () => {
    expect(rulesOf({ allowedAddresses: ["10.30.0.0/24"] })).to.deep.equal([
      first,
      { type: "Allow", to: { dnsName: "registry.ollama.ai" }, ports: [{ protocol: "TCP", port: 443 }] },
      { type: "Allow", to: { cidrSelector: "10.30.0.0/24" }, ports: [{ protocol: "TCP", port: 443 }] },
      ...end,
    ]);
  });

  it("let them reach the proxy in place of hosts, which are the proxy's to tell apart", () => {
    expect(rulesOf({ proxy })).to.deep.equal([first, { type: "Allow", to: { cidrSelector: "10.20.0.5/32" }, ports: [{ protocol: "TCP", port: 80 }] }, ...end]);
  });

  it("let the gateway reach a database of the site's on its port", () => {
    const postgres = { kind: "external", host: "postgres.example.com", addresses: ["10.40.0.0/24"] };
    const table = connections(config({ gateway: { host: "api.example.com" }, data: { postgres } }));
    const rules = egressRules(table, "ai-development", { ...environment, databaseAddresses: postgres.addresses });
    expect(rules).to.deep.equal([first, { type: "Allow", to: { cidrSelector: "10.40.0.0/24" }, ports: [{ protocol: "TCP", port: 5432 }] }, ...end]);
  });

  it("close a project whose pods have no way out", () => {
    expect(rulesOf({}, "ai-development-ml")).to.deep.equal([first, ...end]);
  });
});

describe("the isolation of a project", () => {
  const isolated = (fields: Fields = {}, key = "platform", look: pulumi.ResourceTransformation = () => undefined): Promise<Deployed> => {
    const stack = config(fields);
    const plan = projects(stack).find((one) => one.key === key);
    if (!plan) throw new Error(`no project ${key}`);
    const context = { profile: profileOf(stack.platform), owner: "owner", site: { gpuResource: "nvidia.com/gpu", trustedCA: false }, retained: {} };
    const { capabilities } = stack.cluster;
    return deploy(
      (opts) =>
        new Isolation(
          plan.namespace,
          {
            context,
            namespace: pulumi.output(plan.namespace),
            plan,
            connections: connections(stack),
            outside: outsideAddresses(stack),
            allowedHosts: stack.network.allowedHosts,
            capabilities,
          },
          { ...opts, transformations: [...(opts.transformations ?? []), look] },
        ),
    );
  };
  const hosts = {
    models: [fromImage, pulled],
    network: { allowedHosts: ["registry.ollama.ai"] },
    ...cluster({ capabilities: { egressFirewall: true } }),
  };

  it("keeps the logical names, by which the state knows the policies, below a component of its own", async () => {
    const made = await isolated();
    expect(made.all("NetworkPolicy").map(({ name, chain }) => [name, chain])).to.deep.equal(
      ["ai-development-default-deny", "ai-development-model-router-ollama", "ai-development-model-server-ollama"].map((name) => [
        name,
        "openshift-ai-platform:foundation:Isolation$kubernetes:networking.k8s.io/v1:NetworkPolicy",
      ]),
    );
    expect(made.all("EgressFirewall")).to.deep.equal([]);
  });

  it("takes over the policies of release 0.1.0, which had them below the project", async () => {
    const parents: pulumi.Input<string>[] = [];
    await isolated({}, "platform", ({ type, opts }) => {
      for (const alias of type.endsWith(":NetworkPolicy") ? (opts.aliases ?? []) : []) {
        // The SDK's own aliases are of older types, and name no parent.
        const { parent } = alias as { parent?: pulumi.Input<string> };
        if (parent !== undefined) parents.push(parent);
      }
      return undefined;
    });
    const urns = await Promise.all(parents.map((parent) => promiseOf(pulumi.output(parent))));
    const project = "openshift-ai-platform:platform:Platform$openshift-ai-platform:foundation:Project::ai-development";
    expect(urns).to.deep.equal([1, 2, 3].map(() => `urn:pulumi:dev::openshift-ai-platform::${project}`));
  });

  it("puts each policy into the namespace, with the owner's label", async () => {
    for (const { name, inputs } of (await isolated({ teams: [team("ml", [tiny])] }, "ml")).all("NetworkPolicy")) {
      expect(inputs, name).to.have.nested.property("metadata.namespace", "ai-development-ml");
      expect(inputs, name).to.have.deep.nested.property("metadata.labels").that.includes({ "openshift-ai-platform/owner": "owner" });
    }
  });

  it("makes one egress firewall of the only name that is obeyed, where host names are named and the cluster enforces them", async () => {
    const { inputs, type } = (await isolated(hosts)).one("EgressFirewall");
    expect(type).to.equal("kubernetes:k8s.ovn.org/v1:EgressFirewall");
    expect(inputs).to.have.nested.property("metadata.name", "default");
    expect(inputs).to.have.deep.nested.property("spec.egress[1].to", { dnsName: "registry.ollama.ai" });
    expect(inputs).to.have.deep.nested.property("spec.egress[3]", { type: "Deny", to: { cidrSelector: "::/0" } });
  });
});

describe("the documentation of networking", () => {
  const table: readonly Connection[] = [{ from: "api-server", to: { namespace: "a", component: "model-server" }, port: 11434, why: "asks" }];

  it("has a row per connection", () => {
    expect(connectionTable(table)).to.equal("| from | to | port | why |\n|---|---|---|---|\n| `api-server` | `a/model-server` | 11434, TCP | asks |");
  });

  it("has a table per stack, and the platforms beside each other", () => {
    const document = "<!-- made: platforms -->\n<!-- end -->\nby hand\n<!-- made: connections -->\nold\n<!-- end -->\n";
    const made = networkingDocs({ dev: config(), other: config({ teams: [team("ml", [tiny])] }) }, document)["docs/networking.md"] ?? "";
    expect(made)
      .to.include("by hand")
      .and.include("### dev")
      .and.include("- `ai-development-ml`: `default-deny`, `all-pods`")
      .and.include("| their port | 5353, UDP and TCP | 53, UDP and TCP |")
      .and.not.include("old");
    expect(networkingDocs({ dev: config(), other: config({ teams: [team("ml", [tiny])] }) }, made)["docs/networking.md"]).to.equal(made);
  });
});
