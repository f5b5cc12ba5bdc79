/** The gateway and its database: what is planned, refused and made from the configuration. */
import { expect } from "chai";
import { Platform } from "../../components/platform";
import { rolesOf } from "../../stacks/access";
import { platformWorkloads } from "../../stacks/capacityPlan";
import { connectionName, connections } from "../../stacks/connections";
import { databaseConnections, gatewayFile, gatewaySecrets } from "../../stacks/gateway";
import { usedImages } from "../../stacks/imageUse";
import type { StackConfig } from "../../stacks/schema";
import { secrets } from "../../tools/doctor/checks/secrets";
import { cluster, config, problems, reference, tiny, type Fields } from "./support/config";
import { owner } from "./support/context";
import { apiOf, wanted } from "./support/doctor";
import { deploy, type Deployed } from "./support/mocks";

const ml = { name: "ml", group: "ml", quota: { cpu: "1", memory: "1Gi" }, models: [tiny], monthlyBudget: 500 };
const external = { kind: "external", host: "postgres.example.com", addresses: ["10.40.0.0/24"] };

function gated(gateway: Fields = {}, fields: Fields = {}): Fields {
  return { teams: [ml], gateway, ...fields };
}

const file = (fields: Fields) => {
  const stack = config(fields);
  if (stack.gateway === undefined) throw new Error("no gateway");
  return gatewayFile(stack, stack.gateway);
};

describe("the gateway's file", () => {
  it("has the pools with what a request has of their GPUs, the teams with their models and monthly budget, and the defaults", () => {
    const made = file(gated({ prices: { gpuHour: 2.5, models: [{ name: tiny, outputPerMillion: 0.3 }] } }));
    expect(made).to.deep.equal({
      pools: [{ name: "ollama", url: "http://ollama.ai-development.svc:11434", models: [tiny], gpuShare: 0.25 }],
      fallbacks: {},
      teams: [{ name: "ml", models: [tiny], budgets: [{ period: "month", cost: 500 }] }],
      applications: [],
      defaults: { limits: { requestsPerMinute: 60, tokensPerMinute: 100_000 }, maxTokens: 4096 },
      prices: { currency: "EUR", gpuHour: 2.5, models: { [tiny]: { inputPerMillion: 0, outputPerMillion: 0.3 } } },
      maxBodyBytes: 10 * 2 ** 20,
      usageDays: 400,
    });
  });

  it("says of an application what it has of its own, and nothing of its key", () => {
    const [plain, bounded] = file(
      gated({
        applications: [
          { name: "plain", team: "ml", rotation: 3 },
          { name: "bounded", team: "ml", models: [tiny], limits: { requestsPerMinute: 5, tokensPerMinute: 50 }, budgets: [{ period: "day", tokens: 7 }] },
        ],
      }),
    ).applications;
    expect(plain).to.deep.equal({ name: "plain", team: "ml", budgets: [] });
    expect(bounded).to.deep.equal({
      name: "bounded",
      team: "ml",
      models: [tiny],
      limits: { requestsPerMinute: 5, tokensPerMinute: 50 },
      budgets: [{ period: "day", tokens: 7 }],
    });
  });
});

describe("a configuration with a gateway", () => {
  const application = (fields: Fields) => gated({ applications: [{ name: "bot", team: "ml", ...fields }] });
  const cases: readonly (readonly [why: string, field: string, fields: Fields])[] = [
    ["nothing to pass on to", "layers.serving", gated({}, { layers: { serving: false } })],
    ["a pool of its name", "serving.pools[0].name", gated({}, { serving: { pools: [{ name: "gateway", models: [tiny] }] } })],
    ["a team that is not there", "gateway.applications[0].team", application({ team: "mll" })],
    ["a model that the team may not ask", "gateway.applications[0].models[0]", application({ models: ["other:1b-v1.0-base"] })],
    [
      "a period twice",
      "gateway.applications[0].budgets[1].period",
      application({ budgets: [{ period: "day", tokens: 1 }, { period: "day", cost: 1 }] }), // prettier-ignore
    ],
    ["an application twice", "gateway.applications[1].name", gated({ applications: [{ name: "bot", team: "ml" }, { name: "bot", team: "ml" }] })], // prettier-ignore
    ["a fallback for what nobody serves", "gateway.fallbacks[0].model", gated({ fallbacks: [{ model: "other:1b-v1.0-base", to: [tiny] }] })],
    ["a fallback to itself", "gateway.fallbacks[0].to", gated({ fallbacks: [{ model: tiny, to: [tiny] }] })],
    ["a price of what nobody serves", "gateway.prices.models[0].name", gated({ prices: { models: [{ name: "other:1b-v1.0-base" }] } })],
    ["a host name on kubernetes without a Gateway", "network.exposure.gateway", gated({ host: "api.example.com" }, { platform: "kubernetes", ...cluster({ capabilities: { gatewayApi: true } }) })], // prettier-ignore
    [
      "a host name on kubernetes without the Gateway API",
      "cluster.capabilities.gatewayApi",
      gated({ host: "api.example.com" }, { platform: "kubernetes", network: { exposure: { gateway: { name: "public", namespace: "gateways" } } } }),
    ],
    [
      "a certificate of cert-manager without it",
      "network.exposure.certificate.kind",
      gated({ host: "api.example.com" }, { network: { exposure: { certificate: { kind: "cert-manager", issuer: { name: "a" } } } } }),
    ],
    ["more connections than there are", "gateway.connections", gated({ replicas: 4, connections: 20 })],
    ["a shared volume of the database's name", "storage.shared.volumes[0].name", gated({}, { storage: { shared: { share: { kind: "nfs", server: "nfs", path: "/ai" }, volumes: [{ name: "postgres", size: "1Gi", writer: "platform" }] } } })], // prettier-ignore
  ];
  for (const [why, field, fields] of cases) {
    it(`is refused for ${why}`, () => {
      expect(problems(fields).map((one) => one.field)).to.deep.equal([field]);
    });
  }

  it("says how many connections there can be", () => {
    const [found] = problems(gated({ replicas: 4, connections: 20 }));
    expect(found?.allowed).to.equal("at most 19: 4 pods and one more during an update have 100 of the 95 connections that data.postgres.maxConnections leaves");
    expect(problems(gated({ replicas: 4, connections: 19 }))).to.deep.equal([]);
  });

  it("is refused in production with a single instance of PostgreSQL, and taken with a server of the site's", () => {
    const production = { environment: "production", sizing: "guide", teams: [ml], gateway: {} };
    expect(problems(production).map((one) => one.field)).to.deep.equal(["data.postgres.kind"]);
    expect(problems({ ...production, data: { postgres: external } })).to.deep.equal([]);
    // All of it on one machine: a second instance would be there too.
    expect(problems({ ...production, sizing: "small" })).to.deep.equal([]);
  });

  it("counts the connections of an update, and none without a gateway", () => {
    expect(databaseConnections(config(gated({ replicas: 3, connections: 10 })))).to.equal(40);
    expect(databaseConnections(config())).to.equal(0);
  });
});

describe("what the gateway is planned with", () => {
  const names = (stack: StackConfig) => connections(stack).map(connectionName);
  const project = "ai-development";

  it("is reached by the teams, who then reach no pool, and reaches the pools and its database itself", () => {
    const rows = names(config(gated()));
    const at = `${project}/gateway/gateway`;
    expect(rows.filter((row) => row.includes(`${project}-ml/*`))).to.deep.equal([`${project}-ml/* → dns:dns`, `${project}-ml/* → ${at}:8080`]);
    expect(rows.filter((row) => row.includes("gateway") && !row.includes("-ml"))).to.deep.equal([
      `api-server → ${at}:8080`,
      `${at} → dns:dns`,
      `${at} → ${project}/model-router/ollama:11434`,
      `${at} → ${project}/database/postgres:5432`,
    ]);
    expect(rows.filter((row) => row.includes("database/postgres"))).to.have.length(1);
    expect(names(config({ teams: [ml] })).filter((row) => row.startsWith(`${project}-ml/* → ${project}`))).to.deep.equal([
      `${project}-ml/* → ${project}/model-router/ollama:11434`,
    ]);
  });

  it("reaches a server of the site's by its addresses, on its port", () => {
    expect(names(config(gated({}, { data: { postgres: { ...external, port: 6432 } } })))).to.include(`${project}/gateway/gateway → database:6432`);
  });

  it("is in the capacity plan with a pod for an update, and the database with its volume where it is the stack's own", () => {
    const planned = (stack: StackConfig) => platformWorkloads(stack).map(({ name, count }) => [name, count]);
    const own = planned(config(gated({ replicas: 2 })));
    expect(own).to.deep.include(["gateway", 3]).and.to.deep.include(["database", 1]).and.to.deep.include(["claim postgres", 1]);
    const theirs = planned(config(gated({}, { data: { postgres: external } })));
    expect(theirs.map(([name]) => name))
      .to.include("gateway")
      .and.not.to.include("database");
    expect(planned(config()).map(([name]) => name)).not.to.include.members(["gateway"]);
  });

  it("needs PostgreSQL's image only where the stack runs it", () => {
    expect(usedImages(config(gated()))).to.include("postgres");
    expect(usedImages(config(gated({}, { data: { postgres: external } })))).not.to.include("postgres");
    expect(usedImages(config())).not.to.include("postgres");
  });

  it("lets pipelines change the Secrets that the stack makes for it, by name, and no others", () => {
    const stack = config(gated({ applications: [{ name: "bot", team: "ml" }] }));
    expect(gatewaySecrets(stack, "platform")).to.deep.equal(["gateway-admin", "gateway-keys", "gateway-database"]);
    expect(gatewaySecrets(stack, "ml")).to.deep.equal(["gateway-key-bot"]);
    expect(gatewaySecrets(config(gated({}, { data: { postgres: external } })), "platform")).to.deep.equal(["gateway-admin"]);
    expect(gatewaySecrets(config(gated({}, { secrets: { source: "external" } })), "platform")).to.deep.equal([]);
    const { ci = [] } = rolesOf("platform", { platform: "openshift", secrets: gatewaySecrets(stack, "platform") });
    const named = ci.filter(({ resources, verbs }) => resources.includes("secrets") && verbs.includes("get"));
    expect(named.map(({ resourceNames }) => resourceNames)).to.deep.equal([["gateway-admin", "gateway-keys", "gateway-database"]]);
  });
});

describe("the doctor, of Secrets that the stack does not make", () => {
  const run = async (fields: Fields, there: Readonly<Record<string, unknown>>) => {
    const findings = await secrets.run(apiOf(there), wanted(fields));
    return findings.map(({ status, found }) => `${status}: ${found}`);
  };
  const at = (namespace: string, name: string) => `/api/v1/namespaces/${namespace}/secrets/${name}`;

  it("asks for none where the stack makes them all", async () => {
    expect(await run(gated(), {})).to.deep.equal(["skipped: the stack makes all Secrets itself"]);
    expect(await run({}, {})).to.deep.equal(["skipped: the stack makes all Secrets itself"]);
  });

  it("asks for the password of a server of the site's", async () => {
    const fields = gated({}, { data: { postgres: external } });
    expect(await run(fields, {})).to.deep.equal(["problem: no Secret ai-development/gateway-database"]);
    expect(await run(fields, { [at("ai-development", "gateway-database")]: { data: { password: "" } } })).to.deep.equal([
      "problem: ai-development/gateway-database has no pgpass",
    ]);
    expect(await run(fields, { [at("ai-development", "gateway-database")]: { data: { pgpass: "" } } })).to.deep.equal(["ok: ai-development/gateway-database"]);
  });

  it("asks for all where none is made, those of applications in the projects of their teams too", async () => {
    const found = await run(gated({ applications: [{ name: "bot", team: "ml" }] }, { secrets: { source: "external" } }), {});
    expect(found).to.deep.equal([
      "problem: no Secret ai-development/gateway-database",
      "problem: no Secret ai-development/gateway-admin",
      "problem: no Secret ai-development/gateway-keys",
      "problem: no Secret ai-development-ml/gateway-key-bot",
    ]);
  });
});

describe("the gateway's objects", () => {
  const make = async (fields: Fields): Promise<Deployed> => {
    const stack = config(fields);
    return deploy((opts) => new Platform("platform", { config: stack, images: reference, owner, retained: { retainOnDelete: true } }, opts));
  };
  interface Spec {
    readonly template: {
      readonly metadata: { readonly annotations: Readonly<Record<string, string>> };
      readonly spec: {
        readonly containers: readonly [
          {
            readonly env: readonly { readonly name: string; readonly value: string }[];
            readonly args?: readonly string[];
            readonly command: readonly string[];
          },
        ];
        readonly volumes: readonly Readonly<Record<string, unknown>>[];
      };
    };
  }
  const specOf = (made: Deployed, kind: string, name: string) => made.all(kind).find((one) => one.name === name)?.inputs.spec as Spec;
  const env = (spec: Spec) => Object.fromEntries(spec.template.spec.containers[0].env.map(({ name, value }) => [name, value]));

  for (const platform of ["openshift", "kubernetes"] as const) {
    it(`take the database's password from a file, and prove the server by it, on ${platform}`, async () => {
      const made = await make({ ...gated(), platform });
      const spec = specOf(made, "Deployment", "gateway");
      expect(env(spec)).to.include({
        PGHOST: "postgres",
        PGPORT: "5432",
        PGUSER: "gateway",
        PGDATABASE: "gateway",
        PGPASSFILE: "/etc/gateway/database/pgpass",
        PGSSLMODE: "require",
        PGCHANNELBINDING: "require",
        MODEL_PROXY_CONFIG: "/etc/gateway/config/gateway.json",
      });
      expect(Object.keys(env(spec))).not.to.include("PGPASSWORD");
      const server = specOf(made, "StatefulSet", "postgres").template.spec.containers[0];
      expect(server.args).to.include("ssl=on").and.to.include("max_connections=100").and.to.include("shared_buffers=32MB");
      const claim = made.all("PersistentVolumeClaim").find(({ name }) => name === "postgres");
      expect(claim?.options.retainOnDelete).to.equal(true);
    });
  }

  it("check the name of a server of the site's, and make neither it nor its Secret", async () => {
    const made = await make(gated({}, { data: { postgres: { ...external, port: 6432 } } }));
    const variables = env(specOf(made, "Deployment", "gateway"));
    expect(variables).to.include({ PGHOST: "postgres.example.com", PGPORT: "6432", PGSSLMODE: "verify-full" });
    expect(variables).not.to.have.property("PGCHANNELBINDING");
    expect(made.all("StatefulSet")).to.deep.equal([]);
    expect(made.all("Secret").map(({ name }) => name)).to.deep.equal(["gateway-admin"]);
  });

  it("have a key for each application: for the gateway, and in the project of its team", async () => {
    const made = await make(gated({ applications: [{ name: "bot", team: "ml" }] }));
    const secrets = new Map(made.all("Secret").map(({ name, inputs }) => [name, inputs as { readonly metadata: { readonly namespace: string } }]));
    expect([...secrets.keys()].sort()).to.deep.equal(["gateway-admin", "gateway-database", "gateway-key-bot", "gateway-keys"]);
    expect(secrets.get("gateway-key-bot")?.metadata.namespace).to.equal("ai-development-ml");
    expect(secrets.get("gateway-keys")?.metadata.namespace).to.equal("ai-development");
    const volumes = specOf(made, "Deployment", "gateway").template.spec.volumes.map(({ name }) => name);
    expect(volumes).to.include.members(["config", "admin", "keys", "database"]);
  });

  it("are made anew with another key when `rotation` changes", async () => {
    const pods = async (rotation: number) => {
      const made = await make(gated({ applications: [{ name: "bot", team: "ml", rotation }] }));
      const keepers = made.all("RandomPassword").find(({ name }) => name === "gateway-key-bot")?.inputs.keepers;
      const { template } = specOf(made, "Deployment", "gateway");
      return { keepers, version: template.metadata.annotations["openshift-ai-platform/gateway-version"] };
    };
    const [one, two] = [await pods(0), await pods(1)];
    expect(one.keepers).to.deep.equal({ rotation: "0" });
    expect(two.keepers).to.deep.equal({ rotation: "1" });
    expect(one.version).not.to.equal(two.version);
  });

  it("have no Secrets of the stack's where these are there already", async () => {
    const made = await make(gated({ applications: [{ name: "bot", team: "ml" }] }, { secrets: { source: "external" } }));
    expect(made.all("Secret")).to.deep.equal([]);
    expect(made.all("RandomPassword")).to.deep.equal([]);
  });

  it("are public where there is a host name: by a Route, or at the Gateway, for whoever comes through it", async () => {
    const route = await make(gated({ host: "api.example.com" }));
    const spec = route.one("Route").inputs.spec as { readonly host: string; readonly tls: { readonly termination: string } };
    expect([spec.host, spec.tls.termination]).to.deep.equal(["api.example.com", "edge"]);
    const network = { exposure: { gateway: { name: "public", namespace: "gateways", controllerNamespace: "traefik" } } };
    const fields = { ...gated({ host: "api.example.com" }), platform: "kubernetes", network, ...cluster({ capabilities: { gatewayApi: true } }) };
    const attached = await make(fields);
    expect(attached.all("HTTPRoute").map(({ name }) => name)).to.deep.equal(["gateway", "gateway-redirect"]);
    expect(attached.all("Route")).to.deep.equal([]);
    const policy = (made: Deployed) => made.all("NetworkPolicy").find(({ name }) => name === "ai-development-gateway-gateway")?.inputs.spec;
    expect(JSON.stringify(policy(attached))).to.include('"kubernetes.io/metadata.name":"traefik"');
    expect(JSON.stringify(policy(route))).to.include("policy-group.network.openshift.io/ingress");
    expect(JSON.stringify(policy(await make(gated())))).not.to.include("policy-group.network.openshift.io/ingress");
  });

  it("are measured where there is a Prometheus", async () => {
    const stack = gated({}, { cluster: { name: "development", context: "ai", apiServerAddresses: ["198.18.0.2/32"], capabilities: { monitoring: true } } });
    const made = await make(stack);
    const monitors = made.all("PodMonitor").map(({ inputs }) => (inputs as { readonly metadata: { readonly name: string } }).metadata.name);
    expect(monitors).to.include("gateway");
    expect(connections(config(stack)).map(connectionName)).to.include("monitoring → ai-development/gateway/gateway:9464");
  });

  it("are none without a gateway", async () => {
    const made = await make({ teams: [ml] });
    expect(made.all("StatefulSet")).to.deep.equal([]);
    expect(made.all("Deployment").map(({ name }) => name)).not.to.include("gateway");
  });
});
